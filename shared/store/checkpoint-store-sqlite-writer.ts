import { entryFlags, writeDouble } from './checkpoint-store-sqlite-entries.ts'
import { type NewSegment, paddedBytes, placeOf } from './checkpoint-store-sqlite-segments.ts'

/** Whose segment is written. */
interface Target {
  readonly partition: number
  readonly generation: number
  readonly stage: number | null
}

export interface EntryToWrite {
  /** The name is in words [name, nameEnd). */
  readonly words: Int32Array
  readonly name: number
  readonly nameEnd: number
  readonly flags: number
  readonly deadline: number
  /** Place of the actor's entry before it; 0: none. */
  readonly previous: number
  /** The payload is in bytes [from, from + length). */
  readonly bytes: Uint8Array
  readonly from: number
  readonly length: number
}

/**
 * Gathers entries into segments, one at a time. The buffers serve all segments.
 *
 * W1 Numbers of segments rise in the order in which their first entries come.
 * W2 An entry can be read only after `flush`.
 */
export class SegmentWriter {
  /** Number of the segment that the next entry goes into, unless it opens another. */
  number: number
  readonly #bytesMax: number
  readonly #emit: (segment: NewSegment) => void
  #target: Target | undefined
  #words = new Int32Array(65_536)
  #wordsLength = 0
  #payloads: Uint8Array<ArrayBuffer>
  #view: DataView<ArrayBuffer>
  #length = 0

  /** @param bytesMax payloads of one segment, at most `segmentBytesMax`; a larger payload has a segment of its own */
  constructor(number: number, bytesMax: number, emit: (segment: NewSegment) => void) {
    this.number = number
    this.#bytesMax = bytesMax
    this.#emit = emit
    this.#payloads = new Uint8Array(bytesMax)
    this.#view = new DataView(this.#payloads.buffer)
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  /** What the following entries belong to. */
  open(target: Target): void {
    const open = this.#target
    const isSame =
      open?.partition === target.partition && open.generation === target.generation && open.stage === target.stage
    if (isSame) return
    this.flush()
    this.#target = target
  }

  /** @returns its place */
  append({ words, name, nameEnd, flags, deadline, previous, bytes, from, length }: EntryToWrite): number {
    const size = paddedBytes(length)
    if (this.#length > 0 && this.#length + size > this.#bytesMax) this.flush()
    this.#makeRoom(size, nameEnd - name + 4)
    const view = this.#view
    const offset = this.#length
    view.setFloat64(offset, previous, true)
    view.setUint32(offset + 8, length, true)
    view.setUint32(offset + 12, flags & entryFlags.appended, true)
    const payloads = this.#payloads
    // Most payloads are short: a call costs more than the bytes.
    if (length <= 128) for (let i = 0; i < length; i++) payloads[offset + 16 + i] = bytes[from + i]
    else payloads.set(bytes.subarray(from, from + length), offset + 16)
    payloads.fill(0, offset + 16 + length, offset + size)
    this.#length += size

    let at = this.#wordsLength
    const index = this.#words
    index[at] = length
    index[at + 1] = flags
    at += 2
    for (let word = name; word < nameEnd; word++) index[at++] = words[word]
    if ((flags & entryFlags.deadline) !== 0) at = writeDouble(index, at, deadline)
    this.#wordsLength = at
    return placeOf(this.number, offset)
  }

  /** Writes what was gathered. */
  flush(): void {
    if (this.#length === 0 || this.#target === undefined) return
    const words = this.#words.subarray(0, this.#wordsLength)
    const payloads = this.#payloads.subarray(0, this.#length)
    const { number } = this
    const bytes = payloads.length + words.byteLength
    this.#clear()
    this.#emit({ ...this.#target, number, bytes, words, payloads })
  }

  /** Forgets what was gathered. Numbers are not given again. */
  discard(): void {
    if (this.#length > 0) this.#clear()
  }

  #clear(): void {
    this.number++
    this.#length = 0
    this.#wordsLength = 0
    // Room for one very large payload is not kept.
    if (this.#payloads.length > this.#bytesMax) this.#allocate(this.#bytesMax)
  }

  #makeRoom(bytes: number, words: number): void {
    while (this.#wordsLength + words > this.#words.length) {
      const larger = new Int32Array(this.#words.length * 2)
      larger.set(this.#words)
      this.#words = larger
    }
    if (this.#length + bytes > this.#payloads.length) this.#allocate(bytes)
  }

  #allocate(bytes: number): void {
    this.#payloads = new Uint8Array(bytes)
    this.#view = new DataView(this.#payloads.buffer)
  }
}
