/**
 * A pattern as data: names are kept for people, conditions are numbers that the caller gives a meaning. The semantics are those
 * of Apache Flink CEP. `validity.ts` says whether a pattern makes sense, `compile.ts` turns it into an automaton.
 */
export interface Pattern {
  readonly steps: readonly Element[]
  /** Limit from the first to the last event in ms, half open; null or 0: none. */
  readonly withinMs: number | null
  readonly skip: Skip
}

export type Element = Step | Group

/** How an element stands to the one before. The first element of a sequence is `begin`. */
export type Contiguity = 'begin' | 'next' | 'followedBy' | 'followedByAny' | 'notNext' | 'notFollowedBy'

/** How the events of one step, or the rounds of a group, stand to each other. */
export type Inner = 'strict' | 'relaxed' | 'any'

/** `to: null` has no upper end. Zero or more is `from: 1` with `optional`. */
export interface Times {
  readonly from: number
  readonly to: number | null
}

interface Quantified {
  readonly name: string
  readonly contiguity: Contiguity
  /** null: exactly one, without being a loop of one. */
  readonly times: Times | null
  readonly inner: Inner
  readonly optional: boolean
  /** Has no effect on a group. */
  readonly greedy: boolean
  /** Number of the condition that ends a loop without an upper end; -1: none. */
  readonly until: number
  /** Limit between the events of a loop in ms (Flink: the window of `times`); null: none. */
  readonly gapMs: number | null
  /** Limit since the run's previous event in ms (Flink: previous-current); null: none. Without effect beside `times`. */
  readonly withinMs: number | null
}

export interface Step extends Quantified {
  readonly kind: 'step'
  /** Number of the condition; -1: every event. */
  readonly where: number
}

export interface Group extends Quantified {
  readonly kind: 'group'
  readonly steps: readonly Element[]
}

/** What a match discards of the runs and waiting matches that started before it was over. */
export type Skip =
  | { readonly strategy: 'none' | 'next' | 'past-last' }
  | {
      readonly strategy: 'to-first' | 'to-last'
      readonly step: string
      /** A match without that step, or that starts with it, is a fault. */
      readonly onMissError: boolean
    }

export function isNegation(element: Element): boolean {
  return element.contiguity === 'notNext' || element.contiguity === 'notFollowedBy'
}

/** True for a step or group without an upper end. */
export function isLoop(element: Element): boolean {
  return element.times !== null && element.times.to === null
}

/**
 * All steps, those of groups in their place, negations too. The index of a step here is its number everywhere: in `Taken`, in
 * reported matches and in expressions. Groups have no number.
 */
export function numberedSteps(pattern: Pattern): readonly Step[] {
  const steps: Step[] = []
  const visit = (element: Element): void => {
    if (element.kind === 'step') steps.push(element)
    else element.steps.forEach(visit)
  }
  pattern.steps.forEach(visit)
  return steps
}
