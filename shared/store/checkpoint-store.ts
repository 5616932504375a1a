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
  load(partition: number, generation: number, names: readonly ActorName[]): Promise<readonly (SavedActor | undefined)[]>
  /** All actors of a generation with a deadline or a part in the alert book. Rejects with StoreUnavailable. */
  marked(partition: number, generation: number): Promise<readonly MarkedActor[]>
  /** What is still to be delivered, in order. Rejects with StoreUnavailable. */
  outbox(partition: number): Promise<readonly OutboxEntry[]>
  close(): Promise<void>
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
