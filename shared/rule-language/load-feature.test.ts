import { describe, expect, test } from 'vitest'
import { findMistakes, ruleSetFiles, ruleWith } from '../../tests/support/rule-sets.ts'
import { typeName } from '../domain/value-type.ts'
import { loadRuleSet } from './load-rule-set.ts'

function featureOf(text: string) {
  const { ruleSet, diagnostics } = loadRuleSet(
    ruleSetFiles({ 'a.rule.yaml': ruleWith(`features:\n  f: ${text}\nwhen: has(f)`) }),
  )
  expect(diagnostics, text).toEqual([])
  return ruleSet!.rules[0].features[0]
}

function mistakeOf(text: string): string {
  const { found, marked, diagnostics } = findMistakes({
    'a.rule.yaml': ruleWith(`features:\n  f: ${text}\nwhen: true`),
  })
  expect(found, text).toEqual(marked)
  return diagnostics.map(({ code }) => code).join(' ')
}

describe('a feature', () => {
  test('has the type that its aggregate gives', () => {
    const types: Record<string, string> = {
      'count: all': 'int',
      'sum: amount': 'money',
      'sum: items': 'int',
      'sum: wait': 'duration',
      'avg: amount': 'double',
      'stddev: items': 'double',
      'min: opened': 'timestamp',
      'max: usual': 'double',
      'distinct: merchant.id': 'int',
      'first: channel': 'string',
      'last: fraud': 'bool',
      'share: amount > 10': 'double',
      'sum: amount * 2': 'money',
    }
    for (const [text, type] of Object.entries(types))
      expect(typeName(featureOf(`{ ${text}, over: 1h }`).type), text).toBe(type)
    expect(typeName(featureOf('{ elapsed: all }').type)).toBe('duration')
  })

  test('has a window in time, in number or both', () => {
    expect(featureOf('{ count: all, over: 1h30m }')).toMatchObject({
      overMs: 5_400_000,
      delayMs: 0,
      events: undefined,
      excludeCurrent: false,
    })
    expect(featureOf('{ avg: amount, over: 30d, current: exclude, delay: 7d }')).toMatchObject({
      delayMs: 7 * 86_400_000,
      excludeCurrent: true,
    })
    expect(featureOf('{ count: all, events: 10 }')).toMatchObject({ overMs: undefined, events: 10 })
    expect(featureOf('{ count: all, events: 10, over: 1h, where: amount > 100 }').where).toBeDefined()
    expect(featureOf('{ elapsed: all, over: 1d }')).toMatchObject({ overMs: 86_400_000 })
  })

  test('is refused without a window, or with one that means nothing', () => {
    expect(mistakeOf('«{ count: all }')).toBe('missing-key')
    expect(mistakeOf('{ count: all, events: 5, delay: «1h }')).toBe('conflicting-keys')
    expect(mistakeOf('{ elapsed: all, events: «5 }')).toBe('conflicting-keys')
    expect(mistakeOf('{ elapsed: all, delay: «1h }')).toBe('conflicting-keys')
    expect(mistakeOf('{ count: all, over: «500d }')).toBe('out-of-bounds')
    expect(mistakeOf('{ count: all, over: 300d, delay: «200d }')).toBe('out-of-bounds')
    expect(mistakeOf('{ count: all, over: «0s }')).toBe('out-of-bounds')
    expect(mistakeOf('{ count: all, events: «0 }')).toBe('out-of-bounds')
    expect(mistakeOf('{ count: all, over: «60 }')).toBe('wrong-type')
    expect(mistakeOf('{ count: all, over: 1h, current: «excluded }')).toBe('wrong-type')
  })

  test('has exactly one aggregate', () => {
    expect(mistakeOf('«{ over: 1h }')).toBe('missing-key')
    expect(mistakeOf('«{ sum: amount, avg: amount, over: 1h }')).toBe('conflicting-keys')
    expect(mistakeOf('{ «som: amount, over: 1h }')).toBe('unknown-key')
    expect(mistakeOf('{ count: «amount, over: 1h }')).toBe('wrong-type')
  })

  test('aggregates only what the aggregate is known for', () => {
    for (const text of [
      'sum: «channel',
      'sum: «opened',
      'avg: «wait',
      'avg: «opened',
      'stddev: «fraud',
      'min: «channel',
      'max: «fraud',
    ])
      expect(mistakeOf(`{ ${text}, over: 1h }`), text).toBe('type-mismatch')
    for (const text of ['first: «tags', 'distinct: «tags', 'share: «amount'])
      expect(mistakeOf(`{ ${text}, over: 1h }`), text).toBe('type-mismatch')
  })

  test('does not see features', () => {
    const { found, marked } = findMistakes({
      'a.rule.yaml': ruleWith(
        'features:\n  f: { count: all, over: 1h }\n  g: { sum: «f, over: 1h, where: «f > 1 }\nwhere: «f > 1\nwhen: true',
      ),
    })
    expect(found).toEqual(marked)
  })

  test('that is refused is not unknown as well', () => {
    expect(
      findMistakes({
        'a.rule.yaml': ruleWith('features:\n  f: { sum: amuont, over: 1h }\nwhen: f > 1\nmessage: "{f}"'),
      }).diagnostics,
    ).toHaveLength(1)
  })
})
