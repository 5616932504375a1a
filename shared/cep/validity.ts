import type { Element, Pattern } from './pattern.ts'
import { isLoop, isNegation } from './pattern.ts'

/** Why a pattern is refused. Contract: the codes are part of the rule language. */
export type PatternProblemCode =
  | 'bad-times'
  | 'duplicate-step-name'
  | 'unknown-skip-step'
  | 'until-without-loop'
  | 'quantifier-on-negation'
  | 'optional-negation'
  | 'trailing-notFollowedBy-without-window'
  | 'gap-longer-than-window'

export interface PatternProblem {
  readonly code: PatternProblemCode
  /** The element that is at fault: indexes into `steps`, from the outside in. Empty: the pattern itself. */
  readonly path: readonly number[]
  readonly message: string
  readonly hint: string
}

export interface PatternValidity {
  /** In the order of the elements; empty: the pattern may be compiled. */
  readonly problems: readonly PatternProblem[]
  /** The pattern could be satisfied without any event. Such a match is never reported; worth a warning. */
  readonly canBeEmpty: boolean
  /** Limit from the first to the last event, 0: none. */
  readonly windowMs: number
}

/** Checks a pattern that was read from a file. Never throws; every problem is reported, not only the first. */
export function checkPattern(pattern: Pattern): PatternValidity {
  const windowMs = pattern.withinMs ?? 0
  const checks: Checks = { windowMs, names: new Set(), problems: [] }
  checkSequence(pattern.steps, [], checks)
  checkTrailingAbsence(pattern, checks)
  checkSkip(pattern, checks)
  return { problems: checks.problems, canBeEmpty: pattern.steps.every(canBeEmpty), windowMs }
}

interface Checks {
  readonly windowMs: number
  readonly names: Set<string>
  readonly problems: PatternProblem[]
}

function checkSequence(elements: readonly Element[], path: readonly number[], checks: Checks): void {
  elements.forEach((element, index) => {
    const here = [...path, index]
    checkName(element, here, checks)
    if (isNegation(element)) checkNegation(element, elements[index - 1], here, checks)
    else checkTimes(element, here, checks)
    checkUntil(element, here, checks)
    checkLimits(element, here, checks)
    if (element.kind === 'group') checkSequence(element.steps, here, checks)
  })
}

function checkName(element: Element, path: readonly number[], checks: Checks): void {
  if (element.kind === 'group' && element.name === '') return
  if (checks.names.has(element.name))
    checks.problems.push({
      code: 'duplicate-step-name',
      path,
      message: `two steps are called "${element.name}"`,
      hint: 'expressions and alerts tell steps apart by their names: rename one of them',
    })
  checks.names.add(element.name)
}

function checkNegation(element: Element, before: Element | undefined, path: readonly number[], checks: Checks): void {
  if (element.times !== null || element.greedy)
    checks.problems.push({
      code: 'quantifier-on-negation',
      path,
      message: `"${element.name}" is an absence and cannot be counted`,
      hint: 'leave out "times" and "greedy": one event is enough to break an absence',
    })
  if (element.optional)
    checks.problems.push({
      code: 'optional-negation',
      path,
      message: `"${element.name}" is an absence and cannot be optional`,
      hint: 'an absence that may be broken says nothing: leave out "optional", or the step',
    })
  else if (before?.optional === true)
    checks.problems.push({
      code: 'optional-negation',
      path,
      message: `the absence "${element.name}" follows the optional "${before.name}"`,
      hint: 'write two rules, one with the optional part and one without it',
    })
}

function checkTimes(element: Element, path: readonly number[], checks: Checks): void {
  if (element.times === null) return
  const { from, to } = element.times
  const isCount = (n: number): boolean => Number.isInteger(n) && n >= 1
  if (!isCount(from) || (to !== null && !isCount(to)))
    checks.problems.push({
      code: 'bad-times',
      path,
      message: `"${element.name}" must be taken at least once, not ${from}${to === null || to === from ? '' : `..${to}`} times`,
      hint: 'for zero or more write "times: 1+" with "optional: true"',
    })
  else if (to !== null && to < from)
    checks.problems.push({
      code: 'bad-times',
      path,
      message: `the upper end ${to} of "${element.name}" is below the lower end ${from}`,
      hint: `write "times: ${to}..${from}" or "times: ${from}+"`,
    })
}

function checkUntil(element: Element, path: readonly number[], checks: Checks): void {
  if (element.until < 0 || isLoop(element)) return
  checks.problems.push({
    code: 'until-without-loop',
    path,
    message: `"until" ends a loop, and "${element.name}" has ${element.times === null ? 'none' : 'an upper end already'}`,
    hint: 'write "times: 1+", or move the condition into "where"',
  })
}

function checkLimits(element: Element, path: readonly number[], checks: Checks): void {
  if (checks.windowMs <= 0) return
  for (const [limit, ms] of [
    ['gap', element.gapMs],
    ['within', element.withinMs],
  ] as const) {
    if (ms === null || ms <= checks.windowMs) continue
    checks.problems.push({
      code: 'gap-longer-than-window',
      path,
      message: `"${limit}" of "${element.name}" is ${ms} ms, longer than the ${checks.windowMs} ms for the whole pattern`,
      hint: `shorten "${limit}" or raise the pattern's "within"`,
    })
  }
}

/** Looks into a group that stands last, too: without a limit its absence would be dropped without a word. */
function checkTrailingAbsence(pattern: Pattern, checks: Checks): void {
  if (checks.windowMs > 0) return
  const path: number[] = []
  let last: Element | undefined
  for (let elements = pattern.steps; elements.length > 0; elements = last.kind === 'group' ? last.steps : []) {
    path.push(elements.length - 1)
    last = elements[elements.length - 1]!
  }
  if (last?.contiguity !== 'notFollowedBy' || (last.withinMs ?? 0) > 0) return
  checks.problems.push({
    code: 'trailing-notFollowedBy-without-window',
    path,
    message: `the pattern ends in the absence "${last.name}" but nothing says for how long`,
    hint: `give "${last.name}" or the pattern a "within"`,
  })
}

/** Only steps of the outermost sequence can be skipped to, as in Flink. */
function checkSkip(pattern: Pattern, checks: Checks): void {
  const { skip } = pattern
  if (skip.strategy !== 'to-first' && skip.strategy !== 'to-last') return
  const candidates = pattern.steps.filter((element) => element.kind === 'step').map((step) => step.name)
  if (candidates.includes(skip.step)) return
  checks.problems.push({
    code: 'unknown-skip-step',
    path: [],
    message: `"skip" names the step "${skip.step}", which ${
      checks.names.has(skip.step) ? 'is a group or inside one' : 'does not exist'
    }`,
    hint: `name one of: ${candidates.join(', ')}`,
  })
}

function canBeEmpty(element: Element, index: number, sequence: readonly Element[]): boolean {
  if (element.contiguity === 'notFollowedBy' || element.contiguity === 'notNext') return index < sequence.length - 1
  return element.optional || (element.kind === 'group' && element.steps.every(canBeEmpty))
}
