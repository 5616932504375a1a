/** Money is exact: an integer number of minor units. `decimals` is 2 for most currencies, 3 for some, 0 for a few. */

/**
 * Reads money from a JSON number or a decimal string.
 * @returns minor units, or undefined: not a decimal number, more decimals than the type has, or beyond ±(2^53 − 1) minor units.
 */
export function parseMoney(value: unknown, decimals: number): number | undefined {
  if (typeof value === 'number') return fromNumber(value, decimals)
  if (typeof value === 'string') return fromText(value, decimals)
  return undefined
}

/** The number with exactly its decimals, as it stands in JSON: `12.30`, `-0.05`. */
export function formatMoney(minorUnits: number, decimals: number): string {
  const digits = Math.abs(minorUnits).toString()
  const sign = minorUnits < 0 ? '-' : ''
  if (decimals === 0) return sign + digits
  const padded = digits.padStart(decimals + 1, '0')
  return `${sign}${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`
}

export const powerOfTen = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000]

function fromNumber(value: number, decimals: number): number | undefined {
  const scale = powerOfTen[decimals]
  const minorUnits = Math.round(value * scale)
  if (!Number.isSafeInteger(minorUnits)) return undefined
  // The shortest decimal of a double is what its sender wrote; division gives that same double back only if no decimal was cut.
  return minorUnits / scale === value ? minorUnits + 0 : undefined
}

const decimalText = /^([+-]?)(\d{1,20})(?:\.(\d{1,20}))?$/

function fromText(text: string, decimals: number): number | undefined {
  const parts = decimalText.exec(text)
  if (parts === null) return undefined
  const fraction = (parts[3] ?? '').replace(/0+$/, '')
  if (fraction.length > decimals) return undefined
  const minorUnits = Number(parts[2] + fraction.padEnd(decimals, '0'))
  if (!Number.isSafeInteger(minorUnits)) return undefined
  return parts[1] === '-' && minorUnits !== 0 ? -minorUnits : minorUnits
}
