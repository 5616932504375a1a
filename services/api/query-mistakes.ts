import { nearest } from '#shared/rule-language/diagnostic'
import type { Refusal } from './problem.ts'

/** What is wrong with a parameter of a query whatever it should say; undefined: nothing. @param value as parsed from the address */
export function parameterMistake(name: string, value: unknown, names: readonly string[]): string | undefined {
  if (names.includes(name)) return typeof value === 'string' ? undefined : `"${name}" is given more than once`
  const meant = nearest(name, names)
  const shown = JSON.stringify(name.slice(0, nameCharactersShownMax))
  return `there is no parameter ${shown}${meant === undefined ? '' : ` (did you mean "${meant}"?)`}`
}

export const badQuery = (mistakes: readonly string[]): Refusal => ({
  name: 'bad-query',
  detail: mistakes.slice(0, mistakesShownMax).join('; '),
})

const nameCharactersShownMax = 100
const mistakesShownMax = 10
