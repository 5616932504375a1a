import { limits } from '#shared/domain/limits'
import type { State } from './graph.ts'
import type { Guard } from './guard.ts'
import { both, simplified } from './guard.ts'
import type { Pattern } from './pattern.ts'
import { numberedSteps } from './pattern.ts'

/**
 * A pattern compiled into tables, immutable and shared by all actors. State 0 is where runs begin; the others are those in which
 * a run can wait for its next event. What a state does with an event is a list of rows that is gone through from first to last;
 * all paths of `proceed` edges are spelled out in them.
 */
export interface Automaton {
  readonly states: number
  /** Steps as numbered by `numberedSteps`. */
  readonly steps: number
  /** Conditions by the number that they have in here: their number in the pattern. */
  readonly conditions: Uint32Array
  /** 1 where the condition reads what the run has taken. */
  readonly readsTaken: Uint8Array
  /** Rows of state s: from rowsFrom[s] to before rowsFrom[s + 1]. */
  readonly rowsFrom: Uint32Array
  readonly rows: Rows
  /** Guards one after the other: literals as in `encodeLiteral`. */
  readonly literals: Uint32Array
  /** Guards of which one must hold for a row to complete a match: from endFrom[e] to before endFrom[e + 1] in `literals`. */
  readonly endFrom: Uint32Array
  /** 1 where a run that runs out of time is a match. */
  readonly isPending: Uint8Array
  /** Limit since the last event in ms by state; Infinity: none. */
  readonly gapMs: Float64Array
  readonly hasGaps: boolean
  readonly hasPending: boolean
  /** Limit since the first event in ms; Infinity: none. */
  readonly windowMs: number
  /** The most events that one run can take at one event. */
  readonly takesMax: number
  /** The same events in the same steps may be a match at several instants. */
  readonly canFindAgain: boolean
  readonly skip: 'none' | 'next' | 'past-last' | 'to-first' | 'to-last'
  /** For to-first and to-last. */
  readonly skipStep: number
  readonly skipMissIsError: boolean
}

/** Parallel columns. */
export interface Rows {
  /** `rowTakes`, `rowPasses` or `rowStops`. */
  readonly action: Uint8Array
  readonly guardFrom: Uint32Array
  readonly guardTo: Uint32Array
  /** Step of an event taken. */
  readonly step: Uint32Array
  /** State in which the run waits on; 0: it does not, since no run returns to the beginning. */
  readonly target: Uint32Array
  /** The ends of a match that the row completes as well: from endsFrom to before endsTo. */
  readonly endsFrom: Uint32Array
  readonly endsTo: Uint32Array
}

export const rowTakes = 0
const rowPasses = 1
export const rowStops = 2

/** Number of the condition, whether it must not hold, whether its clause ends here. */
function encodeLiteral(condition: number, isNegated: boolean, endsClause: boolean): number {
  return condition * 4 + (isNegated ? 2 : 0) + (endsClause ? 1 : 0)
}

interface Row {
  readonly action: number
  readonly guard: Guard
  readonly step: number
  readonly target: State
  readonly ends: readonly Guard[]
}

/** Steps that may be left out one after the other, in loops or in groups, multiply the ways through a pattern. */
export class TooManyWaysError extends Error {
  override readonly name = 'TooManyWaysError'

  constructor() {
    super(`there are more than ${limits.waysPerPatternMax} ways through the pattern`)
  }
}

/** Called by `compile`, which see. */
export function compileAutomaton(
  pattern: Pattern,
  start: State,
  readsTaken: (condition: number) => boolean,
): Automaton {
  const states: State[] = [start]
  const rowsOf: (readonly Row[])[] = []
  let ways = 0
  for (const state of states) {
    const rows = rowsFrom(state)
    rowsOf.push(rows)
    ways += rows.length
    if (ways > limits.waysPerPatternMax) throw new TooManyWaysError()
    for (const { target } of rows) if (canWait(target) && !states.includes(target)) states.push(target)
  }
  const tables = encode(rowsOf, states)
  const { skip } = pattern
  const names = numberedSteps(pattern).map((step) => step.name)
  return {
    ...tables,
    states: states.length,
    steps: names.length,
    readsTaken: Uint8Array.from(tables.conditions, (condition) => (readsTaken(condition) ? 1 : 0)),
    isPending: Uint8Array.from(states, (state) => (state.kind === 'pending' ? 1 : 0)),
    gapMs: Float64Array.from(states, (state) => (state.gapMs > 0 && state.kind !== 'start' ? state.gapMs : Infinity)),
    hasGaps: states.some((state) => state.gapMs > 0 && state.kind !== 'start'),
    hasPending: states.some((state) => state.kind === 'pending'),
    windowMs: (pattern.withinMs ?? 0) > 0 ? pattern.withinMs! : Infinity,
    takesMax: Math.max(...rowsOf.map((rows) => rows.filter((row) => row.action === rowTakes).length)),
    canFindAgain: canFindAgain(states, rowsOf),
    skip: skip.strategy,
    skipStep: 'step' in skip ? names.indexOf(skip.step) : -1,
    skipMissIsError: 'step' in skip && skip.onMissError,
  }
}

/**
 * At each event that is passed over before a closing `notNext`; at an event and by time; or by time, where limits differ, or where a run that
 * passes over an event begins to wait for its absence once more.
 */
function canFindAgain(states: readonly State[], rowsOf: readonly (readonly Row[])[]): boolean {
  const completes = (by: number): boolean =>
    rowsOf.some((rows) => rows.some(({ action, ends }) => action === by && ends.length > 0))
  const pending = states.filter(({ kind }) => kind === 'pending')
  const limitsOfPending = new Set(pending.map(({ gapMs }) => gapMs))
  const beginsToWait = states.some((state, i) =>
    rowsOf[i].some(({ action, target }) => action === rowPasses && target.kind === 'pending' && target !== state),
  )
  return completes(rowPasses) || (pending.length > 0 && completes(rowTakes)) || limitsOfPending.size > 1 || beginsToWait
}

function canWait(state: State): boolean {
  return state.kind === 'normal' || state.kind === 'pending'
}

/** All that a state can do with one event, in the order in which a stack finds it: own edges, then what was last proceeded to. */
function rowsFrom(state: State): readonly Row[] {
  const rows: Row[] = []
  for (const { at, guard } of reachable(state)) {
    for (const edge of at.edges) {
      const whole = edge.action === 'proceed' ? null : simplified(both(guard, edge.guard))
      if (whole === null) continue
      const { target } = edge
      if (at.kind === 'stop') rows.push({ action: rowStops, guard: whole, step: 0, target, ends: [] })
      else if (edge.action === 'take')
        rows.push({ action: rowTakes, guard: whole, step: at.step, target, ends: endsFrom(target) })
      // A run begins with an event, so before it nothing is passed over.
      else if (state.kind !== 'start')
        rows.push({ action: rowPasses, guard: whole, step: 0, target, ends: target.kind === 'final' ? [[]] : [] })
    }
  }
  return rows
}

/** How a match can be complete although the run may wait on: the ways from the state to the end that take no event. */
function endsFrom(state: State): readonly Guard[] {
  if (state.kind === 'final') return [[]]
  const ends = reachable(state)
    .filter(({ at }) => at.kind === 'final')
    .map(({ guard }) => simplified(guard))
    .filter((guard) => guard !== null)
  return ends.some((guard) => guard.length === 0) ? [[]] : ends
}

interface Path {
  readonly at: State
  readonly guard: Guard
  readonly states: readonly State[]
}

/**
 * Every way through `proceed` edges, without those that go in circles: in a loop over a group of which all steps are optional,
 * another round without an event is no other way.
 */
function reachable(from: State): readonly Path[] {
  const found: Path[] = []
  const stack: Path[] = [{ at: from, guard: [], states: [from] }]
  for (let path = stack.pop(); path !== undefined; path = stack.pop()) {
    found.push(path)
    if (found.length > limits.waysPerPatternMax) throw new TooManyWaysError()
    for (const { action, target, guard } of path.at.edges) {
      if (action !== 'proceed' || path.states.includes(target)) continue
      const whole = both(path.guard, guard)
      if (simplified(whole) !== null) stack.push({ at: target, guard: whole, states: [...path.states, target] })
    }
  }
  return found
}

type Tables = Pick<Automaton, 'conditions' | 'rowsFrom' | 'rows' | 'literals' | 'endFrom'>

function encode(rowsOf: readonly (readonly Row[])[], states: readonly State[]): Tables {
  const conditions: number[] = []
  const literals: number[] = []
  const endFrom = [0]
  const all = rowsOf.flat()
  const columns = {
    guardFrom: [] as number[],
    guardTo: [] as number[],
    endsFrom: [] as number[],
    endsTo: [] as number[],
  }
  const append = (guard: Guard): void => {
    for (const clause of guard)
      clause.forEach((literal, index) => {
        const condition = Math.abs(literal) - 1
        if (!conditions.includes(condition)) conditions.push(condition)
        literals.push(encodeLiteral(conditions.indexOf(condition), literal < 0, index === clause.length - 1))
      })
  }
  const ends: Guard[] = []
  for (const row of all) {
    columns.guardFrom.push(literals.length)
    append(row.guard)
    columns.guardTo.push(literals.length)
    columns.endsFrom.push(ends.length)
    ends.push(...row.ends)
    columns.endsTo.push(ends.length)
  }
  endFrom[0] = literals.length
  for (const guard of ends) {
    append(guard)
    endFrom.push(literals.length)
  }
  let count = 0
  return {
    conditions: Uint32Array.from(conditions),
    literals: Uint32Array.from(literals),
    endFrom: Uint32Array.from(endFrom),
    rowsFrom: Uint32Array.from([0, ...rowsOf.map((rows) => (count += rows.length))]),
    rows: {
      action: Uint8Array.from(all, (row) => row.action),
      step: Uint32Array.from(all, (row) => row.step),
      target: Uint32Array.from(all, (row) => (canWait(row.target) ? states.indexOf(row.target) : 0)),
      guardFrom: Uint32Array.from(columns.guardFrom),
      guardTo: Uint32Array.from(columns.guardTo),
      endsFrom: Uint32Array.from(columns.endsFrom),
      endsTo: Uint32Array.from(columns.endsTo),
    },
  }
}
