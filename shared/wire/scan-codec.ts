import { isUtf8 } from 'node:buffer'
import type { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import { limits } from '#shared/domain/limits'
import type { Problem } from '#shared/domain/problem'
import type { Codec } from './codec.ts'
import { JsonCodec } from './json-codec.ts'
import { ascii, declined, literalEnd, skipSpace } from './scan-bytes.ts'
import { ScanInput } from './scan-input.ts'
import { LeafScan } from './scan-leaf.ts'
import { isTextAt, type ScanMember, type ScanObject } from './scan-member.ts'
import { actions, type ScanType, scanTypes } from './scan-plan.ts'
import { ShapeNotes } from './scan-shape.ts'
import { SkipScan, scannedLevelsMax } from './scan-skip.ts'

/**
 * Decodes JSON rows straight from their bytes, without an object per row.
 *
 * S1 It accepts only what it understands completely: a row of valid JSON in UTF-8 that holds an event. At the first doubt (an
 *    escape in a name, a name twice, a declared list or map, a mistake) the event is taken
 *    back and the same bytes go to the reference, `JsonCodec`. So nothing here says what is wrong with a row.
 * S2 What it accepts is, column for column and in its digest, what `JsonCodec` makes of the same bytes.
 * S3 What it remembers of earlier rows (the shapes of rows, the type, the minute, short texts, the lengths of texts) decides how soon it finds its way,
 *    never what it finds: all of it is compared with the bytes again.
 */
export class ScanCodec implements Codec {
  readonly #types: readonly (ScanType | undefined)[]
  readonly #defaultType: ScanType | undefined
  readonly #reference: Codec
  readonly #input = new ScanInput()
  readonly #skip = new SkipScan()
  readonly #leaf = new LeafScan(this.#input, this.#skip)
  readonly #notes = new ShapeNotes()
  /** The type of the last row, which the next is taken to have until it says otherwise. */
  #type: ScanType | undefined
  /** By member: the attempt that met it last. */
  readonly #metBy: Int32Array
  #attempt = 0

  // Of the row at hand.
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
  #accept(bytes: Uint8Array, from: number, to: number, batch: EventBatch): boolean {
    const start = this.#input.open(bytes, from, to)
    const expected = this.#type
    if (expected === undefined) return false
    if (this.#knownShape(expected, start, batch) || this.#row(expected, start, batch)) return true
    const found = this.#type
    if (found === undefined || found === expected) return false
    return this.#knownShape(found, start, batch) || this.#row(found, start, batch)
  }

  #begin(type: ScanType, batch: EventBatch): number {
    this.#leaf.digest = type.salt
    this.#skip.hasUnicode = false
    return batch.append(type.index, 0, '')
  }

  /** @returns false: the row has no known shape, or is bad; the batch is as it was */
  #knownShape(type: ScanType, start: number, batch: EventBatch): boolean {
    const { bytes, view, end } = this.#input
    let stretch = type.shapes.find(view, start)
    if (stretch === undefined) return false
    const i = this.#begin(type, batch)
    let p = start + stretch.byteLength
    while (p < end) {
      const { member } = stretch
      p =
        member === undefined
          ? this.#skip.value(bytes, view, p, end, scannedLevelsMax)
          : this.#leaf.value(member, p, batch, i)
      if (p === declined) break
      stretch = stretch.next.find(view, p)
      if (stretch === undefined) break
      p += stretch.byteLength
    }
    if (p === end && stretch?.isEnd && this.#isUtf8(start)) return true
    batch.drop()
    return false
  }

  /** @returns false: the batch is as it was; a new `#type` tells of which type the row is instead */
  #row(type: ScanType, start: number, batch: EventBatch): boolean {
    const { bytes, view, end } = this.#input
    this.#attempt = (this.#attempt + 1) | 0
    this.#missing = type.requiredCount
    this.#isTyped = false
    this.#notes.begin()
    const i = this.#begin(type, batch)
    const open = skipSpace(bytes, start, end)
    const isObject = open < end && bytes[open] === ascii.openBrace
    const p = isObject ? this.#object(type.members, open + 1, batch, i, scannedLevelsMax - 1) : declined
    if (p !== declined && skipSpace(bytes, p, end) === end && this.#isEvent(type) && this.#isUtf8(start)) {
      this.#notes.learn(type.shapes, bytes, view, start, end)
      return true
    }
    batch.drop()
    return false
  }

  /** Whether what was passed, and is JSON, holds all that an event of this type must have. */
  #isEvent(type: ScanType): boolean {
    if (!this.#isTyped && type !== this.#defaultType) {
      this.#type = this.#defaultType ?? type
      return false
    }
    return this.#missing === 0
  }

  #isUtf8(start: number): boolean {
    if (!this.#skip.hasUnicode) return true
    return isUtf8(this.#input.bytes.subarray(start, this.#input.end))
  }

  /**
   * @param start behind the brace
   * @param levels how many more objects and lists may open within each other
   * @returns the position behind the closing brace
   */
  #object(object: ScanObject, start: number, batch: EventBatch, i: number, levels: number): number {
    const { bytes, view, end } = this.#input
    let p = skipSpace(bytes, start, end)
    if (bytes[p] === ascii.closeBrace) return p + 1
    while (p < end) {
      const nameEnd = this.#leaf.skipText(p)
      if (nameEnd === declined) return declined
      const member = object.find(bytes, p, nameEnd)
      p = skipSpace(bytes, nameEnd, end)
      if (bytes[p] !== ascii.colon) return declined
      p = skipSpace(bytes, p + 1, end)
      if (member === undefined) {
        const valueEnd = this.#skip.value(bytes, view, p, end, scannedLevelsMax)
        this.#notes.value(p, valueEnd, undefined)
        p = valueEnd
      } else p = this.#member(member, p, batch, i, levels)
      if (p === declined) return declined
      p = skipSpace(bytes, p, end)
      if (bytes[p] !== ascii.comma) return bytes[p] === ascii.closeBrace ? p + 1 : declined
      p = skipSpace(bytes, p + 1, end)
    }
    return declined
  }

  /** @returns the position behind the member's value */
  #member(member: ScanMember, at: number, batch: EventBatch, i: number, levels: number): number {
    if (this.#metBy[member.index] === this.#attempt) return declined
    this.#metBy[member.index] = this.#attempt
    const { bytes, view } = this.#input
    // Whoever must not be absent stays missing.
    if (bytes[at] === ascii.n) return member.action === actions.type ? declined : literalEnd(view, at)
    if (member.isRequired) this.#missing--
    if (member.action === actions.type) return this.#typeName(at)
    if (member.members !== undefined) {
      if (levels === 0 || bytes[at] !== ascii.openBrace) return declined
      return this.#object(member.members, at + 1, batch, i, levels - 1)
    }
    const end = this.#leaf.value(member, at, batch, i)
    this.#notes.value(at, end, member)
    return end
  }

  #typeName(at: number): number {
    const { bytes } = this.#input
    const end = this.#leaf.skipText(at)
    if (end === declined) return declined
    this.#isTyped = true
    const isNamed = (type: ScanType | undefined): boolean => type !== undefined && isTextAt(type.name, bytes, at, end)
    if (isNamed(this.#type)) return end
    const found = this.#types.find(isNamed)
    if (found !== undefined) this.#type = found
    return declined
  }
}

const defaultType = 'transaction'
