import type { EventSchema } from './event-schema.ts'
import { isNumeric } from './value-type.ts'

/**
 * Decoded events, one column for each field that a rule set uses, so that no object per event is kept.
 * Codecs append to it, the engine reads it. A batch grows by doubling; `clear` keeps the memory.
 *
 * B1 Every column holds `length` values; row `i` of every column belongs to one event.
 * B2 A column exists only for used fields; the digest covers all declared fields.
 */
export class EventBatch {
  readonly schema: EventSchema
  length = 0
  /** Index into `schema.types`. */
  type: Uint16Array
  /** Event time, ms since 1970. */
  at: Float64Array
  /** When the log took it, ms since 1970; NaN where there is no log (replay of a file). */
  receivedAt: Float64Array
  /** Row number in the input, from 1; in a log its offset. */
  row: Float64Array
  /** 32-bit digest of type and all declared fields: tells a repeat from a conflict. */
  digest: Uint32Array
  readonly id: string[] = []
  /** By field number: numeric columns (NaN absent), undefined where the field is not numeric or not used. */
  readonly numbers: (Float64Array | undefined)[]
  /** By field number: strings. */
  readonly texts: ((string | undefined)[] | undefined)[]
  /** By field number: lists and maps. */
  readonly collections: (unknown[] | undefined)[]
  #capacity: number

  constructor(schema: EventSchema, usedFields: ReadonlySet<number>, capacity = 64) {
    this.schema = schema
    this.#capacity = capacity
    this.type = new Uint16Array(capacity)
    this.at = new Float64Array(capacity)
    this.receivedAt = new Float64Array(capacity)
    this.row = new Float64Array(capacity)
    this.digest = new Uint32Array(capacity)
    const used = schema.fields.map((field, i) => (usedFields.has(i) ? field.type : undefined))
    this.numbers = used.map((type) => (type && isNumeric(type) ? new Float64Array(capacity) : undefined))
    this.texts = used.map((type) => (type?.kind === 'string' ? [] : undefined))
    this.collections = used.map((type) => (type && (type.kind === 'list' || type.kind === 'map') ? [] : undefined))
  }

  /** Opens the next row, all fields absent, and returns its index. The caller sets its columns. */
  append(type: number, at: number, id: string): number {
    if (this.length === this.#capacity) this.#grow()
    const i = this.length++
    this.type[i] = type
    this.at[i] = at
    this.receivedAt[i] = Number.NaN
    this.id[i] = id
    for (const column of this.numbers) if (column !== undefined) column[i] = Number.NaN
    for (const column of this.texts) if (column !== undefined) column[i] = undefined
    for (const column of this.collections) if (column !== undefined) column[i] = undefined
    return i
  }

  /** Takes back the newest row: a codec found a bad value in it. */
  drop(): void {
    this.length--
  }

  clear(): void {
    this.length = 0
  }

  #grow(): void {
    this.#capacity *= 2
    const larger = <T extends Float64Array | Uint16Array | Uint32Array>(old: T, next: T): T => {
      next.set(old)
      return next
    }
    this.type = larger(this.type, new Uint16Array(this.#capacity))
    this.at = larger(this.at, new Float64Array(this.#capacity))
    this.receivedAt = larger(this.receivedAt, new Float64Array(this.#capacity))
    this.row = larger(this.row, new Float64Array(this.#capacity))
    this.digest = larger(this.digest, new Uint32Array(this.#capacity))
    for (let f = 0; f < this.numbers.length; f++) {
      const column = this.numbers[f]
      if (column !== undefined) this.numbers[f] = larger(column, new Float64Array(this.#capacity))
    }
  }
}
