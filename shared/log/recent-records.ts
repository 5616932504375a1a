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
      this.first = oldest.lastOffset + 1
    }
  }

  /** At least one record if there is one. @param from not below `first` */
  read(from: number, bytesMax: number): ColumnBlock {
    const segments = this.#segments
    let s = segments.length
    while (s > 0 && segments[s - 1].lastOffset >= from) s--
    const ranges: { readonly segment: LogBlockBuilder; readonly start: number; readonly end: number }[] = []
    let records = 0
    let bytes = 0
    for (; s < segments.length; s++) {
      const segment = segments[s]
      const start = segment.indexFrom(from)
      const fitting = segment.endWithin(start, bytesMax - bytes)
      const end = records === 0 ? Math.max(start + 1, fitting) : fitting
      ranges.push({ segment, start, end })
      records += end - start
      bytes += segment.bytesOf(start, end)
      if (end < segment.length) break
    }
    const builder = new LogBlockBuilder({ records, bytes })
    for (const { segment, start, end } of ranges) builder.addRange(segment, start, end)
    return builder.block()
  }
}

/** Some seconds of a fast stream: a reader that pauses for a collection of garbage or a checkpoint still finds its place here. */
const recentBytesMax = 8 * 2 ** 20
const segmentBytesMax = 256 * 1024
const segmentRecordsMax = 1024
/** Columns and a share of the trace context, so that small records are counted too. */
const bytesPerRecord = 48
