import { compile } from '#shared/cep/compile'
import { operationsPerMatch, operationsPerMatchEvent, operationsPerRun } from '#shared/cep/operations'
import type { Element, Pattern } from '#shared/cep/pattern'
import { growthOf } from '#shared/cep/run-growth'
import { limits } from '#shared/domain/limits'
import { readsRun } from '#shared/rule-language/analysis'
import { type Expression, operands } from '#shared/rule-language/expression'
import { operationsOnRecord } from '#shared/rule-language/operation-count'
import type { PatternBody } from '#shared/rule-language/rule-set'
import { runBytes } from './state-bytes.ts'

/** What the runs of a pattern may come to at the last of so many events, each of which does its worst. */
export interface PatternCost {
  /** Open runs, as if no bound were put on them. */
  readonly runs: number
  /** Matches that one event completes, likewise. */
  readonly matches: number
  /** Within the bounds on runs, as fuel counts them. */
  readonly operations: number
  /** Bytes of open runs within the bounds. */
  readonly bytes: number
}

export function patternCost({ pattern, conditions }: PatternBody, events: number): PatternCost {
  const automaton = compile(pattern, (condition) => readsRun(conditions[condition]))
  const { runs, runEvents, matches } = growthOf(automaton, events)
  const before = Math.min(growthOf(automaton, events - 1).runs, limits.runsPerPatternMax)
  const open = Math.min(runs, limits.runsPerPatternMax)
  // Of a run that has taken all events: to count those of a step, to read them, to find a step to skip to.
  const asked = conditions.filter(readsRun)
  const perRun =
    operationsPerRun(automaton) +
    automaton.takesMax * events +
    asked.reduce((sum, condition) => sum + operationsOnRecord(condition) + walksIn(condition) * events, 0)
  const told = Math.min(matches, (before + 1) * automaton.takesMax)
  const perMatch = operationsPerMatch + (operationsPerMatchEvent + 2) * events
  return {
    runs,
    matches,
    operations: (before + 1) * perRun + told * perMatch,
    bytes: runBytes({ runs: open, runEvents: Math.min(runEvents, open * events, limits.runEventsPerPatternMax) }),
  }
}

/** How often judging a condition goes through what the run has taken. */
function walksIn(e: Expression): number {
  const own = e.op === 'step-aggregate' ? 4 : e.op === 'step-element' ? 2 : 0
  return operands(e).reduce((sum, operand) => sum + walksIn(operand), own)
}

/** Indexes into the steps of the pattern, then into those of groups. */
export type StepPath = readonly number[]

/** The pattern with one of its elements taken once, in the plainest way; undefined: it is plain already. */
export function withPlain(pattern: Pattern, path: StepPath): Pattern | undefined {
  const steps = plainAt(pattern.steps, path)
  return steps === undefined ? undefined : { ...pattern, steps }
}

function plainAt(elements: readonly Element[], [index, ...rest]: StepPath): readonly Element[] | undefined {
  const element = elements[index]
  let changed: Element | undefined
  if (rest.length === 0) changed = plain(element)
  else if (element.kind === 'group') {
    const steps = plainAt(element.steps, rest)
    changed = steps && { ...element, steps }
  }
  return changed && elements.map((other, i) => (i === index ? changed : other))
}

function plain(element: Element): Element | undefined {
  const isPlain = element.times === null && !element.optional && element.contiguity !== 'followedByAny'
  if (isPlain) return undefined
  const contiguity = element.contiguity === 'followedByAny' ? 'followedBy' : element.contiguity
  return {
    ...element,
    contiguity,
    times: null,
    optional: false,
    greedy: false,
    until: -1,
    gapMs: null,
    inner: 'relaxed',
  }
}

/** All elements, groups before what is in them. */
export function pathsOf(elements: readonly Element[], above: StepPath = []): readonly StepPath[] {
  return elements.flatMap((element, index) => {
    const path = [...above, index]
    return element.kind === 'group' ? [path, ...pathsOf(element.steps, path)] : [path]
  })
}

export function elementAt(pattern: Pattern, path: StepPath): Element {
  let elements = pattern.steps
  let element = elements[path[0]]
  for (const index of path) {
    element = elements[index]
    elements = element.kind === 'group' ? element.steps : []
  }
  return element
}
