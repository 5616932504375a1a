import type { LineBlock } from '#shared/wire/line-reader'

/** How far the input is read: the rows so far, and what they hold. */
export interface InputPosition {
  readonly rows: number
  /** CRC-32 of all rows so far, each with a line feed; those that are too large to be held count as nothing. */
  readonly crc32: number
}

/** Rows that are sent together, as NDJSON. */
export class Batch {
  readonly body: Buffer
  /** Row `i` ends before `ends[i]`, with its line feed. */
  readonly #ends: Int32Array
  /** Numbers over all inputs, from 1. */
  readonly rows: Float64Array

  private constructor(body: Buffer, ends: Int32Array, rows: Float64Array) {
    this.body = body
    this.#ends = ends
    this.rows = rows
  }

  /** Copies lines of a block, byte for byte. @param lines their indexes in the block, and the numbers of their rows */
  static ofLines({ bytes, starts, ends }: LineBlock, lines: readonly number[], rows: Float64Array): Batch {
    let length = 0
    for (const line of lines) length += ends[line] - starts[line] + 1
    const body = Buffer.allocUnsafe(length)
    const bodyEnds = new Int32Array(lines.length)
    let at = 0
    for (let i = 0; i < lines.length; i++) {
      at += bytes.copy(body, at, starts[lines[i]], ends[lines[i]])
      body[at++] = lineFeed
      bodyEnds[i] = at
    }
    return new Batch(body, bodyEnds, rows)
  }

  get length(): number {
    return this.rows.length
  }

  /** @param indexes places in the batch */
  without(indexes: ReadonlySet<number>): Batch {
    const kept = [...this.rows.keys()].filter((i) => !indexes.has(i))
    const parts = kept.map((i) => this.body.subarray(i === 0 ? 0 : this.#ends[i - 1], this.#ends[i]))
    let end = 0
    const ends = Int32Array.from(parts, (part) => {
      end += part.length
      return end
    })
    return new Batch(
      Buffer.concat(parts),
      ends,
      Float64Array.from(kept, (i) => this.rows[i]),
    )
  }
}

const lineFeed = 0x0a
