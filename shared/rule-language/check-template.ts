import { checkExpression } from './check-expression.ts'
import type { ExpressionProblem } from './diagnostic.ts'
import type { Expression } from './expression.ts'
import type { Scope } from './scope.ts'

export type CheckedTemplate =
  | { readonly parts: readonly (string | Expression)[]; readonly problems?: undefined }
  | { readonly problems: readonly ExpressionProblem[]; readonly parts?: undefined }

/**
 * Reads a message: text with expressions in `{ }`; `{{` and `}}` are braces.
 * @returns text and checked expressions in order, without empty texts, or all problems with offsets into the whole message
 */
export function checkTemplate(text: string, scope: Scope): CheckedTemplate {
  const parts: (string | Expression)[] = []
  const problems: ExpressionProblem[] = []
  let plain = ''
  for (let i = 0; i < text.length; ) {
    const brace = text[i]
    if ((brace === '{' || brace === '}') && text[i + 1] === brace) {
      plain += brace
      i += 2
    } else if (brace === '{') {
      const end = closingBrace(text, i + 1)
      if (end === undefined) {
        problems.push(unmatched(i, text.length, 'the closing `}` is missing'))
        break
      }
      const checked = checkExpression(text.slice(i + 1, end), scope, 'scalar')
      if (checked.problems !== undefined) problems.push(...checked.problems.map((problem) => moved(problem, i + 1)))
      else {
        if (plain !== '') parts.push(plain)
        plain = ''
        parts.push(checked.expression)
      }
      i = end + 1
    } else {
      if (brace === '}') problems.push(unmatched(i, i + 1, 'this `}` closes nothing'))
      plain += brace
      i++
    }
  }
  if (plain !== '') parts.push(plain)
  return problems.length === 0 ? { parts } : { problems }
}

/** The brace that ends the expression; those within its texts do not. */
function closingBrace(text: string, start: number): number | undefined {
  let quote = ''
  for (let i = start; i < text.length; i++) {
    if (quote !== '') {
      if (text[i] === '\\') i++
      else if (text[i] === quote) quote = ''
    } else if (text[i] === '"' || text[i] === "'") quote = text[i]
    else if (text[i] === '}') return i
  }
  return undefined
}

const unmatched = (start: number, end: number, message: string): ExpressionProblem => ({
  start,
  end,
  code: 'unmatched-brace',
  message,
  hint: 'a brace of the text is doubled: {{ }}',
})

const moved = (problem: ExpressionProblem, by: number): ExpressionProblem => ({
  ...problem,
  start: problem.start + by,
  end: problem.end + by,
})
