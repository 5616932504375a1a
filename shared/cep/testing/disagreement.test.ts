import { expect, it } from 'vitest'
import { assertCases } from '../../../tests/support/assert-cases.ts'
import { patternCase } from '../../../tests/support/pattern-cases.ts'
import { oracle } from '../oracle/oracle.ts'
import type { Step } from '../pattern.ts'
import { disagreement, replayText } from './disagreement.ts'
import { matcherAnswer } from './matcher-answer.ts'
import { holdsIn, type PatternCase } from './pattern-case.ts'

const step: Step = {
  ...{ kind: 'step', name: 's0', contiguity: 'begin', where: 0, times: null, inner: 'relaxed' },
  ...{ optional: false, greedy: false, until: -1, gapMs: null, withinMs: null },
}

/** Two purchases, the second exactly at the end of the window, which is half open. */
const atTheEdge: PatternCase = {
  pattern: {
    steps: [step, { ...step, name: 's1', contiguity: 'next', where: -1 }],
    withinMs: 2,
    skip: { strategy: 'to-last', step: 's1', onMissError: false },
  },
  conditions: [{ merchants: ['shop', 'fuel'], limit: { kind: 'count', step: 0, below: 2 } }],
  cards: [
    { merchant: 'shop', amount: 1, at: 0 },
    { merchant: 'hotel', amount: 2, at: 2 },
  ],
  until: 3,
}

const oracleAnswer = (given: PatternCase) => {
  const answer = oracle(
    given.pattern,
    given.cards.map(({ at }) => at),
    given.until,
    holdsIn(given),
  )
  if (answer === null) throw new Error('too many runs')
  return answer
}

/** Takes the end of a window for inside. */
function wrongAnswer(given: PatternCase) {
  const { pattern } = given
  const withinMs = pattern.withinMs === null ? null : pattern.withinMs + 1
  return matcherAnswer({ ...given, pattern: { ...pattern, withinMs } })
}

it('names what each of two said, with a mark where they differ', () => {
  expect(disagreement(atTheEdge, ['the oracle', oracleAnswer(atTheEdge)], ['another', wrongAnswer(atTheEdge)])).toBe(
    `the oracle says:
> before 2 ms: timed out s0 1 (2 ms)
  open runs after each event and in the end: 1 0 0
  oldest event of a run or waiting match: none
  next end of an absence: none
another says:
> at event 2: matched s0 1, s1 2 (2 ms)
  open runs after each event and in the end: 1 0 0
  oldest event of a run or waiting match: none
  next end of an absence: none`,
  )
})

it('says nothing where they agree', () => {
  const answer = oracleAnswer(atTheEdge)
  expect(disagreement(atTheEdge, ['the oracle', answer], ['the matcher', matcherAnswer(atTheEdge)])).toBe('')
})

it('gives the case as a rule, events and a replay to paste into a shell', () => {
  expect(replayText(atTheEdge)).toBe(`cat > events.yaml <<'END'
events:
  card:
    fields: { account: string, merchant: string, amount: int }
    keys: { account: account }
  tick:
    fields: { account: string }
    keys: { account: account }
END
cat > found.rule.yaml <<'END'
rule: found
on: card
score: 50
severity: low
pattern:
  - begin: s0
    where: '(merchant == "shop" || merchant == "fuel") && count(s0) < 2'
  - next: s1
within: 2ms
skip: { to-last: s1 }
END
cat > events.jsonl <<'END'
{"id":"1","type":"card","account":"A","merchant":"shop","amount":1,"at":0}
{"id":"2","type":"card","account":"A","merchant":"hotel","amount":2,"at":2}
{"id":"end","type":"tick","account":"clock","at":3}
END
npx vigil replay --rules . --events events.jsonl`)
})

it('tells of a wrong matcher by a case that a person can read', () => {
  const check = (given: PatternCase): void => {
    const difference = disagreement(given, ['the oracle', oracleAnswer(given)], ['the matcher', wrongAnswer(given)])
    if (difference !== '') throw new Error(difference)
  }
  let told = ''
  try {
    assertCases(patternCase, { cases: 2_000, check, describe: replayText })
  } catch (error) {
    told = String(error)
  }
  expect(told).toMatch(/made smaller \d+ times/)
  expect(told).toMatch(/^rule: found$/m)
  expect(told).toMatch(/^within: \d+ms$/m)
  expect(told).toMatch(/^npx vigil replay /m)
  expect(told).toMatch(/^the oracle says:$/m)
  expect(told).toMatch(/^the matcher says:\n(.*\n)*> /m)
  // Small enough to be read.
  expect(told.match(/^ +- /gm)?.length).toBeLessThanOrEqual(5)
  expect(told.match(/"type":"card"/g)?.length).toBeLessThanOrEqual(6)
})
