import { describe, expect, test } from 'vitest'
import { ruleSetFiles, shippedRuleFiles } from '../../tests/support/rule-sets.ts'
import { limits } from '../domain/limits.ts'
import { loadRuleSet } from './load-rule-set.ts'
import { checkRuleFiles } from './rule-tests.ts'

const rule = (name: string): string => `rule: ${name}\nwhen: true\nscore: 10\nseverity: low\n`

describe('a rule set', () => {
  test('needs nothing but event types', () => {
    expect(loadRuleSet(ruleSetFiles({}))).toMatchObject({
      ruleSet: { rules: [], lists: [], scenarios: [] },
      diagnostics: [],
    })
  })

  test('finds rules at any depth, in order of their names, and ignores other files', () => {
    const { ruleSet, diagnostics } = loadRuleSet(
      ruleSetFiles({
        'z.rule.yaml': rule('a'),
        'x/y/z/w.rule.yaml': rule('B'),
        'README.md': '# {',
        'x/notes.yaml': '{',
      }),
    )
    expect(ruleSet?.rules.map(({ name }) => name)).toEqual(['B', 'a'])
    expect(diagnostics).toEqual([])
  })

  test('warns of a file whose name is nearly right', () => {
    const names = ['a.rules.yaml', 'a.rule.yml', 'x/scenarios.yaml', 'lists/a.yml', 'x/events.yaml', 'a.tests.yaml']
    const { ruleSet, diagnostics } = loadRuleSet(
      ruleSetFiles(Object.fromEntries(names.map((name) => [name, 'x: 1\n']))),
    )
    expect(ruleSet).toBeDefined()
    expect(diagnostics.map(({ file, severity, hint }) => `${file} ${severity}: ${hint}`)).toEqual([
      'a.rule.yml warning: call it a.rule.yaml',
      'a.rules.yaml warning: call it a.rule.yaml',
      'a.tests.yaml warning: call it a.test.yaml',
      'lists/a.yml warning: call it lists/NAME.yaml',
      'x/events.yaml warning: call it events.yaml at the top',
      'x/scenarios.yaml warning: call it scenario.yaml',
    ])
  })

  test('shows the mistakes of all files at once, by file and place', () => {
    const { ruleSet, diagnostics } = loadRuleSet(
      ruleSetFiles({
        'b.rule.yaml': rule('b').replace('true', 'amuont > 1').replace('low', 'lo'),
        'a.rule.yaml': 'rule: a\nwhen: [\n',
        'lists/l.yaml': 'list: l\n',
        'scenario.yaml': 'scenario: s\ncombine: sum\nthresholds: { decline: 500 }\nrules: [b, c]\n',
      }),
    )
    expect(ruleSet).toBeUndefined()
    expect(diagnostics.map(({ file, line, code }) => `${file}:${line} ${code}`)).toEqual([
      'a.rule.yaml:3 yaml-syntax',
      'b.rule.yaml:2 unknown-name',
      'b.rule.yaml:4 wrong-type',
      'lists/l.yaml:1 missing-key',
      'lists/l.yaml:1 missing-key',
      'scenario.yaml:3 out-of-bounds',
      'scenario.yaml:4 unknown-rule',
    ])
  })

  test('has no two rules of one name', () => {
    const { diagnostics } = loadRuleSet(
      ruleSetFiles({ 'a.rule.yaml': rule('a'), 'x/b.rule.yaml': `# b\n${rule('a')}` }),
    )
    expect(diagnostics).toMatchObject([
      {
        file: 'x/b.rule.yaml',
        line: 2,
        column: 7,
        code: 'duplicate-name',
        hint: 'it stands at a.rule.yaml:1; rename one of them',
      },
    ])
  })

  test('has at most so many rules', () => {
    const many = Array.from({ length: limits.rulesMax + 1 }, (_, i) => [`r${i}.rule.yaml`, rule(`r${i}`)])
    expect(loadRuleSet(ruleSetFiles(Object.fromEntries(many))).diagnostics).toMatchObject([{ code: 'out-of-bounds' }])
  })
})

describe("a rule set's hash", () => {
  const files = {
    'a.rule.yaml': rule('a'),
    'lists/l.yaml': 'list: l\ntype: string\nentries: [x, y]\n',
    'scenario.yaml': 'scenario: s\ncombine: sum\nthresholds: { decline: 50 }\n',
  }
  const hashOf = (changed: Readonly<Record<string, string>>, events = ''): string => {
    const { ruleSet, diagnostics } = loadRuleSet(ruleSetFiles({ ...files, ...changed }))
    expect(diagnostics, events).toEqual([])
    return ruleSet!.hash
  }

  test('does not change with layout, comments, names of files and the order of entries', () => {
    const hash = hashOf({})
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(hashOf({ 'a.rule.yaml': `# comment\n${rule('a')}` })).toBe(hash)
    expect(hashOf({ 'lists/l.yaml': 'list: l\ntype: string\nentries:\n  - y\n  - x # why\n' })).toBe(hash)
    const { 'a.rule.yaml': moved, ...others } = files
    expect(loadRuleSet(ruleSetFiles({ ...others, 'b.rule.yaml': moved })).ruleSet?.hash).toBe(hash)
  })

  test('changes with rules, lists, scenarios and event types', () => {
    const hashes = [
      hashOf({}),
      hashOf({ 'a.rule.yaml': rule('a').replace('10', '11') }),
      hashOf({ 'b.rule.yaml': rule('b') }),
      hashOf({ 'lists/l.yaml': files['lists/l.yaml'].replace('y]', 'y, z]') }),
      hashOf({ 'lists/l.yaml': files['lists/l.yaml'].replace('y]', '{ value: y, until: 2026-01-01T00:00:00Z }]') }),
      hashOf({ 'scenario.yaml': files['scenario.yaml'].replace('50', '51') }),
      hashOf({
        'events.yaml': 'events: { transaction: { fields: { account: string }, keys: { account: account } } }\n',
      }),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })
})

test('the shipped rules, their lists, scenarios and tests have no mistake', () => {
  const { ruleSet, tests, diagnostics } = checkRuleFiles(shippedRuleFiles())
  expect(diagnostics).toEqual([])
  expect(ruleSet?.rules.length).toBeGreaterThan(0)
  expect(tests.length).toBeGreaterThan(0)
})
