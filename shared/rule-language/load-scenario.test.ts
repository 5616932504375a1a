import { describe, expect, test } from 'vitest'
import { findMistakes, ruleSetFiles } from '../../tests/support/rule-sets.ts'
import { loadRuleSet } from './load-rule-set.ts'

const rule = (name: string): string => `rule: ${name}\nwhen: true\nscore: 10\nseverity: low\n`

function mistakesOf(files: Readonly<Record<string, string>>): readonly string[] {
  const { found, marked, diagnostics } = findMistakes(files)
  expect(found).toEqual(marked)
  return diagnostics.map(({ code }) => code)
}

describe('a scenario', () => {
  test('is read in full', () => {
    const { ruleSet, diagnostics } = loadRuleSet(
      ruleSetFiles({
        'x/b.rule.yaml': rule('b'),
        'y/a.rule.yaml': rule('a'),
        'c.rule.yaml': rule('c'),
        'x/scenario.yaml': `
scenario: card-testing
title: Card testing
rules: [b, a]
typologies: [card-not-present]
combine: sum
thresholds: { alert: 50, decline: 90, challenge: 60 }
`,
      }),
    )
    expect(diagnostics).toEqual([])
    expect(ruleSet?.rules.map(({ name, scenario }) => `${name} ${scenario}`)).toEqual(['a 0', 'b 0', 'c undefined'])
    expect(ruleSet?.scenarios).toEqual([
      {
        name: 'card-testing',
        title: 'Card testing',
        rules: [1, 0],
        typologies: ['card-not-present'],
        combine: 'sum',
        alertThreshold: 50,
        outcomes: [
          { outcome: 'challenge', threshold: 60 },
          { outcome: 'decline', threshold: 90 },
        ],
      },
    ])
  })

  test('has by default the rules of its folder, and alerts from 0 on', () => {
    const { ruleSet } = loadRuleSet(
      ruleSetFiles({
        'x/a.rule.yaml': rule('a'),
        'x/deeper/b.rule.yaml': rule('b'),
        'c.rule.yaml': rule('c'),
        'x/scenario.yaml': 'scenario: s\ncombine: max\nthresholds: { hold: 50 }\n',
      }),
    )
    expect(ruleSet?.scenarios).toMatchObject([{ title: 's', rules: [0], alertThreshold: 0 }])
  })

  test('names rules that exist, and no rule of another scenario', () => {
    expect(
      mistakesOf({
        'x/alpha.rule.yaml': rule('alpha'),
        'x/scenario.yaml': 'scenario: s\nrules: [alpha, «alfa]\ncombine: max\nthresholds: {}\n',
        'y/scenario.yaml': 'scenario: «s\nrules: [«alpha]\ncombine: max\nthresholds: {}\n',
        'z/scenario.yaml': '«scenario: t\ncombine: max\nthresholds: {}\n',
      }),
    ).toEqual(['unknown-rule', 'duplicate-name', 'rule-in-two-scenarios', 'unknown-rule'])
  })

  test('does not miss a rule that has mistakes', () => {
    expect(
      mistakesOf({
        'x/a.rule.yaml': rule('a').replace('score: 10', 'score: «ten'),
        'x/scenario.yaml': 'scenario: s\nrules: [a]\ncombine: max\nthresholds: {}\n',
      }),
    ).toEqual(['wrong-type'])
    expect(
      mistakesOf({
        'x/a.rule.yaml': rule('a').replace('score: 10', 'score: «ten'),
        'x/scenario.yaml': 'scenario: s\ncombine: max\nthresholds: {}\n',
      }),
      'by folder',
    ).toEqual(['wrong-type'])
  })

  test('reaches a graver outcome with no lower score', () => {
    const scenario = (thresholds: string) => ({
      'a.rule.yaml': rule('a'),
      'scenario.yaml': `scenario: s\ncombine: sum\nthresholds: ${thresholds}\n`,
    })
    expect(mistakesOf(scenario('{ challenge: 60, review: «50, hold: 60, decline: «59 }'))).toEqual([
      'falling-thresholds',
      'falling-thresholds',
    ])
    expect(mistakesOf(scenario('{ alert: 99, challenge: 60, decline: 60 }'))).toEqual([])
    expect(mistakesOf(scenario('{ «allow: 60, decline: «101 }'))).toEqual(['unknown-key', 'out-of-bounds'])
  })

  test('says how scores combine and what they lead to', () => {
    expect(mistakesOf({ 'a.rule.yaml': rule('a'), 'scenario.yaml': '««scenario: s\n' })).toEqual([
      'missing-key',
      'missing-key',
    ])
    expect(
      mistakesOf({ 'a.rule.yaml': rule('a'), 'scenario.yaml': 'scenario: s\ncombine: «average\nthresholds: {}\n' }),
    ).toEqual(['wrong-type'])
  })
})
