import { ascii, declined } from './scan-bytes.ts'
import { asciiText } from './scan-text.ts'

/** What decimals divide by. Exact up to 10^22; a mantissa of 15 digits needs no more than these. */
const powersOfTen = Array.from({ length: 16 }, (_, i) => 10 ** i)

/**
 * Reads numbers as `JSON.parse` does, to the double nearest to what is written.
 *
 * N1 Of at most 15 digits and no exponent the mantissa is an exact integer, and one division by an exact power of ten is rounded
 *    correctly. Any other number is left to `Number`, which reads the texts that are numbers in JSON in the same way.
 */
export class NumberScan {
  /** All digits as one integer, with the sign. */
  #mantissa = 0
  /** How many of the digits stand behind the point; -1 of a number that `Number` read. */
  #decimals = 0
  #long = 0

  /** The number itself. */
  get value(): number {
    if (this.#decimals < 0) return this.#long
    return this.#decimals === 0 ? this.#mantissa : this.#mantissa / powersOfTen[this.#decimals]
  }

  /** The number where it is an integer of at most 15 digits written without decimals, else NaN. */
  get integer(): number {
    return this.#decimals === 0 ? this.#mantissa : Number.NaN
  }

  /** The number times ten to the `scale` where that is an integer of at most 15 digits written without more decimals, else NaN. */
  scaled(scale: number): number {
    if (this.#decimals < 0 || this.#decimals > scale) return Number.NaN
    const scaled = this.#mantissa * powersOfTen[scale - this.#decimals]
    // Beyond 15 digits a double no longer stands for one decimal.
    return Math.abs(scaled) < 1e15 ? scaled : Number.NaN
  }

  /** @returns the position behind the number */
  read(bytes: Buffer, view: DataView, start: number, end: number): number {
    const isNegative = bytes[start] === ascii.minus
    const first = isNegative ? start + 1 : start
    let p = first
    let mantissa = 0
    while (p - first < 12) {
      const four = fourDigits(view.getInt32(p, true))
      if (four < 0) break
      mantissa = mantissa * 10_000 + four
      p += 4
    }
    for (; p < end && isDigit(bytes[p]); p++) mantissa = mantissa * 10 + (bytes[p] - ascii.zero)
    const wholes = p - first
    if (wholes === 0 || (wholes > 1 && bytes[first] === ascii.zero)) return declined
    let decimals = 0
    if (bytes[p] === ascii.dot) {
      const point = p++
      for (; p < end && isDigit(bytes[p]); p++) mantissa = mantissa * 10 + (bytes[p] - ascii.zero)
      decimals = p - point - 1
      if (decimals === 0) return declined
    }
    // Behind a number there is at least a brace.
    if (p >= end) return declined
    const isLong = wholes + decimals > 15 || (isNegative && mantissa === 0)
    if (isLong || (bytes[p] | 0x20) === ascii.e) return this.#readLong(bytes, start, p, end)
    this.#mantissa = isNegative ? -mantissa : mantissa
    this.#decimals = decimals
    return p
  }

  /** @param at where the digits end */
  #readLong(bytes: Buffer, start: number, at: number, end: number): number {
    let p = at
    if ((bytes[p] | 0x20) === ascii.e) {
      p++
      if (bytes[p] === ascii.plus || bytes[p] === ascii.minus) p++
      const first = p
      while (p < end && isDigit(bytes[p])) p++
      if (p === first) return declined
    }
    this.#long = Number(asciiText(bytes, start, p))
    this.#decimals = -1
    return p
  }
}

const isDigit = (byte: number): boolean => byte >= ascii.zero && byte <= ascii.nine

/** The number that four bytes spell, the first of them the lowest of the word; -1 where one is no digit. */
function fourDigits(word: number): number {
  // The upper half of a digit's byte is 3, and stays 3 when 6 is added, which ":" to "?" do not bear.
  if (((word & 0xf0f0f0f0) | (((word + 0x06060606) & 0xf0f0f0f0) >>> 4)) !== 0x33333333) return -1
  const pairs = (Math.imul(word & 0x0f0f0f0f, 10 * 256 + 1) >>> 8) & 0x00ff00ff
  return Math.imul(pairs, 100 * 65_536 + 1) >>> 16
}
