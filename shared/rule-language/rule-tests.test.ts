import { describe, expect, test } from 'vitest'
import { findMistakes, ruleSetFiles } from '../../tests/support/rule-sets.ts'
import { checkRuleFiles, testStartMs } from './rule-tests.ts'

const condition = `rule: sudden
features: { spent: { sum: amount, over: 1h }, usual_wait: { avg: items, over: 1h }, since: { elapsed: all } }
when: amount > 100
score: 50
severity: low
`
const pattern = 'rule: probe\npattern: [{ begin: small }, { followedBy: large }]\nscore: 50\nseverity: low\n'
const files = { 'a.rule.yaml': condition, 'b.rule.yaml': pattern }
const event = (fields: string): string => `{ account: A, channel: pos, mcc: "5732", amount: 1.00, ${fields} }`

function mistakesOf(test: string): readonly string[] {
  const { found, marked, diagnostics } = findMistakes({ ...files, 'a.test.yaml': test })
  expect(found, test).toEqual(marked)
  return diagnostics.map(({ code, hint }) => `${code}: ${hint}`)
}

describe('a test of a rule', () => {
  test('is read into events, a time and expected alerts', () => {
    const { ruleSet, tests, diagnostics } = checkRuleFiles(
      ruleSetFiles({
        ...files,
        'a.test.yaml': `
rule: sudden
tests:
  - name: one
    events:
      - ${event('at: 0s')}
      - ${event('at: 1h30m, merchant: { country: CH, id: null }, fraud: true, tags: [a, b], opened: 2026-01-01T00:00:00Z, wait: 90')}
      - { at: 2h, type: login, account: A, device: D }
    until: 3h
    expect:
      - { at: 1h30m, key: A, event: 2, score: 50, message: text, features: { spent: 1.50, since: 1h, usual_wait: null } }
`,
      }),
    )
    expect(diagnostics).toEqual([])
    const { fields } = ruleSet!.events
    const field = (path: string): number => fields.findIndex((f) => f.path === path)
    expect(tests).toMatchObject([
      { name: 'one', rule: 1, file: 'a.test.yaml', line: 4, untilMs: testStartMs + 10_800_000 },
    ])
    expect(tests[0].events.map(({ id, type, atMs }) => [id, type, atMs - testStartMs])).toEqual([
      ['1', 0, 0],
      ['2', 0, 5_400_000],
      ['3', 1, 7_200_000],
    ])
    expect(tests[0].events[1].values).toEqual(
      new Map<number, unknown>([
        [field('account'), 'A'],
        [field('channel'), 'pos'],
        [field('mcc'), '5732'],
        [field('amount'), 100],
        [field('merchant.country'), 'CH'],
        [field('fraud'), 1],
        [field('tags'), ['a', 'b']],
        [field('opened'), testStartMs],
        [field('wait'), 90_000],
      ]),
    )
    expect(tests[0].expected).toMatchObject([
      { line: 11, atMs: testStartMs + 5_400_000, key: 'A', event: '2', steps: undefined, score: 50, message: 'text' },
    ])
    expect([...tests[0].expected[0].features].map(([name, { value }]) => [name, value])).toEqual([
      ['spent', 150],
      ['since', 3_600_000],
      ['usual_wait', undefined],
    ])
  })

  test('of a pattern expects events by step', () => {
    const { tests } = checkRuleFiles(
      ruleSetFiles({
        ...files,
        'a.test.yaml': `rule: probe\ntests: [{ name: x, events: [${event('at: 0s')}, ${event('at: 1s')}], expect: [{ steps: { small: [1], large: 2 } }] }]\n`,
      }),
    )
    expect(tests[0].expected[0].steps).toEqual(
      new Map([
        ['small', ['1']],
        ['large', ['2']],
      ]),
    )
  })

  test('places every mistake in its events', () => {
    expect(
      mistakesOf(`rule: sudden
tests:
  - name: mistakes
    events:
      - { at: 0s, account: «4711, channel: pos, mcc: "1", amount: «1.005 }
      - { at: «5, account: A, channel: pos, mcc: "1", amount: 1 }
      - «${event('type: transaction')}
      - ${event('at: 0s, «amuont: 1')}
      - ${event('at: 0s, merchant: { «contry: CH }')}
      - ${event('at: 0s, merchant: «M1')}
      - ${event('at: 0s, «id: t1')}
      - { at: 0s, type: «logn, account: A }
      - «{ at: 0s, account: A, amount: 1 }
      - ${event('at: 0s, tags: «[1], fraud: «yes, opened: «2026-01-01, items: «1.5')}
    expect: []
`).map((mistake) => mistake.split(':')[0]),
    ).toEqual([
      ...['bad-value', 'bad-value', 'wrong-type', 'missing-key', 'unknown-field', 'unknown-field', 'bad-value'],
      ...['unknown-field', 'unknown-event-type', 'missing-field', 'bad-value', 'bad-value', 'bad-value', 'bad-value'],
    ])
  })

  test('places every mistake in what it expects', () => {
    expect(
      mistakesOf(`rule: sudden
tests:
  - name: mistakes
    events: [${event('at: 0s')}]
    until: «1
    expect:
      - { at: 1h, key: «5, event: «2, «scor: 5, severity: «grave }
      - { steps: «{ small: [1] }, features: { spent: «1.005, since: «soon, «spend: 1 } }
`),
    ).toEqual([
      'wrong-type: durations carry their unit: 1s or 1m',
      'bad-value: put it in quotes: "5"',
      'out-of-bounds: ids are positions in the list of events, from 1',
      'unknown-key: did you mean "score"?',
      'wrong-type: write severity: low',
      'wrong-type: write event: 1',
      'bad-value: write a number with at most 2 decimals',
      'bad-value: write 1h30m, or a number of seconds',
      'unknown-feature: did you mean "spent"?',
    ])
    expect(
      mistakesOf(
        `rule: probe\ntests:\n  - name: x\n    events: []\n    expect: [{ event: ««1, steps: { «smal: [] } }]\n`,
      ),
    ).toEqual([
      'out-of-bounds: ids are positions in the list of events, from 1',
      'wrong-type: write steps: { name: [1, 2] }',
      'unknown-step: did you mean "small"?',
    ])
  })

  test('says which rule it tests, what happens and what is expected', () => {
    expect(mistakesOf('rule: «suden\ntests: [«{ name: x, events: [] }]\n')).toEqual([
      'unknown-rule: did you mean "sudden"?',
      'missing-key: add expect: [{ … }]',
    ])
    expect(mistakesOf('«rule: sudden\n')).toEqual(['missing-key: add tests: [{ … }]'])
  })

  test('of a rule with mistakes is not wrong for that', () => {
    expect(
      findMistakes({
        'a.rule.yaml': condition.replace('score: 50', 'score: «fifty'),
        'a.test.yaml': `rule: sudden\ntests: [{ name: x, events: [${event('at: 0s')}], expect: [{ event: 1, features: { spent: 1 } }] }]\n`,
      }).diagnostics,
    ).toHaveLength(1)
  })

  test('is not run with a rule set that has mistakes', () => {
    const { ruleSet, tests } = checkRuleFiles(
      ruleSetFiles({ 'a.rule.yaml': condition, 'a.test.yaml': 'rule: sudden\ntests: 5\n' }),
    )
    expect(ruleSet).toBeUndefined()
    expect(tests).toEqual([])
  })
})
