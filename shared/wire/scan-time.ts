import { ascii } from './scan-bytes.ts'

/**
 * Times of the form `2026-03-01T12:00:00Z` or `2026-03-01T12:00:00.123Z` whose minute was read before. Events come in order of
 * time, or nearly, so that the calendar is asked once a minute and the bytes of a minute are compared as four words.
 */
export class MinuteMemo {
  readonly #words = new Int32Array(4)
  #startMs = -1

  /** @returns ms since 1970; -1 where the text is of another form or in another minute */
  read(view: DataView, start: number, end: number): number {
    const length = end - start
    if (!(length === 20 || length === 24) || this.#startMs === -1) return -1
    const words = this.#words
    for (let i = 0; i < 4; i++) if (view.getInt32(start + i * 4, true) !== words[i]) return -1
    const tens = view.getUint8(start + 17) - ascii.zero
    const second = digit(view, start + 18)
    if (!(tens >= 0 && tens <= 5 && second >= 0 && view.getUint8(start + 16) === ascii.colon)) return -1
    if (view.getUint8(end - 1) !== ascii.capitalZ) return -1
    const ms = length === 20 ? 0 : fraction(view, start + 19)
    return ms < 0 ? -1 : this.#startMs + (tens * 10 + second) * 1_000 + ms
  }

  /** Keeps the minute of a text that was found to be this time. */
  keep(view: DataView, start: number, end: number, ms: number): void {
    const length = end - start
    // RFC 3339 that ends in Z has minutes at the same places whatever its length; a zone would shift them.
    if (!(length === 20 || length === 24) || view.getUint8(end - 1) !== ascii.capitalZ) return
    for (let i = 0; i < 4; i++) this.#words[i] = view.getInt32(start + i * 4, true)
    this.#startMs = ms - (ms % 60_000)
  }
}

/** `.123` */
function fraction(view: DataView, at: number): number {
  if (view.getUint8(at) !== ascii.dot) return -1
  const hundreds = digit(view, at + 1)
  const tens = digit(view, at + 2)
  const ones = digit(view, at + 3)
  return hundreds < 0 || tens < 0 || ones < 0 ? -1 : hundreds * 100 + tens * 10 + ones
}

function digit(view: DataView, at: number): number {
  const value = view.getUint8(at) - ascii.zero
  return value >= 0 && value <= 9 ? value : -1
}
