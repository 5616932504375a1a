import type { ColumnBlock, RecordHead } from './log-block-builder.ts'
import { LogBlockBuilder } from './log-block-builder.ts'

/**
 * The newest records of one partition, for readers at its end.
 *
 * R1 It holds every record with an offset from `first` on, below `next`; offsets rise, with or without gaps.
 * R2 Its memory is at most `recentBytesMax` and one segment; older segments go as a whole.
 */
export class RecentRecords {
  first: number
  next: number
  /** Oldest first; the last one grows. */
  readonly #segments: LogBlockBuilder[] = []
  #bytes = 0

  /** @param next offset of the first record that will be added */
  constructor(next: number) {
    this.first = next
    this.next = next
  }

  add(head: RecordHead, body: Uint8Array): void {
    let last = this.#segments.at(-1)
    if (last === undefined || last.length >= segmentRecordsMax || last.bytesLength >= segmentBytesMax) {
      last = new LogBlockBuilder()
      this.#segments.push(last)
    }
    last.add(head, body)
    this.next = head.offset + 1
    this.#bytes += body.length + bytesPerRecord
    while (this.#bytes > recentBytesMax && this.#segments.length > 1) {
      const oldest = this.#segments.shift()!
      this.#bytes -= oldest.bytesLength + oldest.length * bytesPerRecord
      const { offsets, length } = oldest.block()
      this.first = offsets[length - 1] + 1
    }
  }

  /** @param from not below `first` */
  read(from: number, bytesMax: number): ColumnBlock {
    const expected = Math.min(this.next - from, segmentRecordsMax)
    const builder = new LogBlockBuilder({ records: expected, bytes: Math.min(bytesMax, expected * 512) })
    for (const segment of this.#segments) {
      const block = segment.block()
      const start = indexFrom(block, from)
      if (start >= block.length) continue
      const end = endWithin(block, start, bytesMax - builder.bytesLength, builder.length === 0)
      builder.addRange(block, start, end)
      if (end < block.length) break
    }
    return builder.block()
  }
}

/** The first record with this offset or a higher one. */
function indexFrom({ length, offsets }: ColumnBlock, from: number): number {
  if (length === 0 || offsets[length - 1] < from) return length
  let [low, high] = [0, length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (offsets[middle] < from) low = middle + 1
    else high = middle
  }
  return low
}

/** Where the records from `start` on no longer fit; past the first of all in any case. */
function endWithin({ length, starts, ends }: ColumnBlock, start: number, bytesMax: number, isFirst: boolean): number {
  const limit = starts[start] + bytesMax
  let end = isFirst ? start + 1 : start
  while (end < length && ends[end] <= limit) end++
  return end
}

/** Some seconds of a fast stream: a reader that pauses for a collection of garbage or a checkpoint still finds its place here. */
const recentBytesMax = 8 * 2 ** 20
const segmentBytesMax = 256 * 1024
const segmentRecordsMax = 1024
/** Columns and a share of the trace context, so that small records are counted too. */
const bytesPerRecord = 48
