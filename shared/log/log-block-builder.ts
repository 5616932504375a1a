import type { LogBlock } from '#shared/protocol/log-record'

/** A record's columns beside its bytes. */
export interface RecordHead {
  readonly offset: number
  /** Index into `recordKinds`. */
  readonly kind: number
  readonly receivedAt: number
  readonly traceparent: string
}

/** Records one after the other in columns that grow. What `block` gave is not changed by what is added later. */
export class LogBlockBuilder {
  length = 0
  bytesLength = 0
  readonly #traceparents: string[] = []
  #offsets: Float64Array<ArrayBuffer>
  #kinds: Uint8Array<ArrayBuffer>
  #receivedAt: Float64Array<ArrayBuffer>
  #starts: Uint32Array<ArrayBuffer>
  #ends: Uint32Array<ArrayBuffer>
  #bytes: Uint8Array<ArrayBuffer>

  constructor(expected: { readonly records: number; readonly bytes: number } = { records: 16, bytes: 4096 }) {
    this.#offsets = new Float64Array(expected.records)
    this.#kinds = new Uint8Array(expected.records)
    this.#receivedAt = new Float64Array(expected.records)
    this.#starts = new Uint32Array(expected.records)
    this.#ends = new Uint32Array(expected.records)
    this.#bytes = new Uint8Array(expected.bytes)
  }

  add({ offset, kind, receivedAt, traceparent }: RecordHead, body: Uint8Array): void {
    this.#makeRoom(1, body.length)
    const i = this.length++
    this.#offsets[i] = offset
    this.#kinds[i] = kind
    this.#receivedAt[i] = receivedAt
    this.#traceparents.push(traceparent)
    this.#starts[i] = this.bytesLength
    this.#bytes.set(body, this.bytesLength)
    this.bytesLength += body.length
    this.#ends[i] = this.bytesLength
  }

  /** Adds records `[from, to)` of another builder. */
  addRange(other: LogBlockBuilder, from: number, to: number): void {
    if (from === to) return
    const start = other.#starts[from]
    const end = other.#ends[to - 1]
    this.#makeRoom(to - from, end - start)
    const shift = this.bytesLength - start
    this.#bytes.set(other.#bytes.subarray(start, end), this.bytesLength)
    this.bytesLength += end - start
    for (let i = from; i < to; i++) {
      const j = this.length++
      this.#offsets[j] = other.#offsets[i]
      this.#kinds[j] = other.#kinds[i]
      this.#receivedAt[j] = other.#receivedAt[i]
      this.#traceparents.push(other.#traceparents[i])
      this.#starts[j] = other.#starts[i] + shift
      this.#ends[j] = other.#ends[i] + shift
    }
  }

  /** -1 if there is none. */
  get lastOffset(): number {
    return this.length === 0 ? -1 : this.#offsets[this.length - 1]
  }

  /** Index of the first record with this offset or a higher one; `length` if there is none. Offsets must rise. */
  indexFrom(offset: number): number {
    if (this.lastOffset < offset) return this.length
    let [low, high] = [0, this.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#offsets[middle] < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Where the records from `start` on, which is there, no longer fit into so many bytes; `start` if not even the first does. */
  endWithin(start: number, bytesMax: number): number {
    const limit = this.#starts[start] + bytesMax
    let end = start
    while (end < this.length && this.#ends[end] <= limit) end++
    return end
  }

  /** Bytes of the bodies of records `[from, to)`. */
  bytesOf(from: number, to: number): number {
    return from === to ? 0 : this.#ends[to - 1] - this.#starts[from]
  }

  /** What was added so far, as views; each column has a buffer of its own, which may be transferred when nothing more is added. */
  block(): ColumnBlock {
    const { length } = this
    return {
      length,
      offsets: upTo(this.#offsets, length),
      kinds: upTo(this.#kinds, length),
      receivedAt: upTo(this.#receivedAt, length),
      traceparents: this.#traceparents,
      bytes: upTo(this.#bytes, this.bytesLength),
      starts: upTo(this.#starts, length),
      ends: upTo(this.#ends, length),
    }
  }

  #makeRoom(records: number, bytes: number): void {
    if (this.length + records > this.#offsets.length) {
      const size = Math.max(this.length + records, this.#offsets.length * 2)
      this.#offsets = larger(this.#offsets, new Float64Array(size))
      this.#kinds = larger(this.#kinds, new Uint8Array(size))
      this.#receivedAt = larger(this.#receivedAt, new Float64Array(size))
      this.#starts = larger(this.#starts, new Uint32Array(size))
      this.#ends = larger(this.#ends, new Uint32Array(size))
    }
    if (this.bytesLength + bytes > this.#bytes.length) {
      const size = Math.max(this.bytesLength + bytes, this.#bytes.length * 2)
      this.#bytes = larger(this.#bytes, new Uint8Array(size))
    }
  }
}

/** A block whose columns are typed arrays, so that they can be transferred between threads. */
export interface ColumnBlock extends LogBlock {
  readonly offsets: Float64Array<ArrayBuffer>
  readonly kinds: Uint8Array<ArrayBuffer>
  readonly receivedAt: Float64Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly starts: Uint32Array<ArrayBuffer>
  readonly ends: Uint32Array<ArrayBuffer>
}

/** A view costs as much as a small column. */
const upTo = <C extends Column<C>>(column: C, length: number): C =>
  column.length === length ? column : column.subarray(0, length)

interface Column<C> {
  readonly length: number
  subarray(from: number, to: number): C
  set(from: ArrayLike<number>): void
}

function larger<C extends Column<C>>(old: C & ArrayLike<number>, next: C): C {
  next.set(old)
  return next
}
