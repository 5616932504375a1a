import type { EventSchema } from '#shared/domain/event-schema'
import { mixesCollection } from './analysis.ts'
import { type CheckedExpression, checkExpression, type Expected } from './check-expression.ts'
import { checkTemplate } from './check-template.ts'
import type { ExpressionProblem } from './diagnostic.ts'
import type { Expression } from './expression.ts'
import type { NamedList } from './rule-set.ts'
import type { Scope } from './scope.ts'
import type { Located } from './shape.ts'
import type { ExpressionText } from './shape-scalars.ts'
import type { Problems } from './source-file.ts'
import { quoted } from './yaml-quotes.ts'

/** What the checks of one rule share. */
export interface RuleContext {
  readonly events: EventSchema
  readonly lists: readonly NamedList[]
  readonly problems: Problems
  /** Whether a name that is not declared is a mistake of this rule, not the consequence of one elsewhere. */
  isMistake(name: string): boolean
}

/** Checks an expression and places its problems in the file. */
export function checkText(
  text: Located<ExpressionText> | undefined,
  scope: Scope,
  expected: Expected,
  context: RuleContext,
): Expression | undefined {
  if (text === undefined) return undefined
  const checked: CheckedExpression = checkExpression(text.value.text, scope, expected)
  if (checked.expression === undefined) {
    reportIn(text, checked.problems, context)
    return undefined
  }
  if (!mixesCollection(checked.expression)) return checked.expression
  context.problems.error(
    text.at,
    'collection-with-state',
    'a list or map of the event cannot be combined with features or steps',
    'judge the list alone, as in "x" in tags, size(tags) > 3 or tags.exists(t, t == "x"), and join the conditions by &&',
  )
  return undefined
}

/** Checks text with expressions in { }. */
export function checkMessage(
  text: Located<ExpressionText> | undefined,
  scope: Scope,
  context: RuleContext,
): readonly (string | Expression)[] | undefined {
  if (text === undefined) return undefined
  const checked = checkTemplate(text.value.text, scope)
  if (checked.problems !== undefined) reportIn(text, checked.problems, context)
  return checked.parts
}

function reportIn(
  { value, at }: Located<ExpressionText>,
  found: readonly ExpressionProblem[],
  { problems, isMistake }: RuleContext,
): void {
  if (value.cutOff !== undefined) {
    problems.error(
      at,
      'needs-quotes',
      'the expression is cut off: YAML reads ` #` as the start of a comment',
      `write ${quoted(value.cutOff)}`,
    )
    return
  }
  for (const problem of found) {
    const written = value.text.slice(problem.start, problem.end)
    if (problem.code === 'unknown-name' && !isMistake(written)) continue
    problems.error(value.placeOf(problem.start), problem.code, problem.message, problem.hint)
  }
}
