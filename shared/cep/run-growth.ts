import type { Automaton } from './automaton.ts'
import { rowStops, rowTakes } from './automaton.ts'
import { GuardCheck } from './guard-check.ts'

/** What the runs of one pattern may come to, for one actor, if each of so many events does its worst. */
export interface RunGrowth {
  /** Open runs after the last event. */
  readonly runs: number
  /** Events that these and the matches have taken, counted as in `runEventsPerPatternMax`. */
  readonly runEvents: number
  /** Matches that the last event completes. */
  readonly matches: number
}

/**
 * Follows all that a run can become: at each event the conditions that its state asks may hold or not, as is worst. Each run chooses for
 * itself, so this is an upper bound, reached where conditions allow it. What skip strategies discard is not taken off.
 * @param events so many, one after the other, within all windows
 * @returns numbers that no bound was put on
 */
export function growthOf(automaton: Automaton, events: number): RunGrowth {
  const choices = Array.from({ length: automaton.states }, (_, state) => choicesOf(automaton, state))
  const worst = (state: number, of: (choice: Choice) => number): number => Math.max(...choices[state].map(of))
  // By state of a run now: what it comes to after 0, 1, 2 … further events.
  let runs = choices.map(() => 1)
  let runEvents = choices.map(() => 0)
  let matches = choices.map(() => 0)
  const total = { runs: 0, runEvents: 0, matches: 0 }
  for (let further = 0; further < events; further++) {
    // A run that the event `further` before the last begins. The initial state is never returned to.
    total.runs += worst(0, ({ targets }) => sumOf(runs, targets))
    total.runEvents += worst(0, ({ targets, takes }) => takes + sumOf(runEvents, targets))
    total.matches += worst(0, (choice) => (further === 0 ? choice.matches : sumOf(matches, choice.targets)))
    const [runsNow, runEventsNow, matchesNow] = [runs, runEvents, matches]
    const states = choices.map((_, state) => state)
    runs = states.map((state) => worst(state, ({ targets }) => sumOf(runsNow, targets)))
    runEvents = states.map((state) => worst(state, ({ targets, takes }) => takes + sumOf(runEventsNow, targets)))
    matches = states.map((state) =>
      worst(state, (choice) => (further === 0 ? choice.matches : sumOf(matchesNow, choice.targets))),
    )
  }
  return total
}

const sumOf = (values: readonly number[], states: readonly number[]): number =>
  states.reduce((sum, state) => sum + values[state], 0)

/** What an event may do to a run. */
interface Choice {
  /** States in which what it becomes waits on. */
  readonly targets: readonly number[]
  readonly takes: number
  readonly matches: number
}

function choicesOf(automaton: Automaton, state: number): readonly Choice[] {
  const asked = [...conditionsOf(automaton, state)]
  if (asked.length > triedConditionsMax) return [choiceOf(automaton, state, () => true, true)]
  const found = new Map<string, Choice>()
  for (let answers = 0; answers < 2 ** asked.length; answers++) {
    const holds = new Set(asked.filter((_, i) => (answers & (1 << i)) !== 0))
    const check = new GuardCheck(automaton, { holds: (condition) => holds.has(condition) })
    check.nextEvent()
    const choice = choiceOf(automaton, state, (from, to) => check.holds(from, to), false)
    found.set(JSON.stringify(choice), choice)
  }
  return [...found.values()]
}

/** @param endures what forbids an event is left out of account, as it may hold or not */
function choiceOf(
  { rowsFrom, rows, endFrom }: Automaton,
  state: number,
  holds: (from: number, to: number) => boolean,
  endures: boolean,
): Choice {
  const targets: number[] = []
  let takes = 0
  let matches = 0
  let isStopped = false
  for (let row = rowsFrom[state]; row < rowsFrom[state + 1]; row++) {
    if (!holds(rows.guardFrom[row], rows.guardTo[row])) continue
    if (rows.action[row] === rowStops) {
      isStopped ||= !endures
      continue
    }
    if (rows.action[row] === rowTakes) takes++
    if (rows.target[row] !== 0) targets.push(rows.target[row])
    for (let end = rows.endsFrom[row]; end < rows.endsTo[row]; end++)
      if (holds(endFrom[end], endFrom[end + 1])) {
        matches++
        break
      }
  }
  return { targets: isStopped ? [] : targets.sort((a, b) => a - b), takes, matches }
}

/** Numbers that a judge is asked by, for the rows of a state and their ends. */
function conditionsOf({ rowsFrom, rows, endFrom, literals, conditions }: Automaton, state: number): Set<number> {
  const asked = new Set<number>()
  const add = (from: number, to: number): void => {
    for (let i = from; i < to; i++) asked.add(conditions[literals[i] >>> 2])
  }
  for (let row = rowsFrom[state]; row < rowsFrom[state + 1]; row++) {
    add(rows.guardFrom[row], rows.guardTo[row])
    for (let end = rows.endsFrom[row]; end < rows.endsTo[row]; end++) add(endFrom[end], endFrom[end + 1])
  }
  return asked
}

/** All answers to so many conditions are tried. A state that asks more is taken to do all at once that it ever does. */
const triedConditionsMax = 8
