import type { AppendRequest, AppendResult, EventLog, FoundEvent, LogHealth } from '#shared/log/event-log'
import { type LogBlock, recordKinds } from '#shared/protocol/log-record'
import type { Rows } from './payments.ts'

/**
 * A log of one partition whose events are put in as rows that lie in memory, and which forgets what was read: a real one would hold
 * hundreds of gigabytes. The owner's own records are kept as any log would.
 */
export class RowLog implements EventLog {
  readonly health: LogHealth = { isReady: true }
  #next = 1
  /** What can be read, by its first offset. */
  #segments: Segment[] = []
  #waiting: (() => void) | undefined
  #drained: (() => void) | undefined

  get next(): number {
    return this.#next
  }

  /** Puts events in. Resolves once the reader asks for what comes after them. */
  async feed(rows: Rows): Promise<void> {
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve
    })
    this.#add({ ...rows, first: this.#next, kind: recordKinds.indexOf('event'), receivedAt: Date.now() })
    await drained
  }

  async append({ kind, bodies, receivedAt }: AppendRequest): Promise<AppendResult> {
    const first = this.#next
    for (const body of bodies) {
      const [starts, ends] = [Uint32Array.of(0), Uint32Array.of(body.length)]
      const kindNumber = recordKinds.indexOf(kind)
      this.#add({ bytes: body.slice(), starts, ends, length: 1, first: this.#next, kind: kindNumber, receivedAt })
    }
    return { kind: 'appended', offsets: bodies.map((_, i) => first + i), isDuplicate: bodies.map(() => false) }
  }

  async read(_partition: number, from: number, bytesMax: number): Promise<LogBlock> {
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

  async waitFor(_partition: number, offset: number, signal: AbortSignal): Promise<void> {
    if (offset < this.#next) return
    this.#drained?.()
    this.#drained = undefined
    await new Promise<void>((resolve) => {
      this.#waiting = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  async bounds(): Promise<{ readonly first: number; readonly next: number }> {
    return { first: 1, next: this.#next }
  }

  async find(): Promise<readonly FoundEvent[]> {
    return []
  }

  async close(): Promise<void> {}

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
