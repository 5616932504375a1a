/** A number as an author wrote it, exactly: coefficient × 10^−scale. `2.50` is 25 × 10^−1; the scale is never negative. */
export interface Decimal {
  readonly coefficient: bigint
  readonly scale: number
}

/** Reads a literal of CEL: `12`, `0x1f`, `2.50`, `1e-3`. Exponents are bounded by those of a double, so the coefficient is too. */
export function parseDecimal(text: string): Decimal {
  if (/^0x/i.test(text)) return { coefficient: BigInt(text), scale: 0 }
  const [mantissa, exponent = '0'] = text.toLowerCase().split('e')
  const [whole, fraction = ''] = mantissa.split('.')
  const shift = Number(exponent)
  const coefficient = BigInt(whole + fraction)
  const scale = fraction.length - shift
  if (scale <= 0) return { coefficient: coefficient * 10n ** BigInt(Math.min(-scale, 400)), scale: 0 }
  return reduce(coefficient, scale)
}

export const negated = ({ coefficient, scale }: Decimal): Decimal => ({ coefficient: -coefficient, scale })

/**
 * The literal as money.
 * @returns minor units, or why not: more decimals than the money has, or beyond ±(2^53 − 1)
 */
export function minorUnits(
  { coefficient, scale }: Decimal,
  decimals: number,
): number | 'too-many-decimals' | 'out-of-range' {
  if (scale > decimals) return 'too-many-decimals'
  const minor = Number(coefficient * 10n ** BigInt(decimals - scale))
  return Number.isSafeInteger(minor) ? minor : 'out-of-range'
}

function reduce(coefficient: bigint, scale: number): Decimal {
  let rest = coefficient
  let decimals = Math.min(scale, 400)
  while (decimals > 0 && rest % 10n === 0n) {
    rest /= 10n
    decimals--
  }
  return { coefficient: rest, scale: decimals }
}
