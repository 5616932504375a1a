import type { OwnerCommand, OwnerInput } from '#shared/protocol/owner-io'
import { noCounts } from '#shared/protocol/owner-options'
import type { PartitionOwner } from '#shared/protocol/partition-owner'

/** An owner as its loop and the service see it, on whichever thread it lives. Its clock and its turns come to it there. */
export interface HostedOwner {
  /** As of the commands that were given last, or later. */
  readonly view: OwnerView
  /**
   * Begins, or after `end` begins anew, with nothing of what was before.
   * @param execute is given what is to be done, in order
   * @param onMistake is told of a mistake of ours; nothing comes after it
   */
  start(execute: (commands: readonly LoopCommand[]) => void, onMistake: (error: unknown) => void): void
  handle(input: LoopInput): void
  /** Nothing comes to it or from it any more. */
  end(): void
}

/** What the service reads of an owner. On another thread the tally is as of the last commit. */
export type OwnerView = Pick<
  PartitionOwner,
  'position' | 'committedPosition' | 'isReady' | 'outboxLength' | 'actors' | 'stateBytes' | 'now' | 'counts' | 'tally'
>

/** Before it has said anything. */
export const unseen: OwnerView = {
  position: 0,
  committedPosition: 0,
  isReady: false,
  outboxLength: 0,
  actors: 0,
  stateBytes: 0,
  counts: noCounts(),
  now: Number.NEGATIVE_INFINITY,
  tally: undefined,
}

/** What the world has to do; the rest is done where the owner lives. */
export type LoopCommand = Exclude<OwnerCommand, { readonly kind: 'later' }>

/** What comes from the world. */
export type LoopInput = Exclude<OwnerInput, { readonly kind: 'start' | 'clock' | 'later' }>
