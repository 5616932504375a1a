import { describe, expect, test } from 'vitest'
import { findMistakes, ruleSetFiles, ruleWith } from '../../tests/support/rule-sets.ts'
import { loadRuleSet } from './load-rule-set.ts'
import type { Rule } from './rule-set.ts'

function ruleOf(text: string): Rule {
  const { ruleSet, diagnostics } = loadRuleSet(ruleSetFiles({ 'a.rule.yaml': text }))
  expect(diagnostics, text).toEqual([])
  return ruleSet!.rules[0]
}

function mistakesOf(text: string): readonly string[] {
  const { found, marked, diagnostics } = findMistakes({ 'a.rule.yaml': text })
  expect(found, text).toEqual(marked)
  return diagnostics.map(({ code, hint }) => `${code}: ${hint}`)
}

const full = `
rule: sudden-spend
title: Spending far above the account's habit
by: terminal
on: transaction
where: channel == "ecommerce"
features:
  n_1h:     { count: all, over: 1h }
  spend_1h: { sum: amount, over: 1h }
when: n_1h >= 3 && spend_1h > 500
score: 70
severity: high
reason: R-SPEND-01
cooldown: 1h
message: "{spend_1h} spent in one hour"
`

describe('a rule', () => {
  test('is read in full', () => {
    const rule = ruleOf(full)
    expect(rule).toMatchObject({
      name: 'sudden-spend',
      title: "Spending far above the account's habit",
      by: 1,
      on: [0],
      score: 70,
      severity: 'high',
      reason: 'R-SPEND-01',
      cooldownMs: 3_600_000,
      scenario: undefined,
    })
    expect(rule.body.kind).toBe('condition')
    expect(rule.features.map(({ name }) => name)).toEqual(['n_1h', 'spend_1h'])
    expect(rule.message).toEqual([expect.objectContaining({ op: 'feature', feature: 1 }), ' spent in one hour'])
  })

  test('has defaults for all that need not be said', () => {
    expect(ruleOf('rule: R01\nwhen: true\nscore: 0\nseverity: low\n')).toMatchObject({
      title: 'R01',
      by: 0,
      on: [0],
      where: undefined,
      features: [],
      cooldownMs: 0,
      reason: undefined,
      message: undefined,
    })
  })

  test('with three mistakes shows all three, each with its place and what mends it', () => {
    expect(
      mistakesOf(`rule: sudden-spend
«titel: Spending far above the habit
features:
  n_1h: { count: all, over: 1h }
when: n_1h >= 3 && «amuont > 100
score: «170
severity: high
`),
    ).toEqual(['unknown-key: did you mean "title"?', 'unknown-name: amount', 'out-of-bounds: write score: 100'])
  })

  test('says what is missing', () => {
    expect(mistakesOf('«««rule: a\n')).toEqual([
      'missing-key: add score: 70',
      'missing-key: add severity: low',
      'missing-key: add one of them, for example when',
    ])
    expect(mistakesOf(ruleWith('«when:'))).toEqual(['missing-value: write when: amount > 100, or leave the key out'])
    expect(mistakesOf('«rule: a\nwhen: true\npattern: [{ begin: b }]\nscore: 1\nseverity: low\n')).toEqual([
      'conflicting-keys: keep one of the two',
    ])
  })

  test('takes only values of their type and bounds', () => {
    expect(
      mistakesOf(`rule: «1st
title: «7
by: «acount
on: [transaction, «logn]
when: true
score: «10.5
severity: «hihg
reason: «12
cooldown: «1 hour
`),
    ).toEqual([
      'bad-name: names are letters, digits and _, in words joined by hyphens: probe-then-strike',
      'wrong-type: put it in quotes: title: "7"',
      'unknown-key-name: did you mean "account"?',
      'unknown-event-type: did you mean "login"?',
      'wrong-type: write score: 70',
      'wrong-type: did you mean "high"?',
      'wrong-type: put it in quotes: reason: "12"',
      'wrong-type: write cooldown: 1h',
    ])
    expect(mistakesOf('rule: a\nwhen: true\nscore: «-1\nseverity: low\ncooldown: «0s\n')).toHaveLength(2)
    expect(mistakesOf(ruleWith(`when: true\ntitle: «${'x'.repeat(1_001)}`))).toHaveLength(1)
    expect(mistakesOf(ruleWith('when: «1'))).toHaveLength(1)
  })

  test('takes true for an expression, and yes for a name', () => {
    ruleOf(ruleWith('where: true\nwhen: true'))
    expect(mistakesOf(ruleWith('when: «yes'))[0]).toContain('unknown-name')
  })

  test('is on one event type or several', () => {
    expect(ruleOf(ruleWith('on: [login, transaction]\nwhen: true')).on).toEqual([0, 1])
    expect(ruleOf(ruleWith('on: login\nwhen: device == "x"')).on).toEqual([1])
    expect(mistakesOf(ruleWith('on: «[]\nwhen: true'))[0]).toContain('out-of-bounds')
  })

  test('sees no event if none of its types has its key', () => {
    expect(mistakesOf(ruleWith('on: login\nby: «terminal\nwhen: true'))).toEqual([
      'unknown-key-name: declare it in events.yaml',
    ])
    const { diagnostics } = findMistakes({
      'a.rule.yaml': ruleWith('on: [login, transaction]\nby: terminal\nwhen: true'),
    })
    expect(diagnostics).toMatchObject([{ severity: 'warning', code: 'unseen-events' }])
  })

  test('gives no two of fields, features and steps one name', () => {
    const count = '{ count: all, over: 1h }'
    expect(
      mistakesOf(
        ruleWith(`
features: { «amount: ${count}, «key: ${count}, «in: ${count}, «at: ${count}, «merchant: ${count}, «a-b: ${count}, n: ${count} }
pattern: [{ begin: «n }, { next: «account }, { next: «type }, { next: «x-y }]`),
      ).map((mistake) => mistake.split(':')[0]),
    ).toEqual([
      ...['duplicate-name', 'reserved-name', 'reserved-name', 'reserved-name', 'duplicate-name', 'bad-name'],
      ...['duplicate-name', 'duplicate-name', 'reserved-name', 'bad-name'],
    ])
  })

  test('does not see features in its own where', () => {
    expect(mistakesOf(ruleWith('features: { n: { count: all, over: 1h } }\nwhere: «n > 1\nwhen: n > 1'))).toHaveLength(
      1,
    )
  })

  test('does not report names as unknown where it does not know its event types', () => {
    expect(mistakesOf(ruleWith('on: «transactions\nwhen: amuont > 1'))).toHaveLength(1)
    expect(mistakesOf(ruleWith('by: «nobody\nwhen: key == "x"'))).toHaveLength(1)
  })
})

describe("a rule's version", () => {
  const versionOf = (text: string): string => ruleOf(text).version

  test('has twelve hex digits', () => {
    expect(versionOf(full)).toMatch(/^[0-9a-f]{12}$/)
  })

  test('is the same in every release, since the ids of alerts hang on it', () => {
    expect(versionOf(full)).toBe('c5a8e3d57b73')
    expect(versionOf(ruleWith('pattern: [{ begin: a, where: amount > 1, times: 3+ }, { next: b }]\nwithin: 1h'))).toBe(
      'edf4879a9304',
    )
  })

  test('is read from JSON as well, which is YAML', () => {
    const json = { rule: 'a', pattern: [{ begin: 'b', where: 'channel == "x: y"' }], score: 1, severity: 'low' }
    expect(versionOf(JSON.stringify(json))).toBe(
      versionOf(`rule: a\npattern:\n  - begin: b\n    where: 'channel == "x: y"'\nscore: 1\nseverity: low\n`),
    )
  })

  test('does not change with comments, layout, quotes, order of keys, units and defaults', () => {
    const version = versionOf(full)
    expect(versionOf(`# a comment\n${full}`)).toBe(version)
    expect(versionOf(full.replace('over: 1h }', 'over: 60m, current: include } # why'))).toBe(version)
    expect(versionOf(full.replace('channel == "ecommerce"', `'channel == "ecommerce"'`))).toBe(version)
    expect(versionOf(full.replace('on: transaction\n', ''))).toBe(version)
    expect(
      versionOf(
        full
          .trim()
          .split('\n')
          .filter((line) => line.startsWith('score'))
          .join('\n') + full.replace('score: 70\n', ''),
      ),
    ).toBe(version)
  })

  test('changes with every word that means something', () => {
    const versions = [
      full,
      full.replace('sudden-spend', 'sudden-spending'),
      full.replace('habit', 'habits'),
      full.replace('terminal', 'account'),
      full.replace('"ecommerce"', '"atm"'),
      full.replace('over: 1h', 'over: 2h'),
      full.replace('n_1h >= 3', 'n_1h >= 4'),
      full.replace('score: 70', 'score: 71'),
      full.replace('severity: high', 'severity: low'),
      full.replace('SPEND-01', 'SPEND-02'),
      full.replace('cooldown: 1h', 'cooldown: 2h'),
      full.replace('spent in', 'paid in'),
    ].map(versionOf)
    expect(new Set(versions).size).toBe(versions.length)
  })

  test('of a pattern changes with its steps and conditions', () => {
    const pattern = ruleWith(
      'pattern: [{ begin: a, where: amount > 1 }, { next: b, until: amount > 2, times: 1+ }]\nwithin: 1h',
    )
    const versions = [
      pattern,
      pattern.replace('amount > 1', 'amount > 3'),
      pattern.replace('amount > 2', 'amount > 3'),
      pattern.replace('next: b', 'followedBy: b'),
      pattern.replace('1+', '2+'),
      pattern.replace('within: 1h', 'within: 2h'),
      `${pattern}skip: next\n`,
    ].map(versionOf)
    expect(new Set(versions).size).toBe(versions.length)
    expect(versionOf(`${pattern}skip: none\n`)).toBe(versions[0])
  })
})
