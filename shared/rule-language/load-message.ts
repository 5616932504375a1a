import { checkExpression } from './check-expression.ts'
import type { ExpressionProblem } from './diagnostic.ts'
import type { Expression } from './expression.ts'
import { type RuleContext, reportIn } from './rule-context.ts'
import type { Scope } from './scope.ts'
import type { Located } from './shape.ts'
import type { ExpressionText } from './shape-scalars.ts'

/** Text with expressions in { }. */
export function checkMessage(
  text: Located<ExpressionText> | undefined,
  scope: Scope,
  context: RuleContext,
): readonly (string | Expression)[] | undefined {
  if (text === undefined) return undefined
  const parts: (string | Expression)[] = []
  const problems: ExpressionProblem[] = []
  const written = text.value.text
  let rest = 0
  for (const match of written.matchAll(/\{((?:[^{}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*)\}/g)) {
    if (match.index > rest) parts.push(written.slice(rest, match.index))
    rest = match.index + match[0].length
    const checked = checkExpression(match[1], scope, 'any')
    if (checked.expression) parts.push(checked.expression)
    const offset = match.index + 1
    for (const p of checked.problems ?? []) problems.push({ ...p, start: p.start + offset, end: p.end + offset })
  }
  if (rest < written.length) parts.push(written.slice(rest))
  reportIn(text, problems, context)
  return parts
}
