import { limits } from '#shared/domain/limits'
import { ascii, declined, literalEnd, skipSpace } from './scan-bytes.ts'
import { NumberScan } from './scan-number.ts'
import { TextScan } from './scan-text.ts'

/**
 * How many objects and lists may be open at once among declared fields, and again within a value that nobody asked for. Deeper rows are
 * rare, and left to the reference, which knows how deep is too deep.
 */
export const scannedLevelsMax = limits.jsonDepthMax / 2

/** Passes over a value that nobody asked for, and finds that it is JSON. */
export class SkipScan {
  readonly #text = new TextScan()
  readonly #number = new NumberScan()
  /** Whether a byte beyond ASCII was passed since this was last set to false. */
  hasUnicode = false

  /**
   * @param levels how many more objects and lists may open within each other
   * @returns the position behind the value
   */
  value(bytes: Buffer, view: DataView, start: number, end: number, levels: number): number {
    if (start >= end) return declined
    switch (bytes[start]) {
      case ascii.quote:
        return this.string(bytes, view, start + 1, end)
      case ascii.openBrace:
        return levels === 0 ? declined : this.#object(bytes, view, start + 1, end, levels - 1)
      case ascii.openBracket:
        return levels === 0 ? declined : this.#list(bytes, view, start + 1, end, levels - 1)
      case ascii.t:
      case ascii.f:
      case ascii.n:
        return literalEnd(view, start)
      default:
        return this.#number.read(bytes, view, start, end)
    }
  }

  /**
   * @param start behind the quote
   * @returns the position behind the closing quote
   */
  string(bytes: Buffer, view: DataView, start: number, end: number): number {
    let p = start
    for (;;) {
      p = this.#text.find(view, p, end)
      if (!this.#text.isAscii) this.hasUnicode = true
      if (p >= end) return declined
      if (bytes[p] === ascii.quote) return p + 1
      if (bytes[p] !== ascii.backslash) return declined
      p = escapeEnd(bytes, p + 1)
      if (p === declined || p >= end) return declined
    }
  }

  #object(bytes: Buffer, view: DataView, start: number, end: number, levels: number): number {
    let p = skipSpace(bytes, start, end)
    if (bytes[p] === ascii.closeBrace) return p + 1
    for (;;) {
      if (bytes[p] !== ascii.quote) return declined
      p = this.string(bytes, view, p + 1, end)
      if (p === declined) return declined
      p = skipSpace(bytes, p, end)
      if (bytes[p] !== ascii.colon) return declined
      p = this.value(bytes, view, skipSpace(bytes, p + 1, end), end, levels)
      if (p === declined) return declined
      p = skipSpace(bytes, p, end)
      if (bytes[p] === ascii.closeBrace) return p + 1
      if (bytes[p] !== ascii.comma) return declined
      p = skipSpace(bytes, p + 1, end)
    }
  }

  #list(bytes: Buffer, view: DataView, start: number, end: number, levels: number): number {
    let p = skipSpace(bytes, start, end)
    if (bytes[p] === ascii.closeBracket) return p + 1
    for (;;) {
      p = this.value(bytes, view, p, end, levels)
      if (p === declined) return declined
      p = skipSpace(bytes, p, end)
      if (bytes[p] === ascii.closeBracket) return p + 1
      if (bytes[p] !== ascii.comma) return declined
      p = skipSpace(bytes, p + 1, end)
    }
  }
}

/** @param at behind the backslash */
function escapeEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== ascii.u) return plainEscapes.includes(bytes[at]) ? at + 1 : declined
  for (let p = at + 1; p <= at + 4; p++) if (!isHexDigit(bytes[p])) return declined
  return at + 5
}

const plainEscapes = Buffer.from('"\\/bfnrt')

const isHexDigit = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
