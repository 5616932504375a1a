import { ruleFaults } from '#shared/domain/rule-fault'

/**
 * What one rule may still do for the event being judged, in operations: a row of the automaton looked at for a run, a literal of its
 * guard, a comparison or calculation of a condition, an event of a run that is passed or read on the way. One takes 3 to 10 ns.
 *
 * F1 What is used is a function of the state, the event and the answers of the judge, as all else that the matcher does (M3). So whether
 *    an event runs out of fuel depends neither on the machine nor on the order of arrival, and a replay agrees.
 * F2 Time must pass: what time alone does is not bounded by fuel, but by the number of runs.
 */
export class Fuel {
  /** May be read to bound a loop. */
  left = 0
  private readonly max: number
  private isBounded = true

  /** @param max operations for one event, at most 2³⁰ */
  constructor(max: number) {
    this.max = max
  }

  /** For the next event. */
  refill(): void {
    this.left = this.max
    this.isBounded = true
  }

  /** For what time alone does. */
  lift(): void {
    this.left = this.max
    this.isBounded = false
  }

  /** Throws the fault `out-of-fuel` where less is left. */
  use(operations: number): void {
    this.left -= operations
    if (this.left < 0) this.end()
  }

  /** Operations since the last `refill`; all that there were where something was refused. */
  get used(): number {
    return Math.min(this.max, this.max - this.left)
  }

  private end(): void {
    if (this.isBounded) throw ruleFaults.outOfFuel
    this.left = this.max
  }
}
