import { TextBytes } from '#shared/memory/text-bytes'

/** How a column of a record is kept: a number, a number whose bits look random, or a text. */
export type ColumnForm = 'number' | 'hash' | 'text'

/** What a record of a population holds beside time, id and digest. */
export interface RecordShape {
  readonly columns: readonly ColumnForm[]
  readonly bitWords: number
}

/**
 * Records outside the arena, in order of position; texts by content. One object serves many actors: `clear` keeps its memory.
 *
 * Row i: `at[i]`, `ids[i]`, `digests[i]`, `bits[i · bitWords …]`, `values[i · columns …]`.
 */
export class RecordRows {
  readonly shape: RecordShape
  readonly texts = new TextBytes()
  length = 0
  at = new Float64Array(4)
  /** A plain decimal number, or −1 less the offset of its text. */
  ids = new Float64Array(4)
  digests = new Uint32Array(4)
  bits: Uint32Array
  /** Of a text: its offset plus 1, 0 where absent. */
  values: Float64Array

  constructor(shape: RecordShape) {
    this.shape = shape
    this.bits = new Uint32Array(4 * shape.bitWords)
    this.values = new Float64Array(4 * shape.columns.length)
  }

  clear(): void {
    this.length = 0
    this.texts.clear()
  }

  /** Opens the next row and returns its index. The caller sets all of it. */
  append(): number {
    if (this.length === this.at.length) this.#grow()
    return this.length++
  }

  setId(row: number, id: string): void {
    const number = plainNumber(id)
    this.ids[row] = number >= 0 ? number : -1 - this.texts.add(id)
  }

  id(row: number): string {
    const id = this.ids[row]
    return id >= 0 ? String(id) : this.texts.text(-1 - id)
  }

  #grow(): void {
    const larger = <T extends Float64Array | Uint32Array>(old: T, next: T): T => {
      next.set(old)
      return next
    }
    const rows = this.at.length * 2
    this.at = larger(this.at, new Float64Array(rows))
    this.ids = larger(this.ids, new Float64Array(rows))
    this.digests = larger(this.digests, new Uint32Array(rows))
    this.bits = larger(this.bits, new Uint32Array(rows * this.shape.bitWords))
    this.values = larger(this.values, new Float64Array(rows * this.shape.columns.length))
  }
}

/** The number that an id is the plain decimal form of, or −1. */
function plainNumber(id: string): number {
  const { length } = id
  if (length === 0 || length > 15 || (length > 1 && id.charCodeAt(0) === 48)) return -1
  let value = 0
  for (let i = 0; i < length; i++) {
    const digit = id.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}
