import type { ActorName } from '#shared/actor/actor-state'
import type {
  ClaimResult,
  Commit,
  CommitResult,
  MarkedActor,
  OutboxEntry,
  SavedActor,
  Stage,
} from '#shared/protocol/commit'

/**
 * Checkpoints of partitions: the states of actors as of one position of the log, and what is still to be delivered. A cache of the log
 * with fences: it can be lost, but never go wrong silently.
 *
 * C1 A commit takes effect as a whole or not at all.
 * C2 Nobody commits with an epoch below the highest that claimed the partition.
 * C3 A commit names the one it follows; where that is not the last one, nothing is written.
 * C4 `load` gives what the commits up to the last one hold; nothing staged for a commit that did not come.
 * C5 Whatever is read is all of one moment, and comes with the id of the last commit then: who reads can tell a store that has lost
 *    something, or was written by another.
 */
export interface CheckpointStore {
  /** Raises the partition's epoch, and drops what was staged under another. Rejects with StoreUnavailable. */
  claim(partition: number, epoch: number): Promise<ClaimResult>
  /**
   * Puts a part of a coming commit aside, in order of `part` from 0; a part that is there already is left as it is.
   * Rejects with StoreUnavailable.
   */
  stage(stage: Stage): Promise<'staged' | 'fenced'>
  /** Rejects with StoreUnavailable: whether it took effect is unknown then, and the same commit may be sent again. */
  commit(commit: Commit): Promise<CommitResult>
  /** By name asked for; undefined: never saved. Rejects with StoreUnavailable. */
  load(partition: number, generation: number, names: readonly ActorName[]): Promise<SavedActors>
  /** All actors of a generation with a deadline or a part in the alert book. Rejects with StoreUnavailable. */
  marked(partition: number, generation: number): Promise<MarkedActors>
  /** What is still to be delivered, in order. Rejects with StoreUnavailable. */
  outbox(partition: number): Promise<Outbox>
  close(): Promise<void>
}

/** Which commit was the last one when something was read; `id` is undefined where there was none. */
export interface AsOf {
  readonly lastCommit: { readonly id: string | undefined }
}

export interface SavedActors extends AsOf {
  readonly actors: readonly (SavedActor | undefined)[]
}

export interface MarkedActors extends AsOf {
  readonly actors: readonly MarkedActor[]
}

export interface Outbox extends AsOf {
  readonly entries: readonly OutboxEntry[]
}

/** A store that can be read through while it is written. */
export interface CheckpointPages {
  /**
   * Some actors of a generation, each with all that is saved of it. From page to page every actor comes at least once that was there all
   * the while. Rejects with StoreUnavailable.
   * @param cursor undefined: from the start; otherwise what the page before gave as `next`
   */
  page(partition: number, generation: number, cursor: string | undefined): Promise<SavedPage>
}

export interface SavedPage extends AsOf {
  readonly actors: readonly (MarkedActor & SavedActor)[]
  /** undefined: this was the last. */
  readonly next: string | undefined
}

/** The store cannot be reached or written now; the outcome of a write is unknown. */
export class StoreUnavailable extends Error {
  readonly _tag = 'StoreUnavailable'
  override readonly name = 'StoreUnavailable'
  readonly reason: 'disk-full' | 'read-only' | 'unreachable' | 'closed'

  constructor(reason: StoreUnavailable['reason'], detail: string, cause?: unknown) {
    super(detail, { cause })
    this.reason = reason
  }
}
