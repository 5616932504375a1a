import { BadStateError } from '#shared/actor/bad-state'
import { invariant } from '#shared/domain/invariant'
import { ArenaFullError } from '#shared/memory/words'
import type { OwnerCommand, OwnerFailure, OwnerInput } from './owner-io.ts'

/** Work of an owner in steps: each yields what is to be done next, and goes on with the answer. */
export type Steps<T> = Generator<OwnerCommand | typeof pause, T, OwnerInput>

/** Go on when there is room in the outbox. */
export const pause = 'pause'

/** The answer to the command that was just yielded. */
export function expectInput<K extends OwnerInput['kind']>(
  kind: K,
  input: OwnerInput,
): Extract<OwnerInput, { kind: K }> {
  invariant(input.kind === kind, `${kind} was asked for, and ${input.kind} came`)
  return input as Extract<OwnerInput, { kind: K }>
}

/** The partition cannot be owned any longer. */
export class OwnerFailed extends Error {
  readonly failure: OwnerFailure

  constructor(reason: OwnerFailure['reason'], detail: string) {
    super(detail)
    this.failure = { reason, detail }
  }
}

/** Whoever claims last has the partition. */
export const claimedLater = (offset: number): OwnerFailed =>
  new OwnerFailed('fenced', `another owner claimed the partition at ${offset}`)

/** The store holds another state than the one that this owner left. */
export const storeWentBack = (): OwnerFailed =>
  new OwnerFailed(
    'conflict',
    'the checkpoint store has another state than the last one; it is read again at the next start',
  )

/** What can be told and mended; anything else is a mistake of ours. */
export function failureOf(error: unknown): OwnerFailure {
  if (error instanceof OwnerFailed) return error.failure
  if (error instanceof BadStateError)
    return {
      reason: 'bad-checkpoint',
      detail: `a saved state cannot be used (${error.message}); remove the checkpoints, and all states are made again from the log`,
    }
  if (error instanceof ArenaFullError)
    return {
      reason: 'out-of-memory',
      detail: `${error.message}; give the state of accounts more memory (VIGIL_MEMORY)`,
    }
  throw error
}
