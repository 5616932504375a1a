import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { violations } from '../../tests/support/json-schema.ts'
import { findMistakes, sampleEvents, shippedRuleFiles } from '../../tests/support/rule-sets.ts'
import { fileShapes, ruleFilesSchema } from './json-schema.ts'
import { contiguities } from './pattern-shape.ts'
import { aggregates } from './rule-shape.ts'
import { quotableKeys } from './yaml-quotes.ts'

const schema = ruleFilesSchema()

/** One good file of each kind. */
const samples: Readonly<Record<string, readonly [file: string, text: string]>> = {
  events: ['events.yaml', sampleEvents],
  list: ['lists/l.yaml', 'list: l\ntype: string\nentries:\n  - a\n  - { value: b, note: why }\n'],
  rule: [
    'a.rule.yaml',
    'rule: a\npattern:\n  - begin: b\n    times: 3+\n  - next: g\n    group: [{ begin: c }]\nskip: { to-first: b }\nfeatures:\n  f: { count: all, over: 1h }\nscore: 10\nseverity: low\n',
  ],
  scenario: ['scenario.yaml', 'scenario: s\ncombine: sum\nthresholds: { decline: 50 }\n'],
  test: ['a.test.yaml', 'rule: a\ntests:\n  - name: x\n    events: []\n    until: 5m\n    expect: []\n'],
}
const files = Object.fromEntries(Object.values(samples))

describe('the schema of rule files', () => {
  test('takes every shipped file', () => {
    for (const [name, text] of shippedRuleFiles()) expect(violations(schema, parse(text)), name).toEqual([])
  })

  for (const kind of Object.keys(fileShapes))
    test(`takes a good ${kind} file and refuses unknown keys, as the loader does`, () => {
      const [name, text] = samples[kind]
      expect(findMistakes(files).diagnostics).toEqual([])
      expect(violations(schema, parse(text))).toEqual([])
      const broken = `${text}nonsense: 1\n`
      expect(findMistakes({ ...files, [name]: broken }).diagnostics.map(({ code }) => code)).toEqual(['unknown-key'])
      expect(violations(schema, parse(broken))).not.toEqual([])
    })

  test('refuses what the loader refuses', () => {
    const [name, text] = samples['rule']
    for (const [from, to] of [
      ['score: 10', 'score: 101'],
      ['severity: low', 'severity: lo'],
      ['rule: a', 'rule: 1st'],
      ['over: 1h', 'over: 60'],
      ['over: 1h', 'ovr: 1h'],
      ['begin: c', 'begn: c'],
      ['begin: c', 'begin: c, next: d'],
      ['times: 3+', 'times: many'],
      ['to-first: b', 'to-frist: b'],
      ['score: 10\n', ''],
      ['score: 10', 'score: 10\nwhen: true'],
    ] as const) {
      const broken = text.replace(from, to)
      expect(findMistakes({ ...files, [name]: broken }).diagnostics, to).not.toEqual([])
      expect(violations(schema, parse(broken)), to).not.toEqual([])
    }
  })

  test('describes every key', () => {
    const definitions = schema['$defs'] as Record<string, { properties?: Record<string, { description?: string }> }>
    for (const [name, { properties }] of Object.entries(definitions))
      for (const [key, { description }] of Object.entries(properties ?? {}))
        expect(description, `${name}.${key}`).toBeTruthy()
  })
})

test('every key that holds an expression or prose is one whose quotes may be missing', () => {
  const text = JSON.stringify(schema)
  for (const key of quotableKeys) expect(text, key).toContain(`"${key}":{`)
  const expressions = [...text.matchAll(/"([\w-]+)":\{"type":\["string","boolean","number"\]/g)].map(([, key]) => key)
  expect([...new Set(expressions)].filter((key) => !quotableKeys.has(key))).toEqual([])
  expect(aggregates.filter((kind) => !quotableKeys.has(kind))).toEqual(['count', 'elapsed'])
  expect(contiguities.some((key) => quotableKeys.has(key))).toBe(false)
})
