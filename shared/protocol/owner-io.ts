import type { ActorName } from '#shared/actor/actor-state'
import type { Decision } from '#shared/actor/alert'
import type { Outcome } from '#shared/actor/outcome'
import type {
  ClaimResult,
  Commit,
  CommitResult,
  Manifest,
  MarkedActor,
  OutboxEntry,
  SavedActor,
  Stage,
} from './commit.ts'
import type { LogBlock, RecordKind } from './log-record.ts'

/**
 * What a partition's owner wants done. Those that name an answer get it once, whatever it takes: an unknown outcome is asked for again by
 * whoever executes them. Commands are executed in the order given, stages and commits one after the other.
 */
export type OwnerCommand =
  /** Answer: `appended`, once it is durable. */
  | { readonly kind: 'append'; readonly record: OwnRecord }
  /** Answer: `claimed`. */
  | { readonly kind: 'claim'; readonly epoch: number }
  /** Answer: `bounds`. */
  | { readonly kind: 'bounds' }
  /**
   * Answer: `records`.
   * @param waits not before there is one; otherwise it may be empty
   * @param isNext what lies before it is judged, and it is what is judged next; otherwise the owner looks back, or ahead
   */
  | {
      readonly kind: 'read'
      readonly from: number
      readonly bytesMax: number
      readonly waits: boolean
      readonly isNext: boolean
    }
  /** Answer: `marked`. */
  | { readonly kind: 'marked'; readonly generation: number }
  /** Answer: `loaded`. */
  | { readonly kind: 'load'; readonly generation: number; readonly names: readonly ActorName[] }
  /** Answer: `outbox`. */
  | { readonly kind: 'outbox' }
  /** Only where the owner has snapshots. Answer: `snapshots`. */
  | { readonly kind: 'snapshots' }
  /** Answer: `restored`. */
  | { readonly kind: 'restore'; readonly restore: Restore }
  /** Answer: `staged`. */
  | { readonly kind: 'stage'; readonly stage: Stage }
  /** Answer: `committed`. */
  | { readonly kind: 'commit'; readonly commit: Commit }
  /** Deliver these, in order. Answer: `offered`. */
  | { readonly kind: 'offer'; readonly entries: readonly OutboxEntry[] }
  /** Somebody waits for these. */
  | { readonly kind: 'judged'; readonly judged: readonly Judged[] }
  /** What an operator should know, and need not do anything about. */
  | { readonly kind: 'notice'; readonly text: string }
  /** Let others have a turn. Answer: `later`. */
  | { readonly kind: 'later' }
  /** All that was applied is committed: the owner has ended. */
  | { readonly kind: 'stopped' }
  /** The partition cannot be owned any longer: end it, and say why. */
  | { readonly kind: 'halt'; readonly failure: OwnerFailure }

export type OwnerInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'appended'; readonly record: OwnRecord['kind']; readonly offset: number }
  | { readonly kind: 'claimed'; readonly result: ClaimResult }
  | { readonly kind: 'bounds'; readonly first: number; readonly next: number }
  | { readonly kind: 'records'; readonly block: LogBlock }
  | ({ readonly kind: 'marked'; readonly actors: readonly MarkedActor[] } & ReadFromStore)
  | ({ readonly kind: 'loaded'; readonly actors: readonly (SavedActor | undefined)[] } & ReadFromStore)
  | ({ readonly kind: 'outbox'; readonly entries: readonly OutboxEntry[] } & ReadFromStore)
  /** Newest first. */
  | { readonly kind: 'snapshots'; readonly snapshots: readonly SnapshotHead[] }
  | { readonly kind: 'restored'; readonly result: RestoreResult }
  | { readonly kind: 'staged'; readonly result: 'staged' | 'fenced' }
  | { readonly kind: 'committed'; readonly result: CommitResult }
  | { readonly kind: 'offered'; readonly upTo: number }
  | { readonly kind: 'later' }
  /** Comes about every 100 ms. @param now ms since 1970 */
  | { readonly kind: 'clock'; readonly now: number }
  /** No more is applied; what was applied is committed. */
  | { readonly kind: 'stop' }

/**
 * What was read from the store is as of its last commit then. If that is not one of this owner's, nothing may be judged by it: the fence
 * refuses commits alone. Left out only where nobody else can have written to the store, and it cannot go back.
 */
export interface ReadFromStore {
  readonly lastCommit?: { readonly id: string | undefined }
}

/** What is known of a snapshot before it is read. */
export interface SnapshotHead {
  readonly name: string
  /** undefined: it cannot be read, for the reason in `problem`. */
  readonly place: Pick<Manifest, 'position' | 'tailDigest'> | undefined
  readonly problem: string
}

/** A snapshot that is to come into the checkpoint store, which has nothing of worth. */
export interface Restore {
  /** Of the snapshot. */
  readonly name: string
  readonly epoch: number
  /** Id of the last commit in the store. */
  readonly previous: string | undefined
  /** Generations of which the store may have actors. */
  readonly leftovers: readonly number[]
}

export type RestoreResult =
  /** The store is as it was when the snapshot was taken, but for the id of the last commit. */
  | { readonly kind: 'whole'; readonly manifest: Manifest }
  /** A part of it is not there, or not what it was. The store may have something of it. */
  | {
      readonly kind: 'damaged'
      readonly detail: string
      readonly previous: string | undefined
      readonly leftovers: readonly number[]
    }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'conflict' }

/** A record of the owner's own. */
export interface OwnRecord {
  readonly kind: Extract<RecordKind, 'claim' | 'ruleset' | 'tick'>
  readonly body: Uint8Array
}

/** What became of an event whose sender waits. */
export interface Judged {
  readonly offset: number
  readonly id: string
  readonly outcome: Outcome
  /** undefined: the event was late, or what was found for it is no longer known. */
  readonly decision: Decision | undefined
}

export interface OwnerFailure {
  readonly reason: /** Another owner has the partition. */
    | 'fenced'
    /** The log no longer holds what the checkpoint follows from. */
    | 'log-regression'
    /** The store has another state than the one that this owner left. */
    | 'conflict'
    /** The configured rule set cannot follow the one in force. */
    | 'rules-refused'
    /** The log holds something that this version does not understand. */
    | 'unknown-record'
    /** A saved state is damaged. */
    | 'bad-checkpoint'
    /** The state of the actors that are needed at once does not fit into memory. */
    | 'out-of-memory'
  readonly detail: string
}
