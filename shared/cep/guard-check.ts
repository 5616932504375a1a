import type { Automaton } from './automaton.ts'
import type { Judge } from './judge.ts'

/**
 * Asks the judge, and no more than needed: a condition on the event alone once per event, one that reads the run once per event
 * and run.
 */
export class GuardCheck {
  private readonly literals: Uint32Array
  private readonly conditions: Uint32Array
  private readonly readsTaken: Uint8Array
  private readonly judge: Judge
  /** By condition: twice the event's or run's stamp, plus 1 if it holds. */
  private readonly answers: Float64Array
  private eventStamp = 0
  private runStamp = 0
  private stamps = 0

  constructor(automaton: Automaton, judge: Judge) {
    this.literals = automaton.literals
    this.conditions = automaton.conditions
    this.readsTaken = automaton.readsTaken
    this.judge = judge
    this.answers = new Float64Array(automaton.conditions.length)
  }

  nextEvent(): void {
    this.eventStamp = ++this.stamps
    this.runStamp = this.eventStamp
  }

  nextRun(): void {
    this.runStamp = ++this.stamps
  }

  /** True if all clauses from literal `from` to before `to` hold; none at all do. */
  holds(from: number, to: number): boolean {
    const { literals } = this
    let isSettled = false
    for (let index = from; index < to; index++) {
      const literal = literals[index]
      if (!isSettled && this.condition(literal >>> 2) === ((literal & 2) !== 0)) {
        // Not this one: the clause may still hold by another.
        if ((literal & 1) !== 0) return false
      } else isSettled = (literal & 1) === 0
    }
    return true
  }

  private condition(index: number): boolean {
    const stamp = 2 * (this.readsTaken[index] === 1 ? this.runStamp : this.eventStamp)
    const known = this.answers[index]
    if (known === stamp) return false
    if (known === stamp + 1) return true
    const holds = this.judge.holds(this.conditions[index])
    this.answers[index] = holds ? stamp + 1 : stamp
    return holds
  }
}
