import { Environment } from '@marcbachmann/cel-js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventBatch } from '#shared/domain/event-batch'
import type { Problem } from '#shared/domain/problem'
import type { Kind } from '#shared/domain/value-type'
import { Problems, SourceFile } from '#shared/rule-language/source-file'
import { JsonCodec } from './json-codec.ts'
import { MapExpressions } from './map-expression.ts'
import { MapFile } from './map-file.ts'
import type { Row, RowShape } from './row-shape.ts'
import { sampleSchema as schema } from './sample-schema.ts'

const cells = (...columns: readonly string[]): RowShape => ({ source: 'input.csv', kind: 'texts', columns })
const object: RowShape = { source: 'input.jsonl', kind: 'object', columns: undefined }

const read = (text: string): MapFile => MapFile.read({ name: 'bank.map.yaml', text }, schema)

/** All that is wrong with a map over this input, as `line:column code message (hint)`. */
function mistakes(text: string, shape: RowShape): string[] {
  const map = read(text)
  return [...map.diagnostics, ...map.bind(shape).diagnostics].map(
    ({ line, column, code, message, hint }) => `${line}:${column} ${code} ${message}${hint ? ` (${hint})` : ''}`,
  )
}

function decoded(text: string, shape: RowShape, row: Row): EventBatch | Problem {
  expect(mistakes(text, shape)).toEqual([])
  const batch = new EventBatch(schema, new Set(schema.fields.keys()))
  const problem = read(text).bind(shape).decoder.decode(row, batch, 9)
  expect(batch.length).toBe(problem === undefined ? 1 : 0)
  return problem ?? batch
}

const handbook = `
maps:
  - event: transaction
    when: row.AMOUNT != ""
    fields:
      id: row.ID
      at: timestamp("2018-04-01T00:00:00Z") + duration(row.SECONDS + "s")
      account: row.CUSTOMER
      terminal: row.TERMINAL
      amount: row.AMOUNT
      fraud: row.SCENARIO != "0"
`
const columns = cells('ID', 'SECONDS', 'CUSTOMER', 'TERMINAL', 'AMOUNT', 'SCENARIO')

describe('a map over CSV', () => {
  it('gives the event that a JSON row with the same values gives', () => {
    const batch = decoded(handbook, columns, ['0', '31', '596', '3156', '57.16', '0'])
    const json = Buffer.from(
      '{"id":"0","at":"2018-04-01T00:00:31Z","account":"596","terminal":"3156","amount":57.16,"fraud":false}',
    )
    const expected = new EventBatch(schema, new Set(schema.fields.keys()))
    expect(new JsonCodec(schema).decode(json, 0, json.length, expected, 9)).toBeUndefined()
    expect(batch).toEqual(expected)
  })

  it.each<[string, string[], Partial<Problem>]>([
    ['a row that no map fits', ['0', '31', '596', '3156', '', '0'], { reason: 'unknown-type' }],
    ['an empty required key', ['0', '31', '', '3156', '1', '0'], { reason: 'bad-value', field: 'account' }],
    [
      'a time that cannot be computed',
      ['0', 'soon', 'A', '', '1', '0'],
      { reason: 'bad-value', field: 'at', message: expect.stringMatching(/^cannot be computed: Invalid duration/) },
    ],
    ['an amount with letters', ['0', '1', 'A', '', '1 EUR', '0'], { reason: 'bad-value', field: 'amount' }],
    ['a time beyond 2199', ['0', '9999999999', 'A', '', '1', '0'], { reason: 'bad-value', field: 'at' }],
  ])('names %s', (_, row, expected) => {
    expect(decoded(handbook, columns, row)).toMatchObject(expected)
  })

  it('takes an empty cell of an optional key for an absent one', () => {
    const batch = decoded(handbook, columns, ['0', '31', '596', '', '57.16', '0'])
    expect(batch).toMatchObject({ length: 1 })
    expect((batch as EventBatch).texts[2]?.[0]).toBeUndefined()
  })

  it('reports a missing field before a bad value, and an empty text of a required number as missing', () => {
    const text =
      'maps: [{ event: transaction, fields: { id: row.ID, at: row.AT, account: row.A, amount: row.N, visits: row.V } }]'
    const shape = cells('ID', 'AT', 'A', 'N', 'V')
    expect(decoded(text, shape, ['1', 'x', 'A', '', 'y'])).toMatchObject({ reason: 'missing-field', field: 'amount' })
    expect(decoded(text, shape, ['1', 'x', 'A', '1', 'y'])).toMatchObject({ reason: 'bad-value', field: 'at' })
  })

  it('reaches columns that are no names, nested fields in both forms, and the number of the row', () => {
    const text = `
maps:
  - event: transaction
    fields: { id: 'string(line)', at: '1', account: 'row["Card No"]', amount: '5', merchant: { id: row.M }, merchant.country: row.C, visits: line }
`
    const batch = decoded(text, cells('Card No', 'M', 'C'), ['A', 'm', 'GB']) as EventBatch
    expect([batch.id[0], batch.at[0], batch.texts[0]?.[0], batch.texts[3]?.[0], batch.texts[4]?.[0]]).toEqual([
      '9',
      1,
      'A',
      'm',
      'GB',
    ])
    expect([batch.numbers[1]?.[0], batch.numbers[5]?.[0]]).toEqual([500, 9])
  })

  it('takes the first map that fits', () => {
    const text = `
maps:
  - { event: transfer, when: row.KIND == "transfer", fields: { id: row.ID, at: '1', debtor: row.A } }
  - { event: transaction, when: row.KIND.startsWith("t"), fields: { id: row.ID, at: '1', account: row.A, amount: '1' } }
`
    const shape = cells('ID', 'KIND', 'A')
    expect((decoded(text, shape, ['1', 'transfer', 'A']) as EventBatch).type[0]).toBe(1)
    expect((decoded(text, shape, ['1', 'tx', 'A']) as EventBatch).type[0]).toBe(0)
    expect(decoded(text, shape, ['1', 'x', 'A'])).toMatchObject({ reason: 'unknown-type' })
  })
})

describe('a map over JSON', () => {
  const text = `
maps:
  - event: transaction
    when: row.kind == "card"
    fields:
      id: row.id
      at: row.time.booked
      account: row.iban
      amount: row.amount
      visits: 'has(row.visits) ? int(row.visits) : dyn(null)'
      merchant: { country: row.shop.country }
`
  const row = { kind: 'card', id: 7, time: { booked: 5 }, iban: 'A', amount: 1.5 }

  it('reads members at any depth, and what is not there as absent', () => {
    const batch = decoded(text, object, { ...row, shop: null }) as EventBatch
    expect([batch.id[0], batch.at[0], batch.numbers[1]?.[0], batch.numbers[5]?.[0]]).toEqual(['7', 5, 150, Number.NaN])
    expect((decoded(text, object, { ...row, visits: 3 }) as EventBatch).numbers[5]?.[0]).toBe(3)
    expect(decoded(text, object, { ...row, iban: undefined })).toMatchObject({
      reason: 'missing-field',
      field: 'account',
    })
  })

  it('is not misled by names that every object has', () => {
    expect(decoded(text, object, JSON.parse('{"constructor":1,"__proto__":{"kind":"card"}}'))).toMatchObject({
      reason: 'unknown-type',
      message: 'no map fits the row; when of map 1 cannot be computed: No such key: kind',
    })
    const odd = `maps: [{ event: odd, fields: { id: row.id, at: '1', account: '"a" + row.id', constructor: row.constructor, __proto__: row.x, toString: { valueOf: row.y } } }]`
    const batch = decoded(odd, object, { id: '7', constructor: 'c', x: 'p', y: 4 }) as EventBatch
    expect([batch.texts[0]?.[0], batch.texts[14]?.[0], batch.texts[15]?.[0], batch.numbers[16]?.[0]]).toEqual([
      'a7',
      'c',
      'p',
      4,
    ])
    const without = decoded(odd, object, { id: '7' }) as EventBatch
    expect(without.texts[14]?.[0]).toBeUndefined()
  })
})

describe('a map with mistakes', () => {
  it('has all of them reported at once, each at its place', () => {
    const text = `maps:
  - event: transactoin
    fields: { id: row.ID, at: row.AT }
  - event: transaction
    when: row.AMOUNT
    whn: "true"
    fields:
      id: row.IDD
      account: CUSTOMER
      amout: row.AMOUNT
      terminal: row.TERMINAL ==
      visits: timestamp("2018-04-01")
      fraud: row.FRAUD.matches("a+")
      opened: 'row.A == "x"'
`
    expect(mistakes(text, cells('ID', 'AT', 'AMOUNT', 'CUSTOMER', 'TERMINAL', 'FRAUD', 'A'))).toMatchInlineSnapshot(`
      [
        "2:12 unknown-event no event type "transactoin" is declared (did you mean "transaction"?)",
        "6:5 unknown-key a map has no key "whn" (did you mean "when"?)",
        "8:7 missing-field "transaction" needs "at" (add at: row.COLUMN)",
        "8:7 missing-field "transaction" needs "amount" (add amount: row.COLUMN)",
        "10:7 unknown-field "transaction" has no field "amout" (did you mean "amount"?)",
        "5:11 type-mismatch the expression gives string, and bool is needed",
        "8:11 unknown-column input.csv has no column "IDD" (did you mean ID?)",
        "9:16 unknown-variable Unknown variable: CUSTOMER (write row.CUSTOMER)",
        "11:32 syntax a value is expected where the expression ends",
        "12:15 type-mismatch the expression gives timestamp, and int is needed",
        "12:25 bad-time timestamp() takes RFC 3339 with a zone, from 1970 to 2199 (write "2026-03-01T12:00:00Z")",
        "13:14 unknown-function matches() cannot be used in a map (use startsWith, endsWith, contains or ==)",
        "14:16 type-mismatch the expression gives bool, and timestamp is needed",
      ]
    `)
  })

  it.each([
    ['', /empty/],
    ['maps: []', /"maps" is empty/],
    ['maps:\n  - fields: {}', /needs "event"/],
    ['maps: [{ event: odd, fields: { id: row.x, id: row.x } }]', /stands twice/],
    ['maps: [{ event: odd, fields: { type: row.x } }]', /event: NAME/],
    ['maps: [{ event: odd, fields: { id: [row.x] } }]', /must be a CEL expression/],
    ['maps: [{ event: transfer, fields: { id: row.x, at: row.y } }]', /"transfer" needs "debtor"/],
  ])('%s', (text, expected) => {
    expect(mistakes(text, object).join('\n')).toMatch(expected)
  })
})

describe('the short cut for frequent shapes', () => {
  const leaf = fc.constantFrom('row.A', 'row["B"]', '"x"', '""', '"7"')
  const { text, bool } = fc.letrec<{ text: string; bool: string }>((tie) => ({
    text: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
      fc.tuple(tie('bool'), tie('text'), tie('text')).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
    ),
    bool: fc.oneof(
      { depthSize: 'small' },
      fc.tuple(tie('text'), fc.constantFrom('==', '!='), tie('text')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(tie('bool'), fc.constantFrom('&&', '||'), tie('bool')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('bool').map((a) => `!${a}`),
      fc.constantFrom('true', 'false'),
    ),
  }))
  const time = text.map((t) => `timestamp("2018-04-01T00:00:00Z") + duration(${t} + "s")`)

  const kinds = <K extends Kind>(kind: K, of: fc.Arbitrary<string>) =>
    of.map((expression) => [kind, expression] as const)

  it('gives what CEL gives', () => {
    const environment = new Environment().registerVariable('row', 'map<string, dyn>')
    const cell = fc.constantFrom<unknown>('x', '', '7', '12', '1.5', '-3', 7n, null)
    const attempt = (work: () => unknown): unknown => {
      try {
        const value = work()
        return value instanceof Date ? value.getTime() : value
      } catch {
        return 'failed'
      }
    }
    fc.assert(
      fc.property(
        fc.oneof(kinds('string', text), kinds('bool', bool), kinds('timestamp', time)),
        cell,
        cell,
        ([kind, expression], a, b) => {
          const problems = new Problems()
          const shape: RowShape = { source: '', kind: 'cells', columns: ['A', 'B'] }
          const file = new SourceFile('x', expression)
          const written = { text: expression, placeOf: () => file.at(0) }
          const compiled = new MapExpressions(shape).value(written, { kind }, problems)
          expect(problems.sorted()).toEqual([])
          const fast = attempt(() => compiled?.([a, b], 1))
          const slow = attempt(() => environment.evaluate(expression, { row: { A: a, B: b } }))
          // A column as a whole is no computation: null is absent.
          expect(fast ?? null).toEqual(slow)
        },
      ),
      { numRuns: 5_000, seed: 1 },
    )
  })
})
