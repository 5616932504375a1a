import { finish, mix } from './event-digest.ts'

/**
 * Finds the ends of strings, four bytes at a time.
 * The test for a zero byte in a word is that of Mycroft (1987): its lowest hit is exact, higher ones may be borrowed.
 */
export class TextScan {
  /** Whether the bytes that `find` last passed are ASCII alone; false also where one that stands shortly behind them is not. */
  isAscii = true
  /** Whether the bytes that were last digested are ASCII alone, without quote, backslash or control character. */
  isPlain = true

  /** @returns the first position that holds a quote, a backslash or a control character; at least `end` where there is none */
  find(view: DataView, start: number, end: number): number {
    let seen = 0
    for (let p = start; p < end; p += 4) {
      const word = view.getInt32(p, true)
      seen |= word
      const hits = hitsIn(word)
      if (hits !== 0) {
        this.isAscii = (seen & highBits) === 0
        return p + ((31 - Math.clz32(hits & -hits)) >>> 3)
      }
    }
    this.isAscii = (seen & highBits) === 0
    return end
  }

  /** What `digestText` gives for these bytes, if they are found to be plain. */
  digest(salt: number, view: DataView, start: number, end: number): number {
    const length = end - start
    const lastWord = start + (length & ~3)
    let odd = 0
    let hash = mix(salt, length)
    for (let p = start; p < lastWord; p += 4) {
      const word = view.getInt32(p, true)
      odd |= word | hitsIn(word)
      hash = mix(hash, (word & 0xff) | ((word & 0xff00) << 8))
      hash = mix(hash, ((word >>> 16) & 0xff) | ((word >>> 24) << 16))
    }
    const rest = length & 3
    if (rest !== 0) {
      // What lies behind the end counts as spaces.
      const bits = rest * 8
      const word = (view.getInt32(lastWord, true) & ~(-1 << bits)) | (0x20202020 << bits)
      odd |= word | hitsIn(word)
      if (rest !== 1) hash = mix(hash, (word & 0xff) | ((word & 0xff00) << 8))
      if (rest !== 2) hash = mix(hash, (rest === 1 ? word : word >>> 16) & 0xff)
    }
    this.isPlain = (odd & highBits) === 0
    return finish(hash)
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
 * T1 A string is handed out only after all its bytes were compared: what the hash says is never trusted.
 * T2 Its memory is bounded: `pooledMax` strings of at most eight characters.
 */
export class TextPool {
  readonly #texts: string[] = Array<string>(pooledMax).fill('')
  /** Of each string the length and two words. */
  readonly #keys = new Int32Array(pooledMax * 3)

  /** @param hash of the bytes; equal bytes should have equal hashes */
  take(bytes: Buffer, view: DataView, start: number, end: number, hash: number): string {
    const length = end - start
    if (length > 8 || length === 0) return asciiText(bytes, start, end)
    const first = view.getInt32(start, true) & maskOf(length)
    const second = length > 4 ? view.getInt32(start + 4, true) & maskOf(length - 4) : 0
    const slot = hash & (pooledMax - 1)
    const keys = this.#keys
    const key = slot * 3
    if (keys[key] === length && keys[key + 1] === first && keys[key + 2] === second) return this.#texts[slot]
    const text = asciiText(bytes, start, end)
    keys[key] = length
    keys[key + 1] = first
    keys[key + 2] = second
    this.#texts[slot] = text
    return text
  }
}

const pooledMax = 1024

/** For a word of which so many bytes count. */
const maskOf = (length: number): number => (length >= 4 ? -1 : ~(-1 << (length * 8)))

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
