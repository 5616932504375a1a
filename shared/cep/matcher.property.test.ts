import { expect, test } from 'vitest'
import { ruleFaults } from '#shared/domain/rule-fault'
import { assertCases, casesOr } from '../../tests/support/assert-cases.ts'
import { patternCase, traitsOf } from '../../tests/support/pattern-cases.ts'
import { TooManyWaysError } from './automaton.ts'
import { oracle } from './oracle/oracle.ts'
import { disagreement, replayText } from './testing/disagreement.ts'
import { matcherAnswer } from './testing/matcher-answer.ts'
import { holdsIn, type PatternCase } from './testing/pattern-case.ts'

const cases = casesOr(1_000)

const oracleAnswer = (given: PatternCase) =>
  oracle(
    given.pattern,
    given.cards.map(({ at }) => at),
    given.until,
    holdsIn(given),
  )

test('the matcher says what an oracle says that tries every way of every run', { timeout: 60_000 + cases * 20 }, () => {
  const counts = new Map<string, number>()
  const count = (trait: string): void => void counts.set(trait, (counts.get(trait) ?? 0) + 1)
  assertCases(patternCase, {
    cases,
    describe: replayText,
    check: (given) => {
      const answer = oracleAnswer(given)
      for (const trait of answer === null ? ['too many runs'] : traitsOf(given, answer)) count(trait)
      if (answer === null) return
      const found = withinLimits(() => matcherAnswer(given))
      if (found === undefined) return count('beyond a limit')
      const difference = disagreement(given, ['the oracle', answer], ['the matcher', found])
      if (difference !== '') throw new Error(difference)
    },
  })
  const table = [...counts].sort(([, a], [, b]) => b - a).map(([trait, n]) => `${n}\t${trait}`)
  if (process.env['VIGIL_TEST_CASES'] !== undefined) console.log([`${cases} cases`, ...table].join('\n'))
  for (const trait of ['at least one match', 'told: timed out', 'told: withdrawn', 'told: missed', 'group in a group'])
    expect(counts.get(trait) ?? 0, trait).toBeGreaterThan(0)
  // Loops within loops over any events: one such case in some ten thousand.
  expect(counts.get('beyond a limit') ?? 0).toBeLessThanOrEqual(Math.max(1, cases / 5_000))
})

/** undefined: an event cost more than one may, or the pattern has more ways through it than one may. */
function withinLimits<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (fault) {
    if (fault !== ruleFaults.outOfFuel && !(fault instanceof TooManyWaysError)) throw fault
    return undefined
  }
}
