import { limits } from '#shared/domain/limits'
import type { Diagnostic } from '#shared/rule-language/diagnostic'
import { type Expression, operands } from '#shared/rule-language/expression'
import type { Rule, SourcePosition } from '#shared/rule-language/rule-set'
import type { Construct, RuleCost } from './rule-cost.ts'

/**
 * What is to be said of the costs of rules, by rule: an error where a rule costs more than any may, a warning where its runs may come to
 * a bound although the account is no busier than others.
 */
export const checkCosts = (costs: readonly RuleCost[]): readonly Diagnostic[] =>
  costs.flatMap((cost) => [
    ...tooCostly(cost),
    ...tooMuchMemory(cost),
    ...withoutWindow(cost),
    ...multiplyingRuns(cost),
    ...manyMatches(cost),
  ])

function tooCostly({ rule, workPerEvent, dearestWork }: RuleCost): readonly Diagnostic[] {
  if (workPerEvent.withoutRuns <= limits.operationsPerEventMax) return []
  return [
    diagnostic(rule, dearestWork.place, {
      severity: 'error',
      code: 'too-costly',
      message: `one event may cost this rule ${whole(workPerEvent.withoutRuns)} operations; at most ${whole(limits.operationsPerEventMax)} are taken. Dearest is ${dearestWork.name}`,
      hint: expressionsOf(rule).some(nestsLists)
        ? 'it goes through a list for each element of a list: compare the elements with constants, as in tags.exists(t, t in ["a", "b"])'
        : 'it asks much of each element of a list: write x in ["a", "b"] in place of x == "a" || x == "b"',
    }),
  ]
}

function tooMuchMemory({ rule, bytesPerAccount, dearestBytes }: RuleCost): readonly Diagnostic[] {
  const { atEvents, events } = bytesPerAccount
  if (atEvents <= limits.bytesPerAccountMax) return []
  return [
    diagnostic(rule, dearestBytes.place, {
      severity: 'error',
      code: 'too-much-memory',
      message: `an account with ${events} events costs this rule ${whole(atEvents)} bytes; at most ${whole(limits.bytesPerAccountMax)} are taken. Dearest is ${dearestBytes.name}`,
      hint: memoryHints[dearestBytes.kind],
    }),
  ]
}

const memoryHints: Readonly<Record<Construct['kind'], string>> = {
  where: 'split the rule into several of one scenario',
  feature: 'leave out features, or split the rule into several of one scenario',
  when: 'compare fields with constants where you can: such a condition is kept as one bit, a field that is compared with a feature in 8 bytes of each event',
  steps:
    'compare fields with constants where you can: such a condition is kept as one bit, a field that is compared with a step in 8 bytes of each event',
  runs: 'shorten "within"',
  message: 'name fewer fields in the message: a text is kept in 72 bytes of each event, a number in 8',
}

function withoutWindow({ rule }: RuleCost): readonly Diagnostic[] {
  const { body, places } = rule
  if (body.kind !== 'pattern' || (body.pattern.withinMs ?? 0) > 0) return []
  // One event is a match at once; nothing waits.
  if (body.pattern.steps.length === 1 && body.pattern.steps[0].times === null && body.pattern.steps[0].kind === 'step')
    return []
  return [
    diagnostic(rule, places.body, {
      severity: 'warning',
      code: 'endless-runs',
      message: `nothing ends what begins this pattern and does not complete it: an account keeps up to ${whole(limits.runsPerPatternMax)} runs for ever, and then begins no more`,
      hint: 'add within: 1h, or as long as the fraud takes',
    }),
  ]
}

function multiplyingRuns({ rule, workPerEvent, bytesPerAccount, runs }: RuleCost): readonly Diagnostic[] {
  if (runs === undefined || workPerEvent.runs < limits.runsPerPatternMax) return []
  return [
    diagnostic(rule, runs.place, {
      severity: 'warning',
      code: 'runs-multiply',
      message: `${bytesPerAccount.events} events may open more than the ${whole(limits.runsPerPatternMax)} runs that are kept for an account: further ones are refused, and counted. Dearest are ${runs.name}`,
      hint: runs.remedy,
    }),
  ]
}

function manyMatches({ rule, workPerEvent, bytesPerAccount, runs }: RuleCost): readonly Diagnostic[] {
  const { body } = rule
  if (body.kind !== 'pattern' || body.pattern.skip.strategy !== 'none' || runs === undefined) return []
  if (workPerEvent.matches <= matchesMax || workPerEvent.runs >= limits.runsPerPatternMax) return []
  return [
    diagnostic(rule, runs.place, {
      severity: 'warning',
      code: 'many-matches',
      message: `one event may complete ${whole(workPerEvent.matches)} matches after ${bytesPerAccount.events - 1} others, and thousands on a busier account: the rule is faulted where an event costs too much`,
      hint: 'add skip: past-last, and one event raises one alert',
    }),
  ]
}

/** Nobody reads so many alerts of one event. */
const matchesMax = 100

function diagnostic(
  rule: Rule,
  { line, column }: SourcePosition,
  said: Pick<Diagnostic, 'severity' | 'code' | 'message' | 'hint'>,
): Diagnostic {
  return { file: rule.places.file, line, column, ...said }
}

function expressionsOf({ where, features, body, message = [] }: Rule): readonly Expression[] {
  const conditions = body.kind === 'condition' ? [body.when] : body.conditions
  const all = [where, ...features.flatMap((feature) => [feature.where, feature.of]), ...conditions, ...message]
  return all.filter((e) => e !== undefined && typeof e !== 'string')
}

const isMacro = ({ op }: Expression): boolean => op === 'exists' || op === 'all' || op === 'exists-one'

const holdsMacro = (e: Expression): boolean => isMacro(e) || operands(e).some(holdsMacro)

const nestsLists = (e: Expression): boolean =>
  (isMacro(e) && operands(e).some(holdsMacro)) || operands(e).some(nestsLists)

const whole = (count: number): string => count.toLocaleString('en')
