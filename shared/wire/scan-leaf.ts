import { convertValue } from '#shared/domain/convert-value'
import type { EventBatch } from '#shared/domain/event-batch'
import { limits } from '#shared/domain/limits'
import { isLongerThan, readAt, readId } from './envelope.ts'
import { digestNumber, digestSalt, digestText } from './event-digest.ts'
import { ascii, declined, literalEnd } from './scan-bytes.ts'
import type { ScanInput } from './scan-input.ts'
import type { ScanMember } from './scan-member.ts'
import { NumberScan } from './scan-number.ts'
import { actions } from './scan-plan.ts'
import type { SkipScan } from './scan-skip.ts'
import { asciiText, TextPool, TextScan } from './scan-text.ts'

/**
 * Reads the values that an event is made of: checks, converts and digests each, and puts it into its column.
 * Where it declines, columns may hold part of the row, and the caller takes it back.
 */
export class LeafScan {
  /** The sum over the fields of the row so far. */
  digest = 0
  readonly #input: ScanInput
  readonly #skip: SkipScan
  readonly #text = new TextScan()
  readonly #number = new NumberScan()
  readonly #pool = new TextPool()
  #ms = 0

  /** @param skip is told of texts with bytes beyond ASCII: whether they are UTF-8 is asked once, of the whole row */
  constructor(input: ScanInput, skip: SkipScan) {
    this.#input = input
    this.#skip = skip
  }

  /** @returns the position behind a text without escapes */
  skipText(at: number): number {
    const { bytes, view, end } = this.#input
    if (bytes[at] !== ascii.quote) return declined
    const p = this.#text.find(view, at + 1, end)
    if (!this.#text.isAscii) this.#skip.hasUnicode = true
    return p < end && bytes[p] === ascii.quote ? p + 1 : declined
  }

  /** @returns the position behind the value of a member, which is no object and not null */
  value(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    switch (member.action) {
      case actions.text:
        return this.#textValue(member, at, batch, i)
      case actions.number:
        return this.#numberValue(member, at, batch, i)
      case actions.id:
        return this.#id(at, batch, i)
      case actions.at:
        return this.#at(member, at, batch, i)
      case actions.time:
        return this.#time(member, at, batch, i)
      case actions.bool:
        return this.#bool(member, at, batch, i)
      default:
        return declined
    }
  }

  #id(at: number, batch: EventBatch, i: number): number {
    const { bytes, view, end } = this.#input
    if (bytes[at] !== ascii.quote) {
      const number = this.#number
      const p = number.read(bytes, view, at, end)
      if (p === declined) return declined
      const id = readId(number.value)
      if (id === undefined) return declined
      batch.id[i] = id
      return p
    }
    const p = this.skipText(at)
    const length = p - at - 2
    if (p === declined || length === 0 || length > limits.idBytesMax) return declined
    batch.id[i] = this.#text.isAscii ? asciiText(bytes, at + 1, p - 1) : bytes.toString('utf8', at + 1, p - 1)
    return p
  }

  #at(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    const p = this.#readTime(member, at)
    if (p === declined) return declined
    batch.at[i] = this.#ms
    this.#add(digestNumber(atSalt, this.#ms))
    return p
  }

  #textValue(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    const { bytes, view, end } = this.#input
    if (bytes[at] !== ascii.quote) return declined
    const text = this.#text
    const start = at + 1
    // Many fields are of one length, so the end is where it was in the last row, and need not be looked for.
    let textEnd = start + member.textLength
    let digest = 0
    const isEnd = textEnd < end && bytes[textEnd] === ascii.quote
    if (isEnd) digest = text.digest(member.salt, view, start, textEnd)
    if (!isEnd || !text.isPlain) {
      const p = this.skipText(at)
      if (p === declined || !text.isAscii) return this.#rareText(member, at, batch, i)
      textEnd = p - 1
      member.textLength = textEnd - start
      digest = text.digest(member.salt, view, start, textEnd)
    }
    if (member.isKey && (textEnd === start || textEnd - start > limits.keyBytesMax)) return declined
    this.#add(digest)
    const column = batch.texts[member.field]
    if (column !== undefined) column[i] = this.#pool.take(bytes, view, start, textEnd, digest)
    return textEnd + 1
  }

  /** A text with escapes, or with characters beyond ASCII. */
  #rareText(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    const { bytes, view, end } = this.#input
    const p = this.#skip.string(bytes, view, at + 1, end)
    if (p === declined) return declined
    const text: string = JSON.parse(bytes.toString('utf8', at, p))
    // Half a surrogate pair can be escaped, and is no character.
    if (!text.isWellFormed()) return declined
    if (member.isKey && (text === '' || isLongerThan(text, limits.keyBytesMax))) return declined
    this.#add(digestText(member.salt, text))
    const column = batch.texts[member.field]
    if (column !== undefined) column[i] = text
    return p
  }

  #numberValue(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    const { bytes, view, end } = this.#input
    if (bytes[at] === ascii.quote) {
      const p = this.skipText(at)
      // No text beyond ASCII is a number.
      if (p === declined || !this.#text.isAscii) return declined
      return this.#keep(member, converted(asciiText(bytes, at + 1, p - 1), member), p, batch, i)
    }
    const number = this.#number
    const p = number.read(bytes, view, at, end)
    if (p === declined) return declined
    const value = member.decimals < 0 ? number.integer : number.scaled(member.decimals)
    // An amount of more digits than a double tells apart is judged by its digits.
    if (member.decimals >= 0 && p - at > moneyDigitsKept) return declined
    return this.#keep(member, Number.isNaN(value) ? converted(number.value, member) : value, p, batch, i)
  }

  #time(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    const p = this.#readTime(member, at)
    return p === declined ? declined : this.#keep(member, this.#ms, p, batch, i)
  }

  #bool(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    const { bytes, view } = this.#input
    const p = literalEnd(view, at)
    if (p === declined || bytes[at] === ascii.n) return declined
    return this.#keep(member, bytes[at] === ascii.t ? 1 : 0, p, batch, i)
  }

  /** @param value NaN where the value is not one of the member's type */
  #keep(member: ScanMember, value: number, p: number, batch: EventBatch, i: number): number {
    if (Number.isNaN(value)) return declined
    this.#add(digestNumber(member.salt, value))
    const column = batch.numbers[member.field]
    if (column !== undefined) column[i] = value
    return p
  }

  #readTime(member: ScanMember, at: number): number {
    const { bytes, view, end } = this.#input
    if (bytes[at] !== ascii.quote) {
      const number = this.#number
      const p = number.read(bytes, view, at, end)
      return p === declined ? declined : this.#keepMs(readAt(number.value), p)
    }
    const p = this.skipText(at)
    if (p === declined || !this.#text.isAscii) return declined
    const known = member.minute.read(view, at + 1, p - 1)
    if (known >= 0) return this.#keepMs(known, p)
    const ms = readAt(asciiText(bytes, at + 1, p - 1))
    if (ms !== undefined) member.minute.keep(view, at + 1, p - 1, ms)
    return this.#keepMs(ms, p)
  }

  /** The sum of two integers may be none, so the engine is told that they are. */
  #add(digest: number): void {
    this.digest = ((this.digest | 0) + (digest | 0)) | 0
  }

  #keepMs(ms: number | undefined, p: number): number {
    if (ms === undefined) return declined
    this.#ms = ms
    return p
  }
}

const atSalt = digestSalt('at')

/** @returns NaN where the value is not one of the member's type */
function converted(value: number | string, { type }: ScanMember): number {
  const found = type === undefined ? undefined : convertValue(value, type)
  return typeof found === 'number' ? found : Number.NaN
}

/** Characters of a number up to which its double stands for what is written. */
const moneyDigitsKept = 16
