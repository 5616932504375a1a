import { type LogBlock, type RecordKind, recordKinds } from '#shared/protocol/log-record'
import type { Rows } from './payments.ts'

/**
 * A log of one partition whose events are put in as rows that lie in memory, and which forgets what was read: a real one would hold
 * hundreds of gigabytes. The owner's own records are kept as any log would.
 */
export class RowLog {
  #next = 1
  /** What can be read, by its first offset. */
  #segments: Segment[] = []
  #waiting: (() => void) | undefined

  /** Puts events in. @returns the offset of the last */
  feed(rows: Rows): number {
    this.#add({ ...rows, first: this.#next, kind: recordKinds.indexOf('event'), receivedAt: Date.now() })
    return this.#next - 1
  }

  /** One of the owner's own records. @returns its offset */
  append(kind: RecordKind, body: Uint8Array): number {
    const [starts, ends] = [Uint32Array.of(0), Uint32Array.of(body.length)]
    const kindNumber = recordKinds.indexOf(kind)
    this.#add({
      bytes: body.slice(),
      starts,
      ends,
      length: 1,
      first: this.#next,
      kind: kindNumber,
      receivedAt: Date.now(),
    })
    return this.#next - 1
  }

  /** As in `EventLog`. */
  read(from: number, bytesMax: number): LogBlock {
    while (this.#segments.length > 0 && this.#segments[0].first + this.#segments[0].length <= from)
      this.#segments.shift()
    const segment = this.#segments[0]
    if (segment === undefined || segment.first > from) return emptyBlock
    const start = from - segment.first
    let end = start + 1
    while (end < segment.length && segment.ends[end] - segment.starts[start] <= bytesMax) end++
    const length = end - start
    return {
      length,
      offsets: Float64Array.from({ length }, (_, i) => from + i),
      kinds: new Uint8Array(length).fill(segment.kind),
      receivedAt: new Float64Array(length).fill(segment.receivedAt),
      traceparents: new Array<string>(length).fill(''),
      bytes: segment.bytes,
      starts: segment.starts.subarray(start, end),
      ends: segment.ends.subarray(start, end),
    }
  }

  async waitFor(offset: number, signal: AbortSignal): Promise<void> {
    if (offset < this.#next) return
    await new Promise<void>((resolve) => {
      this.#waiting = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  get bounds(): { readonly first: number; readonly next: number } {
    return { first: 1, next: this.#next }
  }

  #add(segment: Segment): void {
    this.#segments.push(segment)
    this.#next += segment.length
    this.#waiting?.()
    this.#waiting = undefined
  }
}

interface Segment {
  readonly bytes: Uint8Array
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly length: number
  readonly first: number
  /** Index into `recordKinds`. */
  readonly kind: number
  readonly receivedAt: number
}

const emptyBlock: LogBlock = {
  length: 0,
  offsets: [],
  kinds: [],
  receivedAt: [],
  traceparents: [],
  bytes: new Uint8Array(0),
  starts: [],
  ends: [],
}
