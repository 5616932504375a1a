import { describe, expect, test } from 'vitest'
import { findMistakes, ruleSetFiles, ruleWith } from '../../tests/support/rule-sets.ts'
import { loadRuleSet } from './load-rule-set.ts'

describe('a list', () => {
  test('holds values, some of which expire', () => {
    const { ruleSet } = loadRuleSet(
      ruleSetFiles({
        'lists/cards/blocked.yaml': `
list: blocked
title: Blocked cards
type: string
entries:
  - "4711"
  - { value: "4712", until: 2026-06-01T00:00:00+02:00, note: reported stolen }
`,
        'lists/codes.yaml': 'list: codes\ntype: int\nentries: [1, -2]\n',
      }),
    )
    expect(ruleSet?.lists).toEqual([
      {
        name: 'blocked',
        type: { kind: 'string' },
        entries: [
          { value: '4711', untilMs: undefined },
          { value: '4712', untilMs: Date.UTC(2026, 4, 31, 22) },
        ],
      },
      {
        name: 'codes',
        type: { kind: 'int' },
        entries: [
          { value: 1, untilMs: undefined },
          { value: -2, untilMs: undefined },
        ],
      },
    ])
  })

  test('shows every entry that is wrong', () => {
    const { found, marked, diagnostics } = findMistakes({
      'lists/a.yaml': `
list: a
type: string
entries:
  - «0711
  - x
  - «x
  - { value: y, until: «2026-06-01 }
  - «{ note: no value }
  - { value: z, «notes: misspelt }
  - «[x]
  - «yes: no
`.replace('  - «yes: no\n', '  - «true\n'),
      'lists/b.yaml': 'list: «a\ntype: «text\nentries: [1]\n',
    })
    expect(found).toEqual(marked)
    expect(diagnostics[0].hint).toBe('write "0711"')
  })

  test('is known to expressions even where it has mistakes', () => {
    const { found, marked } = findMistakes({
      'lists/a.yaml': 'list: a\ntype: string\nentries: [«1]\n',
      'r.rule.yaml': ruleWith(`when: 'inList("a", mcc) && «inList("b", mcc)'`).replace('«inList("b"', 'inList(«"b"'),
    })
    expect(found).toEqual(marked)
  })
})
