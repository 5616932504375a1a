import type { FoundEvent } from './event-log.ts'
import type { ColumnBlock } from './log-block-builder.ts'
import type { LogFailure } from './sqlite-log-failure.ts'
import type { TraceRuns } from './trace-runs.ts'

/** A block on its way between threads. */
export interface PackedBlock extends Omit<ColumnBlock, 'traceparents'> {
  readonly traces: TraceRuns
}

/** What the thread of the database is started with. */
export interface DatabaseSettings {
  readonly folder: string
  readonly partitions: number
  readonly latenessMs: number
  /** Bits of an id's hash that count; 52 but in tests, where 0 makes all ids collide. */
  readonly idHashBits: number
  /** Entries of the index of ids that are kept in memory before the oldest are written; fewer only in tests. */
  readonly recentIdsMax: number
  /** Only in tests: see `sqlite-log-faults.ts`. */
  readonly faults: Int32Array<SharedArrayBuffer> | undefined
}

/**
 * Requests that are appended in one transaction, each of them in full or not at all. Request `r` has records
 * `[requestEnds[r - 1], requestEnds[r])`; record `i` has bytes `[ends[i - 1], ends[i])`. All columns lie in one buffer.
 */
export interface AppendGroup {
  readonly requestEnds: Uint32Array<ArrayBuffer>
  /** Of requests: index into `recordKinds`. */
  readonly kinds: Uint8Array<ArrayBuffer>
  readonly receivedAt: Float64Array<ArrayBuffer>
  readonly traceparents: readonly string[]
  readonly partitions: Uint16Array<ArrayBuffer>
  readonly ids: readonly string[]
  readonly at: Float64Array<ArrayBuffer>
  readonly digests: Int32Array<ArrayBuffer>
  readonly ends: Uint32Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** By record. Where one of a request is a conflict, nothing of the request was appended, and its offsets say nothing. */
export interface AppendOutcome {
  readonly offsets: Float64Array<ArrayBuffer>
  readonly verdicts: Uint8Array<ArrayBuffer>
}

export const verdict = { appended: 0, duplicate: 1, conflict: 2 } as const

export type ToDatabase =
  | { readonly kind: 'append'; readonly group: AppendGroup }
  /** Tries whether so many bytes could be appended. */
  | { readonly kind: 'probe'; readonly bytes: number }
  | {
      readonly kind: 'read'
      readonly ticket: number
      readonly partition: number
      readonly from: number
      readonly bytesMax: number
    }
  | { readonly kind: 'find'; readonly ticket: number; readonly ids: readonly string[] }
  /** One step of it. */
  | {
      readonly kind: 'trim'
      readonly ticket: number
      readonly partition: number
      readonly before: number
      readonly receivedBefore: number
    }
  | { readonly kind: 'close' }

export type FromDatabase =
  /** By partition: the offset of its lowest record, and the one that its next record gets; equal where there is none. */
  | { readonly kind: 'opened'; readonly firsts: readonly number[]; readonly nexts: readonly number[] }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'unavailable'; readonly failure: LogFailure }
  | { readonly kind: 'appended'; readonly outcome: AppendOutcome | LogFailure }
  | { readonly kind: 'probed'; readonly failure: LogFailure | undefined }
  | { readonly kind: 'block'; readonly ticket: number; readonly block: PackedBlock }
  | { readonly kind: 'found'; readonly ticket: number; readonly events: readonly FoundEvent[] }
  /** `first`: offset of the partition's lowest record now. */
  | { readonly kind: 'trimmed'; readonly ticket: number; readonly first: number; readonly isDone: boolean }
  | { readonly kind: 'failed'; readonly ticket: number; readonly failure: LogFailure }
