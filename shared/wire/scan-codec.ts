import { isUtf8 } from 'node:buffer'
import type { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import { limits } from '#shared/domain/limits'
import type { Problem } from '#shared/domain/problem'
import type { Codec } from './codec.ts'
import { JsonCodec } from './json-codec.ts'
import { ascii, declined, literalEnd, skipSpace } from './scan-bytes.ts'
import { LeafScan } from './scan-leaf.ts'
import { actions, isNameAt, type ScanMember, type ScanObject, type ScanType, scanTypes } from './scan-plan.ts'
import { SkipScan, scannedLevelsMax } from './scan-skip.ts'

/**
 * Decodes JSON rows straight from their bytes, without an object per row.
 *
 * S1 It accepts only what it understands completely: a row of valid JSON in UTF-8 that holds an event. At the first doubt (an
 *    escape in a text that is needed, a number with an exponent or many digits, a name twice, a list, a mistake) the event is taken
 *    back and the same bytes go to the reference, `JsonCodec`. So nothing here says what is wrong with a row.
 * S2 What it accepts is, column for column and in its digest, what `JsonCodec` makes of the same bytes.
 * S3 What it remembers of earlier rows (the order of names, the type, the minute, short texts) decides how soon it finds its way,
 *    never what it finds: all of it is compared with the bytes again.
 */
export class ScanCodec implements Codec {
  readonly #types: readonly (ScanType | undefined)[]
  readonly #defaultType: ScanType | undefined
  readonly #reference: Codec
  readonly #leaf = new LeafScan()
  readonly #skip = new SkipScan()
  /** The type of the last row, which the next is taken to have until it says otherwise. */
  #type: ScanType | undefined
  /** What `decode` was given last: a reader gives one buffer again and again. */
  #given: Uint8Array | undefined
  /** By member: the attempt that met it last. */
  readonly #metBy: Int32Array
  #attempt = 0

  // Of the row at hand.
  #bytes: Buffer = Buffer.alloc(0)
  #view: DataView = new DataView(new ArrayBuffer(0))
  #end = 0
  /** Required members that were not met yet. */
  #missing = 0
  #isTyped = false

  /** @param reference decides every row that is not accepted here */
  constructor(schema: EventSchema, reference: Codec = new JsonCodec(schema)) {
    this.#types = scanTypes(schema)
    this.#defaultType = this.#types[schema.types.findIndex(({ name }) => name === defaultType)]
    this.#type = this.#defaultType ?? this.#types.find((type) => type !== undefined)
    this.#metBy = new Int32Array(Math.max(0, ...this.#types.map((type) => type?.memberCount ?? 0)))
    this.#reference = reference
  }

  decode(bytes: Uint8Array, start: number, end: number, batch: EventBatch, row: number): Problem | undefined {
    if (end - start > limits.rowBytesMax || !this.#accept(bytes, start, end, batch))
      return this.#reference.decode(bytes, start, end, batch, row)
    const i = batch.length - 1
    batch.row[i] = row
    batch.digest[i] = this.#leaf.digest
    return undefined
  }

  /** @returns false: the batch is as it was */
  #accept(bytes: Uint8Array, start: number, end: number, batch: EventBatch): boolean {
    if (bytes !== this.#given) this.#look(bytes)
    this.#end = end
    this.#leaf.end = end
    const expected = this.#type
    if (expected === undefined) return false
    if (this.#row(expected, start, batch)) return true
    const found = this.#type
    return found !== undefined && found !== expected && this.#row(found, start, batch)
  }

  #look(bytes: Uint8Array): void {
    this.#given = bytes
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#leaf.bytes = this.#bytes
    this.#leaf.view = this.#view
  }

  /** @returns false: the batch is as it was; a new `#type` tells of which type the row is instead */
  #row(type: ScanType, start: number, batch: EventBatch): boolean {
    this.#attempt = (this.#attempt + 1) | 0
    this.#missing = type.requiredCount
    this.#isTyped = false
    this.#leaf.digest = type.salt
    this.#leaf.hasUnicode = false
    this.#skip.hasUnicode = false
    const i = batch.append(type.index, 0, '')
    const open = skipSpace(this.#bytes, start, this.#end)
    const isObject = open < this.#end && this.#bytes[open] === ascii.openBrace
    const p = isObject ? this.#object(type.members, open + 1, batch, i, scannedLevelsMax - 1) : declined
    if (p !== declined && skipSpace(this.#bytes, p, this.#end) === this.#end && this.#isEvent(type, start)) return true
    batch.drop()
    return false
  }

  /** What can be told at the end only. */
  #isEvent(type: ScanType, start: number): boolean {
    if (!this.#isTyped && type !== this.#defaultType) {
      this.#type = this.#defaultType ?? type
      return false
    }
    if (this.#missing > 0) return false
    return !(this.#leaf.hasUnicode || this.#skip.hasUnicode) || isUtf8(this.#bytes.subarray(start, this.#end))
  }

  /**
   * @param start behind the brace
   * @param levels how many more objects and lists may open within each other
   * @returns the position behind the closing brace
   */
  #object(object: ScanObject, start: number, batch: EventBatch, i: number, levels: number): number {
    const bytes = this.#bytes
    const view = this.#view
    const end = this.#end
    let last: ScanObject | ScanMember = object
    let p = skipSpace(bytes, start, end)
    if (bytes[p] === ascii.closeBrace) return p + 1
    for (;;) {
      let member: ScanMember | undefined = last.next
      if (member !== undefined && isNameAt(member.name, view, p)) p += member.name.byteLength
      else {
        const nameEnd = this.#leaf.skipText(p)
        if (nameEnd === declined) return declined
        member = object.find(view, p, nameEnd)
        if (member !== undefined) last.next = member
        p = nameEnd
      }
      if (bytes[p] <= ascii.space) p = skipSpace(bytes, p, end)
      if (bytes[p++] !== ascii.colon) return declined
      if (bytes[p] <= ascii.space) p = skipSpace(bytes, p, end)
      if (member === undefined) p = this.#skip.value(bytes, view, p, end, levels)
      else {
        last = member
        p = this.#member(member, p, batch, i, levels)
      }
      if (p === declined) return declined
      if (bytes[p] <= ascii.space) p = skipSpace(bytes, p, end)
      if (bytes[p] !== ascii.comma) return bytes[p] === ascii.closeBrace ? p + 1 : declined
      p++
      if (bytes[p] <= ascii.space) p = skipSpace(bytes, p, end)
    }
  }

  /** @returns the position behind the member's value */
  #member(member: ScanMember, at: number, batch: EventBatch, i: number, levels: number): number {
    if (this.#metBy[member.index] === this.#attempt) return declined
    this.#metBy[member.index] = this.#attempt
    if (this.#bytes[at] === ascii.n)
      return member.isRequired || member.action === actions.type ? declined : literalEnd(this.#view, at, this.#end)
    if (member.isRequired) this.#missing--
    switch (member.action) {
      case actions.text:
        return this.#leaf.text(member, at, batch, i)
      case actions.number:
        return this.#leaf.number(member, at, batch, i)
      case actions.object:
        if (member.members === undefined || levels === 0 || this.#bytes[at] !== ascii.openBrace) return declined
        return this.#object(member.members, at + 1, batch, i, levels - 1)
      case actions.id:
        return this.#leaf.id(at, batch, i)
      case actions.at:
        return this.#leaf.at(member, at, batch, i)
      case actions.time:
        return this.#leaf.time(member, at, batch, i)
      case actions.bool:
        return this.#leaf.bool(member, at, batch, i)
      case actions.type:
        return this.#typeName(at)
      default:
        return declined
    }
  }

  #typeName(at: number): number {
    const p = this.#leaf.skipText(at)
    if (p === declined) return declined
    this.#isTyped = true
    const expected = this.#type
    if (expected !== undefined && isTypeAt(expected, this.#view, at, p)) return p
    const found = this.#types.find((type) => type !== undefined && isTypeAt(type, this.#view, at, p))
    if (found !== undefined) this.#type = found
    return declined
  }
}

const defaultType = 'transaction'

const isTypeAt = ({ name }: ScanType, view: DataView, start: number, end: number): boolean =>
  name.byteLength === end - start && isNameAt(name, view, start)
