import type { Element, Pattern, Skip } from '../pattern.ts'
import { numberedSteps } from '../pattern.ts'
import { conditionText, type PatternCase } from './pattern-case.ts'

/** A case as the files that `vigil replay` takes. */
export interface CaseFiles {
  readonly events: string
  readonly rule: string
  /** The cards of the account, with ids that count from 1, and a tick of another account to which time goes on. */
  readonly stream: readonly StreamEvent[]
}

export function filesOf(given: PatternCase): CaseFiles {
  return { events: eventsText, rule: ruleText(given), stream: streamOf(given) }
}

function streamOf({ cards, until }: PatternCase): readonly StreamEvent[] {
  const events = cards.map((card, index) => ({ id: String(index + 1), type: 'card', account: 'A', ...card }))
  return [...events, { id: 'end', type: 'tick', account: 'clock', at: until }]
}

export interface StreamEvent {
  readonly id: string
  readonly type: string
  readonly account: string
  readonly at: number
  readonly [field: string]: unknown
}

const eventsText = `events:
  card:
    fields: { account: string, merchant: string, amount: int }
    keys: { account: account }
  tick:
    fields: { account: string }
    keys: { account: account }
`

function ruleText(given: PatternCase): string {
  const { steps, withinMs, skip } = given.pattern
  return [
    'rule: found',
    'on: card',
    'score: 50',
    'severity: low',
    'pattern:',
    ...steps.flatMap((element, index) => elementLines(element, index, given).map((line) => `  ${line}`)),
    ...(withinMs === null || withinMs <= 0 ? [] : [`within: ${withinMs}ms`]),
    ...(skip.strategy === 'none' ? [] : [`skip: ${skipText(skip)}`]),
    '',
  ].join('\n')
}

function elementLines(element: Element, index: number, given: PatternCase): readonly string[] {
  const { name, contiguity, times, inner, optional, greedy, until, gapMs, withinMs } = element
  const lines = [
    `${index === 0 ? 'begin' : contiguity}: ${name}`,
    ...(element.kind === 'step' && element.where >= 0 ? [`where: ${condition(element.where, given)}`] : []),
    ...(times === null ? [] : [`times: ${timesText(times)}`]),
    ...(inner === 'relaxed' ? [] : [`inner: ${inner}`]),
    ...(optional ? ['optional: true'] : []),
    ...(greedy ? ['greedy: true'] : []),
    ...(until < 0 ? [] : [`until: ${condition(until, given)}`]),
    ...(gapMs === null ? [] : [`gap: ${gapMs}ms`]),
    ...(withinMs === null ? [] : [`within: ${withinMs}ms`]),
    ...(element.kind === 'step'
      ? []
      : ['group:', ...element.steps.flatMap((inside, i) => elementLines(inside, i, given).map((line) => `  ${line}`))]),
  ]
  return lines.map((line, i) => `${i === 0 ? '- ' : '  '}${line}`)
}

function condition(number: number, { pattern, conditions }: PatternCase): string {
  return `'${conditionText(conditions[number], (step) => stepName(pattern, step))}'`
}

export function stepName(pattern: Pattern, step: number): string {
  return numberedSteps(pattern)[step].name
}

function timesText({ from, to }: NonNullable<Element['times']>): string {
  if (to === null) return `${from}+`
  return from === to ? String(from) : `${from}..${to}`
}

function skipText(skip: Skip): string {
  if (!('step' in skip)) return skip.strategy
  return `{ ${skip.strategy}: ${skip.step}${skip.onMissError ? ', on-miss: error' : ''} }`
}
