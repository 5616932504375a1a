/** What must hold in every simulated world. */
export const invariants = {
  place: 'what was acknowledged has one place in the log and keeps it, unless the log lost it',
  fence: 'of those who claimed only the last commits, and nobody commits what lies behind a later claim',
  position: 'an owner never goes back, unless the store does',
  entries: 'the entry with a number is the same, whoever tells it and however often',
  outbox: 'nothing is offered before the commit that holds it',
  judgements: 'the judgement on a record is the same, whoever makes it and however often',
  revisions: 'no revision of an alert or decision comes before its turn or says something else than before',
  failures: 'an owner ends only for what was done to it',
  convergence: 'once nothing goes wrong any more, all is judged, committed and delivered within a bounded time',
  calm: 'what was told is what one owner finds in the same log when nothing goes wrong',
  oracle: 'the alerts that stand are those of the slow oracle',
  determinism: 'two runs of a seed are the same',
} as const
export type InvariantName = keyof typeof invariants

/** An invariant does not hold in the simulated world. */
export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken'
  readonly invariant: InvariantName

  constructor(invariant: InvariantName, detail: string) {
    super(detail)
    this.invariant = invariant
  }
}

export function broken(invariant: InvariantName, detail: string): never {
  throw new InvariantBroken(invariant, detail)
}
