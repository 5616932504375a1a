import { contiguities, type StepText } from './pattern-shape.ts'
import type { RuleText } from './rule-shape.ts'
import type { Located } from './shape.ts'

/** What a rule asks for, in one line as its author wrote it: explanations of alerts quote it. */
export function writtenCondition({ when, pattern, within }: RuleText): string {
  if (when !== undefined) return inOneLine(when.value.text)
  const limit = within === undefined ? '' : `, within ${within.value / 1000} s`
  return `${writtenSteps(pattern?.value ?? [])}${limit}`
}

const writtenSteps = (steps: readonly Located<StepText>[]): string =>
  steps.map(({ value }) => writtenStep(value)).join(', ')

function writtenStep(step: StepText): string {
  const kind = contiguities.find((contiguity) => step[contiguity] !== undefined) ?? 'begin'
  const times = step.times === undefined ? '' : ` × ${timesText(step.times.value)}`
  const where = step.where === undefined ? '' : ` (${inOneLine(step.where.value.text)})`
  const group = step.group === undefined ? '' : ` [${writtenSteps(step.group.value)}]`
  return `${kind} ${step[kind]?.value ?? ''}${times}${where}${group}`
}

const timesText = ({ from, to }: { readonly from: number; readonly to: number | null }): string =>
  to === null ? `${from}+` : to === from ? `${from}` : `${from}..${to}`

const inOneLine = (text: string): string => text.trim().replaceAll(/\s+/g, ' ')
