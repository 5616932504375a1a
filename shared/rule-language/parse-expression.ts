import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js'
import { limits } from '#shared/domain/limits'
import type { ExpressionProblem } from './diagnostic.ts'
import { mendSlips, tooDeep } from './slips.ts'

export type { ASTNode }

/** A syntax tree, or the reason why there is none. Offsets of nodes are those of `text`; `place` leads back to what was written. */
export interface Parsed {
  readonly tree: ASTNode | undefined
  readonly text: string
  readonly problems: readonly ExpressionProblem[]
  place(range: { readonly start: number; readonly end: number }): { start: number; end: number }
}

const parser = new Environment({
  limits: {
    maxAstNodes: limits.expressionNodesMax,
    maxListElements: limits.expressionNodesMax,
    maxDepth: limits.expressionDepthMax,
  },
})

/** Parses CEL. Only the parser of the library is used: types, names and absence are ours (`check-expression.ts`). */
export function parseExpression(text: string, isName: (word: string) => boolean): Parsed {
  if (text.length > limits.expressionCharactersMax) return refused(text, tooLong(text))
  if (text.trim() === '') return refused(text, problem(0, text.length, 'syntax', 'the expression is empty', undefined))
  const mended = mendSlips(text, isName)
  const place: Parsed['place'] = ({ start, end }) => ({
    start: mended.toWritten(start, 'start'),
    end: mended.toWritten(end, 'end'),
  })
  const parsed = { text: mended.text, place }
  if (!mended.isWhole) return { ...parsed, tree: undefined, problems: mended.problems }
  try {
    return { ...parsed, tree: parser.parse(mended.text).ast, problems: mended.problems }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    const found = explain(error, mended.text)
    return { ...parsed, tree: undefined, problems: [...mended.problems, { ...found, ...place(found) }] }
  }
}

function refused(text: string, reason: ExpressionProblem): Parsed {
  return { tree: undefined, text, problems: [reason], place: (range) => range }
}

function explain(error: ParseError, text: string): ExpressionProblem {
  const start = Math.min(error.range?.start ?? 0, text.length)
  const end = Math.min(Math.max(error.range?.end ?? start, start), text.length)
  const found =
    start >= text.length ? 'the expression ends' : `\`${text.slice(start, Math.max(end, start + 1))}\` stands`
  switch (error.code) {
    case 'limit_exceeded':
      return error.summary.includes('maxDepth') ? tooDeep(start, end) : tooLarge(start, end)
    case 'expected_token': {
      const expected = /Expected (\w+)/.exec(error.summary)?.[1] ?? ''
      const symbol = symbols[expected] ?? expected.toLowerCase()
      return problem(start, end, 'syntax', `${symbol} is expected where ${found}`, undefined)
    }
    case 'unexpected_token':
      return problem(start, end, 'syntax', `a value is expected where ${found}`, decimalHint(text, start))
    case 'unexpected_character':
      return problem(start, end, 'syntax', `\`${text.slice(start, end)}\` is not expected here`, undefined)
    case 'unterminated_string':
      return problem(start, end, 'syntax', 'the closing quote is missing', undefined)
    case 'reserved_identifier': {
      const name = text.slice(start, end)
      return problem(
        start,
        end,
        'reserved-name',
        `\`${name}\` is a reserved word of CEL`,
        'give the field another name',
      )
    }
    default:
      return problem(start, end, 'syntax', error.summary, undefined)
  }
}

const symbols: Readonly<Record<string, string>> = {
  RPAREN: '`)`',
  LPAREN: '`(`',
  RBRACKET: '`]`',
  RBRACE: '`}`',
  COLON: '`:`',
  IDENTIFIER: 'a name',
  EOF: 'the end',
}

const decimalHint = (text: string, start: number): string | undefined => {
  const digits = /^\.\d+/.exec(text.slice(start, start + 20))
  return digits === null ? undefined : `0${digits[0]}`
}

const tooLong = (text: string): ExpressionProblem =>
  problem(
    0,
    text.length,
    'too-large',
    `the expression has ${text.length} characters, at most ${limits.expressionCharactersMax} are allowed`,
    'put long lists of values into a named list and ask inList("name", value)',
  )

const tooLarge = (start: number, end: number): ExpressionProblem =>
  problem(
    start,
    end,
    'too-large',
    `the expression has more than ${limits.expressionNodesMax} parts`,
    'put long lists of values into a named list and ask inList("name", value)',
  )

const problem = (start: number, end: number, code: string, message: string, hint: string | undefined) => ({
  start,
  end,
  code,
  message,
  hint,
})
