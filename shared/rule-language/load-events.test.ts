import { describe, expect, test } from 'vitest'
import { findMistakes, ruleSetFiles } from '../../tests/support/rule-sets.ts'
import { typeName } from '../domain/value-type.ts'
import { loadRuleSet } from './load-rule-set.ts'

const load = (events: string) => loadRuleSet(ruleSetFiles({ 'events.yaml': events }))

const hintsOf = (events: string): readonly string[] => {
  const { found, marked, diagnostics } = findMistakes({ 'events.yaml': events })
  expect(found, events).toEqual(marked)
  return diagnostics.map(({ code, hint }) => `${code}: ${hint}`)
}

describe('events.yaml', () => {
  test('flattens nested objects and numbers fields and keys in order of appearance', () => {
    const { ruleSet, diagnostics } = load(`
events:
  transaction:
    fields: { account: string, terminal: optional<string>, amount: money, fraud: bool, merchant: { id: string, country: optional<string> } }
    keys:   { account: account, terminal: terminal, merchant: merchant.id }
  transfer:
    fields: { debtor: string, creditor: string, amount: money, fee: money<3> }
    keys:   { account: [debtor, creditor] }
`)
    expect(diagnostics).toEqual([])
    const { fields, types, keys } = ruleSet!.events
    expect(fields.map(({ path, type }) => `${path} ${typeName(type)}`)).toEqual([
      ...['account string', 'terminal string', 'amount money', 'fraud bool', 'merchant.id string'],
      ...['merchant.country string', 'debtor string', 'creditor string', 'fee money<3>'],
    ])
    expect(keys).toEqual(['account', 'terminal', 'merchant'])
    expect(types[0].fields.filter(({ optional }) => optional).map(({ field }) => fields[field].path)).toEqual([
      'terminal',
      'merchant.country',
    ])
    expect(types[0].keys).toEqual([
      { key: 0, fields: [0] },
      { key: 1, fields: [1] },
      { key: 2, fields: [4] },
    ])
    expect(
      types[1].fields.map(({ field }) => field),
      'amount is shared',
    ).toEqual([6, 7, 2, 8])
    expect(types[1].keys).toEqual([{ key: 0, fields: [6, 7] }])
  })

  test('takes every type of the language', () => {
    const { ruleSet } = load(`
events:
  e:
    fields:
      k: int
      d: double
      t: timestamp
      w: duration
      m0: money<0>
      m9: money<9>
      l: list<list<string>>
      m: map<string, money<3>>
      o: optional<map<string,int>>
    keys: { k: k }
`)
    expect(ruleSet?.events.fields.map(({ type }) => typeName(type))).toEqual([
      ...['int', 'double', 'timestamp', 'duration', 'money<0>', 'money<9>', 'list<list<string>>'],
      ...['map<string, money<3>>', 'map<string, int>'],
    ])
  })

  test('keeps two numbers for one path of two types', () => {
    const { ruleSet } = load(
      'events:\n  a: { fields: { k: string, x: int }, keys: { k: k } }\n  b: { fields: { k: string, x: double }, keys: { k: k } }\n',
    )
    expect(ruleSet?.events.types.map(({ fields }) => fields.map(({ field }) => field))).toEqual([
      [0, 1],
      [0, 2],
    ])
  })

  test('refuses what is no type, with the one that was meant', () => {
    const hints = hintsOf(`
events:
  e:
    fields:
      k: string
      a: «strin
      b: «integer
      c: «money<10>
      d: «list<optional<int>>
      f: «map<int, string>
      g: «7
    keys: { k: k }
`)
    expect(hints[0]).toBe('unknown-type: did you mean string?')
    expect(hints[1]).toBe('unknown-type: did you mean int?')
    expect(hints[2]).toBe('unknown-type: money has 0 to 9 decimals: money<3>')
    expect(hints[4]).toBe('unknown-type: maps have text as keys: "map<string, int>"')
  })

  test('refuses a comma that braces take for their own', () => {
    expect(hintsOf('events:\n  e: { fields: { k: string, m: «map<string,««int> }, keys: { k: k } }\n')[0]).toBe(
      'unknown-type: within { } a comma needs quotes: "map<string, int>"',
    )
  })

  test('refuses names that every event has, but only at the top', () => {
    expect(
      hintsOf(`
events:
  e:
    fields: { k: string, «id: string, «at: timestamp, «type: string, «receivedAt: timestamp, «key: string, m: { id: string, key: string } }
    keys: { k: k }
`),
    ).toHaveLength(5)
  })

  test('takes a field called key that is the key of that name', () => {
    expect(hintsOf('events:\n  event: { fields: { key: string }, keys: { key: key } }\n')).toEqual([])
  })

  test('refuses words of expressions as names of fields', () => {
    expect(
      hintsOf('events:\n  e: { fields: { k: string, «in: int, «1st: int, m: { «a-b: int } }, keys: { k: k } }\n'),
    ).toEqual([
      'reserved-name: call it in_',
      'bad-name: names are letters, digits and _, not first a digit: n_1h',
      'bad-name: names are letters, digits and _, not first a digit: n_1h',
    ])
  })

  test('refuses an event without a key, and keys that are no string or int field', () => {
    expect(
      hintsOf(`
events:
  a: «{ fields: { k: string } }
  b: { fields: { k: string }, keys: «{} }
  c: { fields: { k: string, x: double, m: { id: string } }, keys: { k: «j, x: «x, m: «m, two: [k, «k] } }
`),
    ).toEqual([
      'missing-key: add keys: { name: account }',
      'missing-key: add account: account; the first key is the home key',
      `unknown-name: did you mean "k"?`,
      'bad-key: declare it as string',
      `unknown-name: did you mean "m.id"?`,
      'duplicate-name: keep one of the two',
    ])
  })

  test('refuses one key with two types', () => {
    expect(
      hintsOf(`
events:
  a: { fields: { k: string }, keys: { k: k } }
  b: { fields: { k: int }, keys: { k: «k } }
`),
    ).toEqual(['bad-key: declare "k" as string, or give this key another name'])
  })

  test('may not be missing', () => {
    expect(loadRuleSet(new Map()).diagnostics).toMatchObject([{ file: 'events.yaml', line: 1, code: 'missing-file' }])
  })

  test('with mistakes makes no name unknown in the rules', () => {
    const { diagnostics } = loadRuleSet(
      ruleSetFiles({
        'events.yaml':
          'events:\n  transaction: { fields: { account: string, amount: mony }, keys: { account: account } }\n',
        'a.rule.yaml': 'rule: a\nwhen: amount > 1 && 1 > "x"\nscore: 101\nseverity: low\n',
      }),
    )
    expect(diagnostics.map(({ file, code }) => `${file} ${code}`)).toEqual([
      'a.rule.yaml type-mismatch',
      'a.rule.yaml out-of-bounds',
      'events.yaml unknown-type',
    ])
  })
})
