import { convertValue } from '#shared/domain/convert-value'
import type { EventBatch } from '#shared/domain/event-batch'
import { limits } from '#shared/domain/limits'
import { readAt, readId } from './envelope.ts'
import { digestAscii, digestNumber, digestSalt, digestText } from './event-digest.ts'
import { ascii, declined, literalEnd } from './scan-bytes.ts'
import { NumberScan } from './scan-number.ts'
import type { ScanMember } from './scan-plan.ts'
import { asciiText, TextPool, TextScan } from './scan-text.ts'

/**
 * Reads the values that an event is made of: checks, converts and digests each, and puts it into its column.
 * Every method takes the position of a value and returns the one behind it, or `declined`; then columns may hold part of the row,
 * and the caller takes it back.
 */
export class LeafScan {
  /** The row stands in these up to `end`. */
  bytes: Buffer = Buffer.alloc(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  end = 0
  /** The sum over the fields of the row so far. */
  digest = 0
  /** Whether a text with bytes beyond ASCII was read: whether they are UTF-8 is asked once, of the whole row. */
  hasUnicode = false
  readonly #text = new TextScan()
  readonly #number = new NumberScan()
  readonly #pool = new TextPool()
  #ms = 0

  /** @returns the position behind a text without escapes */
  skipText(at: number): number {
    const { bytes, end } = this
    if (bytes[at] !== ascii.quote) return declined
    const p = this.#text.find(bytes, this.view, at + 1, end)
    if (!this.#text.isAscii) this.hasUnicode = true
    return p < end && bytes[p] === ascii.quote ? p + 1 : declined
  }

  id(at: number, batch: EventBatch, i: number): number {
    if (this.bytes[at] !== ascii.quote) {
      const number = this.#number
      const p = number.read(this.bytes, this.view, at, this.end)
      if (p === declined) return declined
      const id = readId(number.value)
      if (id === undefined) return declined
      batch.id[i] = id
      return p
    }
    const p = this.skipText(at)
    const length = p - at - 2
    if (p === declined || length === 0 || length > limits.idBytesMax) return declined
    batch.id[i] = this.#text.isAscii ? asciiText(this.bytes, at + 1, p - 1) : this.bytes.toString('utf8', at + 1, p - 1)
    return p
  }

  at(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    const p = this.#readTime(member, at)
    if (p === declined) return declined
    batch.at[i] = this.#ms
    this.digest = (this.digest + digestNumber(atSalt, this.#ms)) | 0
    return p
  }

  text(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    const p = this.skipText(at)
    if (p === declined) return declined
    const { bytes, view } = this
    const start = at + 1
    const end = p - 1
    if (member.isKey && (end === start || end - start > limits.keyBytesMax)) return declined
    const column = batch.texts[member.field]
    if (this.#text.isAscii) {
      const digest = digestAscii(member.salt, view, start, end)
      this.digest = (this.digest + digest) | 0
      if (column !== undefined) column[i] = this.#pool.take(bytes, start, end, digest)
    } else {
      const text = bytes.toString('utf8', start, end)
      this.digest = (this.digest + digestText(member.salt, text)) | 0
      if (column !== undefined) column[i] = text
    }
    return p
  }

  number(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    if (this.bytes[at] === ascii.quote) {
      const p = this.skipText(at)
      // No text beyond ASCII is a number.
      if (p === declined || !this.#text.isAscii) return declined
      return this.#keep(member, converted(asciiText(this.bytes, at + 1, p - 1), member), p, batch, i)
    }
    const number = this.#number
    const p = number.read(this.bytes, this.view, at, this.end)
    if (p === declined) return declined
    const value = member.decimals < 0 ? number.integer : number.scaled(member.decimals)
    return this.#keep(member, Number.isNaN(value) ? converted(number.value, member) : value, p, batch, i)
  }

  time(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    const p = this.#readTime(member, at)
    return p === declined ? declined : this.#keep(member, this.#ms, p, batch, i)
  }

  bool(member: ScanMember, at: number, batch: EventBatch, i: number): number {
    const p = literalEnd(this.view, at, this.end)
    if (p === declined || this.bytes[at] === ascii.n) return declined
    return this.#keep(member, this.bytes[at] === ascii.t ? 1 : 0, p, batch, i)
  }

  /** @param value NaN where the value is not one of the member's type */
  #keep(member: ScanMember, value: number, p: number, batch: EventBatch, i: number): number {
    if (Number.isNaN(value)) return declined
    this.digest = (this.digest + digestNumber(member.salt, value)) | 0
    const column = batch.numbers[member.field]
    if (column !== undefined) column[i] = value
    return p
  }

  #readTime(member: ScanMember, at: number): number {
    if (this.bytes[at] !== ascii.quote) {
      const number = this.#number
      const p = number.read(this.bytes, this.view, at, this.end)
      return p === declined ? declined : this.#keepMs(readAt(number.value), p)
    }
    const p = this.skipText(at)
    if (p === declined || !this.#text.isAscii) return declined
    const known = member.minute.read(this.view, at + 1, p - 1)
    if (known >= 0) return this.#keepMs(known, p)
    const ms = readAt(asciiText(this.bytes, at + 1, p - 1))
    if (ms !== undefined) member.minute.keep(this.view, at + 1, p - 1, ms)
    return this.#keepMs(ms, p)
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
