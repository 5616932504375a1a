import { RE2JS, RE2JSSyntaxException } from 're2js'
import { limits } from '#shared/domain/limits'

/** Whether a text contains a match. Linear in the text, whatever the pattern. */
export function compilePattern(pattern: string): (text: string) => boolean {
  const compiled = RE2JS.compile(pattern)
  return (text) => compiled.test(text)
}

/** Why a pattern is refused (syntax, length, cost), or undefined where it is fine. */
export function explainPattern(pattern: string): { message: string; hint: string | undefined } | undefined {
  if (pattern.length > limits.regularExpressionCharactersMax) {
    const message = `the pattern has ${pattern.length} characters, at most ${limits.regularExpressionCharactersMax} are allowed`
    return { message, hint: 'ask for several patterns with ||, or use a named list' }
  }
  try {
    const steps = RE2JS.compile(pattern).programSize()
    if (steps <= limits.regularExpressionStepsMax) return undefined
    const message = `the pattern takes up to ${steps} steps per character, at most ${limits.regularExpressionStepsMax} are allowed`
    return { message, hint: 'fewer or smaller repetitions: {2,} in place of {2,900}' }
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error
    const lacking = lacks.find(([shape]) => shape.test(pattern))
    if (lacking === undefined) return { message: error.message.replace('error parsing regexp: ', ''), hint: undefined }
    const [, name, hint] = lacking
    return { message: `regular expressions are linear-time only: ${name} cannot be used`, hint }
  }
}

/** What engines that backtrack have, and RE2 refuses. */
const lacks: readonly (readonly [RegExp, string, string | undefined])[] = [
  [/\(\?[=!]/, 'looking ahead', 'ask for two patterns: a.matches("…") && !a.matches("…")'],
  [/\(\?<[=!]/, 'looking behind', 'ask for two patterns: a.matches("…") && !a.matches("…")'],
  [/\\[1-9]|\\k</, 'a reference to a group', undefined],
  [/\(\?>/, 'an atomic group', 'a plain group ( ): nothing is ever tried twice'],
  [/[+*?}]\+/, 'a possessive quantifier', 'the plain quantifier: nothing is ever tried twice'],
]
