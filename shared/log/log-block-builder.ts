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

  /** Adds records `[from, to)` of a block whose records lie one after the other, as those of a builder do. */
  addRange(block: LogBlock, from: number, to: number): void {
    if (from === to) return
    const start = block.starts[from]
    const end = block.ends[to - 1]
    this.#makeRoom(to - from, end - start)
    const shift = this.bytesLength - start
    this.#bytes.set(block.bytes.subarray(start, end), this.bytesLength)
    this.bytesLength += end - start
    for (let i = from; i < to; i++) {
      const j = this.length++
      this.#offsets[j] = block.offsets[i]
      this.#kinds[j] = block.kinds[i]
      this.#receivedAt[j] = block.receivedAt[i]
      this.#traceparents.push(block.traceparents[i])
      this.#starts[j] = block.starts[i] + shift
      this.#ends[j] = block.ends[i] + shift
    }
  }

  /** What was added so far, as views; each column has a buffer of its own, which may be transferred when nothing more is added. */
  block(): ColumnBlock {
    const { length } = this
    return {
      length,
      offsets: this.#offsets.subarray(0, length),
      kinds: this.#kinds.subarray(0, length),
      receivedAt: this.#receivedAt.subarray(0, length),
      traceparents: this.#traceparents,
      bytes: this.#bytes.subarray(0, this.bytesLength),
      starts: this.#starts.subarray(0, length),
      ends: this.#ends.subarray(0, length),
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

interface Column {
  set(from: ArrayLike<number>): void
}

function larger<C extends Column>(old: C & ArrayLike<number>, next: C): C {
  next.set(old)
  return next
}
