import { type Expression, operands } from './expression.ts'
import { headOf, type NumberedStep } from './numbered-steps.ts'
import type { StepText } from './pattern-shape.ts'
import type { Located } from './shape.ts'
import type { ExpressionText } from './shape-scalars.ts'
import type { Problems } from './source-file.ts'

/**
 * Warns of a condition that asks for a step which comes later and has taken nothing by then, so that the condition never holds.
 * Within a group that is repeated a later step may have been taken in the round before.
 */
export function warnOfStepsNotYetTaken(
  text: Located<ExpressionText>,
  condition: Expression,
  step: StepText,
  numbered: readonly NumberedStep[],
  problems: Problems,
): void {
  const own = numbered.findIndex((candidate) => candidate.text === step || candidate.groups.includes(step))
  const lastOwn = numbered.findLastIndex((candidate) => candidate.text === step || candidate.groups.includes(step))
  const repeated = (numbered[own]?.groups ?? []).filter((group) => group.times !== undefined)
  for (const used of stepsOf(condition)) {
    const other = numbered[used]
    if (used <= lastOwn || repeated.some((group) => other.groups.includes(group))) continue
    problems.warning(
      text.value.placeOf(Math.max(text.value.text.search(new RegExp(`\\b${other.name}\\b`)), 0)),
      'step-not-yet-taken',
      `"${other.name}" comes after "${headOf(step).name?.value ?? ''}" and has taken no event by then`,
      `move the condition to "${other.name}"`,
    )
  }
}

function stepsOf(e: Expression, into: Set<number> = new Set()): ReadonlySet<number> {
  if (e.op === 'step-aggregate' || e.op === 'step-element') into.add(e.step)
  for (const operand of operands(e)) stepsOf(operand, into)
  return into
}
