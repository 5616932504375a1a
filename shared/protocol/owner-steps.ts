import { invariant } from '#shared/domain/invariant'
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
