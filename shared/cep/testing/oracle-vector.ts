import type { Taken } from '../judge.ts'
import { oracle, type TakenEvent } from '../oracle/oracle.ts'
import { numberedSteps } from '../pattern.ts'
import type { StepIds, Vector, VectorAnswer } from '../vector-format.ts'
import { readVectorPattern } from './vector.ts'

/**
 * What the oracle says of a vector that has one key and is fed in the order listed.
 * @returns null where there are too many runs for it
 */
export function oracleVector(vector: Vector): VectorAnswer | null {
  const { events, advanceTo } = vector
  const { pattern, conditions } = readVectorPattern(vector.pattern)
  const steps = numberedSteps(pattern).map(({ name }) => name)
  const at = (position: number) => events[position]
  const ats = events.map(({ ts }) => ts ?? 1)
  const answer = oracle(
    pattern,
    ats,
    advanceTo ?? Math.max(...ats),
    (condition, event, list) => conditions[condition]({ event: at(event), steps, taken: takenIn(list), at }) === true,
  )
  if (answer === null) return null
  const ids = (taken: readonly TakenEvent[]): StepIds => {
    const all: Record<string, number[]> = {}
    for (const { step, event } of taken) all[steps[step]] = [...(all[steps[step]] ?? []), at(event).id]
    return all
  }
  const told = answer.reports.flat()
  return {
    matches: told.filter(({ what }) => what === 'matched' || what === 'stands').map(({ taken }) => ids(taken)),
    timeouts: told.filter(({ what }) => what === 'timed out').map((out) => ({ match: ids(out.taken), at: out.at })),
    late: [],
    openPartials: answer.open[answer.open.length - 1],
    error: told.some(({ what }) => what === 'missed') ? 'skip-target' : undefined,
  }
}

function takenIn(list: readonly TakenEvent[]): Taken {
  const of = (step: number): number[] => list.flatMap((taken) => (taken.step === step ? [taken.event] : []))
  const position = (step: number, index: number): number => of(step)[index] ?? -1
  return {
    count: (step) => of(step).length,
    first: (step) => position(step, 0),
    last: (step) => position(step, of(step).length - 1),
    position,
    positions: (step, into) => {
      into.set(of(step).slice(0, into.length))
      return of(step).length
    },
  }
}
