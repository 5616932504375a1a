import { ascii } from './scan-bytes.ts'

/**
 * Finds the ends of strings, four bytes at a time.
 * The test for a zero byte in a word is that of Mycroft (1987): its lowest hit is exact, higher ones may be borrowed.
 */
export class TextScan {
  /** Whether the bytes that were last passed are ASCII alone; false also where one that stands shortly behind them is not. */
  isAscii = true

  /** @returns the first position that holds a quote, a backslash or a control character; `end` where there is none */
  find(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    let seen = 0
    let p = start
    for (; p + 4 <= end; p += 4) {
      const word = view.getInt32(p, true)
      seen |= word
      const hits = hitsIn(word)
      if (hits !== 0) {
        this.isAscii = (seen & highBits) === 0
        return p + ((31 - Math.clz32(hits & -hits)) >>> 3)
      }
    }
    for (; p < end; p++) {
      const byte = bytes[p]
      if (byte === ascii.quote || byte === ascii.backslash || byte < ascii.space) break
      seen |= byte
    }
    this.isAscii = (seen & highBits) === 0
    return p
  }
}

const highBits = 0x80808080 | 0

/** Bit 7 of each byte that is a quote, a backslash or a control character. */
function hitsIn(word: number): number {
  const quote = word ^ 0x22222222
  const backslash = word ^ 0x5c5c5c5c
  return (
    (((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)) &
    highBits
  )
}

/**
 * Makes strings of ASCII bytes. A short string that came lately is handed out again: countries, channels and currencies are few,
 * and equal strings that are one string compare at once.
 *
 * T1 A string is handed out only after all its characters were compared: what the hash says is never trusted.
 * T2 Its memory is bounded: `pooledMax` strings of at most `pooledLengthMax` characters.
 */
export class TextPool {
  readonly #texts: string[] = Array<string>(pooledMax).fill('')

  /** @param hash of the bytes; equal bytes should have equal hashes */
  take(bytes: Buffer, start: number, end: number, hash: number): string {
    if (end - start > pooledLengthMax) return asciiText(bytes, start, end)
    const slot = hash & (pooledMax - 1)
    const known = this.#texts[slot]
    if (isTextAt(known, bytes, start, end)) return known
    const text = asciiText(bytes, start, end)
    this.#texts[slot] = text
    return text
  }
}

const pooledMax = 1024
const pooledLengthMax = 12

function isTextAt(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (text.length !== length) return false
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}

const { fromCharCode } = String

/** A call into the runtime costs more than naming up to 16 characters one by one. */
export function asciiText(b: Buffer, p: number, end: number): string {
  switch (end - p) {
    case 0:
      return ''
    case 1:
      return fromCharCode(b[p])
    case 2:
      return fromCharCode(b[p], b[p + 1])
    case 3:
      return fromCharCode(b[p], b[p + 1], b[p + 2])
    case 4:
      return fromCharCode(b[p], b[p + 1], b[p + 2], b[p + 3])
    case 5:
      return fromCharCode(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4])
    case 6:
      return fromCharCode(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5])
    case 7:
      return fromCharCode(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6])
    case 8:
      return fromCharCode(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6], b[p + 7])
    case 9:
      return fromCharCode(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6], b[p + 7], b[p + 8])
    case 10:
      return fromCharCode(
        b[p],
        b[p + 1],
        b[p + 2],
        b[p + 3],
        b[p + 4],
        b[p + 5],
        b[p + 6],
        b[p + 7],
        b[p + 8],
        b[p + 9],
      )
    case 11:
      return fromCharCode(
        b[p],
        b[p + 1],
        b[p + 2],
        b[p + 3],
        b[p + 4],
        b[p + 5],
        b[p + 6],
        b[p + 7],
        b[p + 8],
        b[p + 9],
        b[p + 10],
      )
    case 12:
      return fromCharCode(
        b[p],
        b[p + 1],
        b[p + 2],
        b[p + 3],
        b[p + 4],
        b[p + 5],
        b[p + 6],
        b[p + 7],
        b[p + 8],
        b[p + 9],
        b[p + 10],
        b[p + 11],
      )
    case 13:
      return fromCharCode(
        b[p],
        b[p + 1],
        b[p + 2],
        b[p + 3],
        b[p + 4],
        b[p + 5],
        b[p + 6],
        b[p + 7],
        b[p + 8],
        b[p + 9],
        b[p + 10],
        b[p + 11],
        b[p + 12],
      )
    case 14:
      return fromCharCode(
        b[p],
        b[p + 1],
        b[p + 2],
        b[p + 3],
        b[p + 4],
        b[p + 5],
        b[p + 6],
        b[p + 7],
        b[p + 8],
        b[p + 9],
        b[p + 10],
        b[p + 11],
        b[p + 12],
        b[p + 13],
      )
    case 15:
      return fromCharCode(
        b[p],
        b[p + 1],
        b[p + 2],
        b[p + 3],
        b[p + 4],
        b[p + 5],
        b[p + 6],
        b[p + 7],
        b[p + 8],
        b[p + 9],
        b[p + 10],
        b[p + 11],
        b[p + 12],
        b[p + 13],
        b[p + 14],
      )
    case 16:
      return fromCharCode(
        b[p],
        b[p + 1],
        b[p + 2],
        b[p + 3],
        b[p + 4],
        b[p + 5],
        b[p + 6],
        b[p + 7],
        b[p + 8],
        b[p + 9],
        b[p + 10],
        b[p + 11],
        b[p + 12],
        b[p + 13],
        b[p + 14],
        b[p + 15],
      )
    default:
      return b.toString('latin1', p, end)
  }
}
