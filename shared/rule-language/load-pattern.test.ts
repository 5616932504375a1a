import { describe, expect, test } from 'vitest'
import { findMistakes, ruleSetFiles, ruleWith } from '../../tests/support/rule-sets.ts'
import { loadRuleSet } from './load-rule-set.ts'
import type { PatternBody } from './rule-set.ts'

function patternOf(lines: string): PatternBody {
  const { ruleSet, diagnostics } = loadRuleSet(ruleSetFiles({ 'a.rule.yaml': ruleWith(lines) }))
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  return ruleSet!.rules[0].body as PatternBody
}

function mistakesOf(lines: string): readonly string[] {
  const { found, marked, diagnostics } = findMistakes({ 'a.rule.yaml': ruleWith(lines) })
  expect(found, lines).toEqual(marked)
  return diagnostics.map(({ code }) => code)
}

describe('a pattern', () => {
  test('becomes data for the matcher, its conditions numbered', () => {
    const { pattern, steps, conditions } = patternOf(`
pattern:
  - begin: probe
    where: amount < 2.00
    times: 3+
    until: amount > 50
    gap: 5m
  - followedBy: strike
    where: amount > 100 && amount > 20 * avg(probe.amount)
within: 10m
skip: past-last`)
    expect(pattern).toEqual({
      steps: [
        {
          ...{
            kind: 'step',
            name: 'probe',
            contiguity: 'begin',
            where: 0,
            times: { from: 3, to: null },
            inner: 'relaxed',
          },
          ...{ optional: false, greedy: false, until: 1, gapMs: 300_000, withinMs: null },
        },
        {
          ...{ kind: 'step', name: 'strike', contiguity: 'followedBy', where: 2, times: null, inner: 'relaxed' },
          ...{ optional: false, greedy: false, until: -1, gapMs: null, withinMs: null },
        },
      ],
      withinMs: 600_000,
      skip: { strategy: 'past-last' },
    })
    expect(steps).toEqual(['probe', 'strike'])
    expect(conditions).toHaveLength(3)
  })

  test('reads times as a number, a range or an open end', () => {
    const times = (text: string) => patternOf(`pattern: [{ begin: a, times: ${text} }]`).pattern.steps[0].times
    expect(times('3')).toEqual({ from: 3, to: 3 })
    expect(times('2..4')).toEqual({ from: 2, to: 4 })
    expect(times('1+')).toEqual({ from: 1, to: null })
    expect(times('"3"')).toEqual({ from: 3, to: 3 })
  })

  test('reads what is skipped', () => {
    const skip = (text: string) => patternOf(`pattern: [{ begin: a }, { next: b }]\nskip: ${text}`).pattern.skip
    expect(skip('none')).toEqual({ strategy: 'none' })
    expect(skip('next')).toEqual({ strategy: 'next' })
    expect(skip('{ to-first: b }')).toEqual({ strategy: 'to-first', step: 'b', onMissError: false })
    expect(skip('{ to-last: b, on-miss: error }')).toEqual({ strategy: 'to-last', step: 'b', onMissError: true })
  })

  test('numbers the steps of groups in their place; groups have no number', () => {
    const { steps, pattern } = patternOf(`
pattern:
  - begin: a
  - followedBy: g
    times: 2+
    inner: strict
    group:
      - begin: b
      - notNext: c
      - next: d
        where: count(b) > 0 && amount > a.amount
  - next: e`)
    expect(steps).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(pattern.steps[1]).toMatchObject({ kind: 'group', name: 'g', inner: 'strict', times: { from: 2, to: null } })
  })

  test('may name features, fields and steps in its conditions and its message', () => {
    patternOf(`
features: { usually: { avg: amount, over: 30d } }
pattern:
  - { begin: a, where: amount > usually }
  - { followedBy: b, times: 1+, where: amount > last(a).amount && at > b.at && key == a.account }
message: "{count(b)} after {a.amount}, usually {usually}"`)
  })

  test('is refused by the codes of the language, each at its place', () => {
    expect(
      mistakesOf(`
pattern:
  - { begin: a, times: «0 }
  - { next: b, times: «4..2 }
  - { next: «b }
  - { next: c, times: 3, until: «amount > 2 }
  - { notNext: d, times: «2 }
  - { next: e }
  - { notFollowedBy: f, optional: «true }
  - { next: g, within: «2h, times: 2 }
  - { next: h, gap: «3h, times: 2 }
  - { next: i, times: «many }
within: 1h
skip: «{ to-first: zz }`),
    ).toEqual([
      ...['bad-times', 'bad-times', 'duplicate-step-name', 'until-without-loop', 'quantifier-on-negation'],
      ...['optional-negation', 'gap-longer-than-window', 'gap-longer-than-window', 'bad-times', 'unknown-skip-step'],
    ])
  })

  test('needs a limit if it ends in an absence', () => {
    expect(mistakesOf('pattern:\n  - begin: a\n  - notFollowedBy: «b')).toEqual([
      'trailing-notFollowedBy-without-window',
    ])
    expect(mistakesOf('pattern:\n  - begin: a\n  - notFollowedBy: b\n    within: 5m')).toEqual([])
    expect(mistakesOf('pattern:\n  - begin: a\n  - notFollowedBy: b\nwithin: 5m')).toEqual([])
    expect(mistakesOf('pattern:\n  - begin: a\n  - notFollowedBy: b\nwithin: «5')).toEqual(['wrong-type'])
  })

  test('is warned of if it could be satisfied without any event', () => {
    const { ruleSet, diagnostics } = loadRuleSet(
      ruleSetFiles({ 'a.rule.yaml': ruleWith('pattern: [{ begin: a, optional: true }]') }),
    )
    expect(diagnostics).toMatchObject([{ severity: 'warning', code: 'can-be-empty', line: 4, column: 10 }])
    expect(ruleSet).toBeDefined()
  })

  test('opens with begin, and only there', () => {
    expect(mistakesOf('pattern:\n  - next: «a\n  - begin: «b\n  - next: c\n    group: [{ next: «d }]')).toEqual([
      ...['bad-begin', 'bad-begin', 'bad-begin'],
    ])
  })

  test('has one contiguity for each step', () => {
    expect(mistakesOf('pattern:\n  - begin: a\n  - «where: amount > 1\n  - «next: b\n    followedBy: c')).toEqual([
      ...['missing-key', 'conflicting-keys'],
    ])
    expect(mistakesOf('pattern:\n  - begin: a\n  - «followedby: b')).toEqual(['unknown-key'])
  })

  test('refuses on a group what belongs to its steps', () => {
    expect(
      mistakesOf(`
pattern:
  - begin: a
  - next: g
    where: «amount > 1
    greedy: «true
    gap: «5m
    within: «5m
    group: [{ begin: b }]
  - notFollowedBy: «h
    group: [{ begin: c }]
  - next: d
    where: count(«g) > 1`),
    ).toHaveLength(6)
  })

  test('refuses an absence in an expression, and warns of a step that comes later', () => {
    expect(
      mistakesOf(`
pattern:
  - begin: a
    where: count(«c) > 0
  - notNext: b
  - next: c
    where: count(«b) == 0 && count(c) == 0`),
    ).toEqual(['step-not-yet-taken', 'unknown-name'])
    expect(
      mistakesOf(`
pattern:
  - begin: g
    times: 2
    group:
      - { begin: a, where: count(b) >= 0 }
      - { next: b }`),
      'the round before has taken it',
    ).toEqual([])
  })

  test('keeps within and skip to itself', () => {
    expect(mistakesOf('when: true\nwithin: «5m\nskip: «next')).toEqual(['conflicting-keys', 'conflicting-keys'])
  })
})

describe('ways through a pattern', () => {
  const greedy = (steps: number): string =>
    Array.from(
      { length: steps },
      (_, i) => `
  - followedBy: s${i}
    where: amount > ${i}
    times: 1+
    optional: true
    greedy: true
    until: amount < ${i}`,
    ).join('')
  const pattern = (steps: number): string =>
    `pattern:\n  - begin: first\n    where: amount > 1${greedy(steps)}\n  - followedBy: last\n    where: amount > 500\nwithin: 1h`

  test('are bounded before they take all time and memory', () => {
    const codes = (steps: number): string[] =>
      loadRuleSet(ruleSetFiles({ 'a.rule.yaml': ruleWith(pattern(steps)) })).diagnostics.map(
        ({ code, line, message }) => `${code} ${line} ${/[0-9]+ ways/.exec(message)?.[0]}`,
      )
    expect(codes(40)).toEqual([expect.stringMatching(/^out-of-bounds \d+ 20000 ways$/)])
    expect(codes(8)).toEqual([])
  })
})
