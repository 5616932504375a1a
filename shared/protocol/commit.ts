import type { ActorName } from '#shared/actor/actor-state'

export type ClaimResult =
  | { readonly kind: 'claimed'; readonly manifest: Manifest | undefined }
  /** Another owner has claimed with this higher epoch. */
  | { readonly kind: 'fenced'; readonly epoch: number }

/**
 * Judged in this order. `fenced`: the epoch is below the highest that claimed. `already`: this very commit is the last one. `conflict`: the
 * last commit is not the one that this follows, or a part that was staged for it is not there.
 */
export type CommitResult = 'ok' | 'already' | 'fenced' | 'conflict'

/** What a commit says of the partition as a whole. */
export interface Manifest {
  /** Names the commit; unique. */
  readonly id: string
  /** Offset of the last applied record. */
  readonly position: number
  /** Digest of that record, to know it again. */
  readonly tailDigest: number
  /** The owner's own state beside that of actors. */
  readonly owner: Uint8Array
}

interface CommitPart {
  readonly partition: number
  readonly epoch: number
  /** Id of the commit that this is, or is a part of. */
  readonly id: string
  readonly actors: readonly ActorEntry[]
}

export interface Stage extends CommitPart {
  readonly part: number
}

export interface Commit extends CommitPart {
  /** Id of the commit that this follows; undefined: there is none. */
  readonly previous: string | undefined
  readonly manifest: Manifest
  /** How many parts were staged under this id; their actors come before these. */
  readonly stagedParts: number
  /** New entries; numbers rise over all commits. */
  readonly outbox: readonly OutboxEntry[]
  /** Entries up to this number were delivered, and go. */
  readonly deliveredUpTo: number
  /** Generations that are no longer needed: all their actors go. */
  readonly droppedGenerations: readonly number[]
}

/** State of one actor. */
export interface ActorEntry extends ActorName {
  readonly generation: number
  /** Replaces all that was saved of the actor, or follows it. */
  readonly form: 'base' | 'appended'
  /** When time alone will change it, ms of event time; Infinity: never. */
  readonly deadline: number
  readonly hasBook: boolean
  readonly bytes: Uint8Array
}

export interface SavedActor {
  readonly base: Uint8Array
  /** All since the base, in order. */
  readonly appended: readonly Uint8Array[]
}

export interface MarkedActor extends ActorName {
  readonly deadline: number
  readonly hasBook: boolean
}

export interface OutboxEntry {
  readonly number: number
  readonly bytes: Uint8Array
}
