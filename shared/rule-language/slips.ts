import { limits } from '#shared/domain/limits'
import { parseDuration } from '#shared/domain/time'
import type { ExpressionProblem } from './diagnostic.ts'

/** An expression whose slips are mended, so that the rest of it can be checked in the same pass. */
export interface Mended {
  readonly text: string
  readonly problems: readonly ExpressionProblem[]
  /** Whether the mended text means what was meant; otherwise checking it would only raise false problems. */
  readonly isWhole: boolean
  /** The offset in the text as written, for one in the mended text. `edge` says which end of a range it is. */
  toWritten(offset: number, edge: 'start' | 'end'): number
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly replacement: string
}

/** Operators of other languages, and what CEL writes. */
const operators: Readonly<Record<string, string>> = {
  '=': '==',
  '===': '==',
  '!==': '!=',
  '<>': '!=',
  '=<': '<=',
  '=>': '>=',
  '&': '&&',
  '|': '||',
  '≠': '!=',
  '≤': '<=',
  '≥': '>=',
}

const words: ReadonlyMap<string, string> = new Map([
  ['and', '&&'],
  ['or', '||'],
  ['not', '!'],
])

const token =
  /(?<space>\s+|\/\/[^\n]*)|(?<quote>[rRbB]?(?:"""|'''|["']))|(?<number>0[xX][0-9a-fA-F]+[uU]?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?<tail>[A-Za-z_]\w*)?)|(?<word>[A-Za-z_]\w*)|(?<operator>===|!==|==|!=|<=|>=|<>|=<|=>|&&|\|\||[\s\S])/y

/**
 * Finds what authors write by habit of other languages: `=`, `and`, `<>`, `1h`, curly quotes.
 * @param isName whether a word is declared; a field named `and` is no slip
 */
export function mendSlips(text: string, isName: (word: string) => boolean): Mended {
  const problems: ExpressionProblem[] = []
  const edits: Edit[] = []
  let isWhole = true
  let previous = ''
  let signs = 0

  const slip = (start: number, end: number, replacement: string | undefined, message: string, hint: string) => {
    problems.push({ start, end, code: 'syntax', message, hint })
    if (replacement === undefined) isWhole = false
    else edits.push({ start, end, replacement })
  }

  for (let at = 0; at < text.length; ) {
    token.lastIndex = at
    const groups = token.exec(text)?.groups ?? {}
    let end = token.lastIndex
    const written = text.slice(at, end)
    if (groups['quote'] !== undefined) end = endOfString(text, end, groups['quote'])
    else if (groups['tail'] !== undefined) number(at, end, written, groups['tail'])
    else if (groups['word'] !== undefined) word(at, end, written)
    else if (groups['operator'] !== undefined) operator(at, end, written)
    if (groups['space'] === undefined) {
      signs = written === '!' || written === '-' ? signs + 1 : 0
      previous = written
    }
    if (signs > limits.expressionDepthMax) {
      isWhole = false
      problems.push(tooDeep(at, end))
      break
    }
    at = end
  }
  return { text: apply(text, edits), problems, isWhole, toWritten: (offset, edge) => toWritten(edits, offset, edge) }

  function number(start: number, end: number, written: string, tail: string) {
    if (tail === 'u' || tail === 'U') return
    if (parseDuration(written) !== undefined) {
      const mended = `duration("${written}")`
      slip(start, end, mended, `a duration is written ${mended}`, mended)
      return
    }
    if (parseDuration(tail) !== undefined || parseDuration(`1${tail}`) !== undefined) {
      slip(start, end, undefined, `\`${written}\` is no duration: its numbers are whole`, 'duration("1h30m")')
      return
    }
    const digits = written.replaceAll('_', '')
    const isGrouped = /^\d+$/.test(digits)
    slip(
      start,
      end,
      isGrouped ? digits : undefined,
      `\`${written}\` is no number`,
      isGrouped ? digits : 'digits, one point',
    )
  }

  function word(start: number, end: number, written: string) {
    const mended = words.get(written.toLowerCase())
    if (mended === undefined || previous === '.' || isName(written)) return
    // `not a == b` would become `!a == b`, which binds otherwise: only a parenthesis keeps the meaning.
    const keepsMeaning = mended !== '!' || /^\s*\(/.test(text.slice(end, end + 100))
    slip(start, end, keepsMeaning ? mended : undefined, `\`${written}\` is written \`${mended}\``, mended)
  }

  function operator(start: number, end: number, written: string) {
    const mended = operators[written]
    if (mended !== undefined) slip(start, end, mended, `\`${written}\` is written \`${mended}\``, mended)
    else if ('“”„‘’'.includes(written)) slip(start, end, undefined, 'text stands between straight quotes', '"…"')
  }
}

export const tooDeep = (start: number, end: number): ExpressionProblem => ({
  start,
  end,
  code: 'too-deep',
  message: `the expression is nested more than ${limits.expressionDepthMax} levels deep`,
  hint: 'name a part of it as a feature, or split the rule',
})

/** Offset behind the closing quote; an open string ends with the text. */
function endOfString(text: string, start: number, quote: string): number {
  const isRaw = /^[rR]/.test(quote)
  const delimiter = quote.replace(/^[rRbB]/, '')
  for (let i = start; i < text.length; i++) {
    if (text[i] === '\\' && !isRaw) i++
    else if (text.startsWith(delimiter, i)) return i + delimiter.length
  }
  return text.length
}

function apply(text: string, edits: readonly Edit[]): string {
  let mended = ''
  let at = 0
  for (const edit of edits) {
    mended += text.slice(at, edit.start) + edit.replacement
    at = edit.end
  }
  return mended + text.slice(at)
}

function toWritten(edits: readonly Edit[], offset: number, edge: 'start' | 'end'): number {
  let shift = 0
  for (const edit of edits) {
    const start = edit.start + shift
    const end = start + edit.replacement.length
    if (edge === 'start' ? offset < start : offset <= start) break
    if (edge === 'start' ? offset < end : offset <= end) return edge === 'start' ? edit.start : edit.end
    shift += edit.replacement.length - (edit.end - edit.start)
  }
  return offset - shift
}
