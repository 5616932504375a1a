import type { LogBlock, RecordKind } from '#shared/protocol/log-record'

/**
 * The event log: every input is a record in it, in one order per partition. It is the truth; all else can be made from it again.
 *
 * L1 Offsets of a partition rise, not always by one. A record never changes, and none is put before another that was read.
 * L2 `append` resolves only when all its records are durable. What it was asked for together is appended together or not at all, unless it
 *    rejects with an unknown outcome.
 * L3 A repeat of an event is not appended: its result is the position of the first. The log looks back at least as far as the lateness,
 *    and no further than to what was removed.
 */
export interface EventLog {
  /**
   * Requests of one caller are appended in the order of its calls. Nothing of a request may change until this settles.
   * Rejects with LogUnavailable: for `disk-full`, `read-only` and `closed` nothing was appended, for `unreachable` it may have been.
   */
  append(request: AppendRequest): Promise<AppendResult>
  /**
   * Records from an offset on, in order, as many as fit into `bytesMax` but at least one where there is one; empty at the end of the log.
   * Rejects with LogUnavailable.
   */
  read(partition: number, from: number, bytesMax: number): Promise<LogBlock>
  /**
   * Resolves once a record at this offset or later can be read, or the signal aborts. Rejects with LogUnavailable when the log is closed
   * or lost meanwhile.
   */
  waitFor(partition: number, offset: number, signal: AbortSignal): Promise<void>
  /** `first`: lowest offset that can be read; `next`: above every record's offset. Equal where the partition is empty. */
  bounds(partition: number): Promise<{ readonly first: number; readonly next: number }>
  /** All event records with these ids, each once, in order of appending over all partitions. Rejects with LogUnavailable. */
  find(ids: readonly string[]): Promise<readonly FoundEvent[]>
  /**
   * Makes anew what brings records here, where that may stand still by itself, as a broker's client may: whoever waits for records has waited
   * too long.
   */
  renewReader(): void
  /** Whether records can be appended now, as far as is known. */
  readonly health: LogHealth
  /** Resolves when everything that was accepted is settled. What is asked for later rejects with LogUnavailable, `closed`. */
  close(): Promise<void>
}

/** A log whose oldest records can go. Offsets stay as they are, and none is given out again. */
export interface TrimmableLog {
  /**
   * Removes records of the partition below `before` that reached the log before that time (ms since 1970), from the oldest on and as far
   * as they come; a few more may stay. The newest record of a partition always does. In steps, so that appends and reads have their turn.
   * What is removed is found no more, and a repeat of it is not known. Rejects with LogUnavailable.
   */
  trim(partition: number, bound: { readonly before: number; readonly receivedBefore: number }): Promise<void>
}

/** Records that are appended together, column by column: entry `i` of each belongs to record `i`. */
export interface AppendRequest {
  readonly kind: RecordKind
  /** When it reached us, ms since 1970. */
  readonly receivedAt: number
  /** W3C trace context of the message that brought the records; '' where there is none. */
  readonly traceparent: string
  readonly partitions: readonly number[]
  /** Of events: the id. Of other records ''. */
  readonly ids: readonly string[]
  /** Of events: event time, ms since 1970. */
  readonly at: readonly number[]
  /** Of events: 32-bit digest of the content, which tells a repeat from a conflict. */
  readonly digests: readonly number[]
  readonly bodies: readonly Uint8Array[]
}

/** A request for one record that is no event that could repeat. */
export function singleRecord(
  kind: Exclude<RecordKind, 'event' | 'decide'>,
  partition: number,
  body: Uint8Array,
  receivedAt: number,
): AppendRequest {
  return {
    kind,
    receivedAt,
    traceparent: '',
    partitions: [partition],
    ids: [''],
    at: [0],
    digests: [0],
    bodies: [body],
  }
}

export type AppendResult =
  | { readonly kind: 'appended'; readonly offsets: readonly number[]; readonly isDuplicate: readonly boolean[] }
  /**
   * Nothing was appended: each of these records has the id of another event, less than the lateness away in event time, with other
   * content (in the log or earlier in the same request). Time and partition belong to the content, whatever the digests say. Without
   * these records the request would have been appended.
   */
  | { readonly kind: 'conflict'; readonly indexes: readonly number[] }

export interface FoundEvent {
  readonly id: string
  readonly partition: number
  readonly offset: number
  readonly at: number
  readonly receivedAt: number
  readonly traceparent: string
  readonly body: Uint8Array
}

export type LogHealth =
  | { readonly isReady: true }
  | {
      readonly isReady: false
      readonly reason: 'disk-full' | 'read-only' | 'unreachable'
      readonly detail: string
      /** It does not come back: only opening it again may help. */
      readonly isOver?: true
    }

/** The log cannot be written or read now. Whoever waits for an answer is told to send the same again; readers try again. */
export class LogUnavailable extends Error {
  readonly _tag = 'LogUnavailable'
  override readonly name = 'LogUnavailable'
  readonly reason: 'disk-full' | 'read-only' | 'unreachable' | 'closed'

  constructor(reason: LogUnavailable['reason'], detail: string, cause?: unknown) {
    super(detail, { cause })
    this.reason = reason
  }
}
