import { limits } from '#shared/domain/limits'

/** Sizes of an owner's steps. A simulated owner has small ones, so that a few accounts meet every one of them. */
export interface OwnerBounds {
  /** Actors encoded before others have their turn. */
  readonly savedActorsPerSlice: number
  /** Bytes of states that are handed to the checkpoint store at once. */
  readonly commitPartBytesMax: number
  /** Entries delivered at once. */
  readonly offeredEntriesMax: number
  /** Entries that wait for a commit or for delivery: past it nothing more is applied. */
  readonly outboxEntriesMax: number
  /** Bytes of records read at once. */
  readonly readBytesMax: number
  /** Memory for what comes between two checkpoints beside the bound on states; only address space where it does not. */
  readonly reserveBytes: number
}

export const ownerBounds: OwnerBounds = {
  savedActorsPerSlice: limits.savedActorsPerSlice,
  commitPartBytesMax: limits.commitPartBytesMax,
  offeredEntriesMax: limits.offeredEntriesMax,
  outboxEntriesMax: limits.outboxEntriesMax,
  // Some milliseconds of work.
  readBytesMax: 512 * 1024,
  reserveBytes: 64 * 2 ** 20,
}

/** A share of the bound on states for what comes between two checkpoints. */
export const arenaReserve = 1.25
/** Above this share of its bound, memory waits for the next commit to make room. */
export const memoryHardShare = 1.15
