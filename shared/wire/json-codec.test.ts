import { describe, expect, it } from 'vitest'
import { EventBatch } from '#shared/domain/event-batch'
import { limits } from '#shared/domain/limits'
import type { Problem } from '#shared/domain/problem'
import { JsonCodec } from './json-codec.ts'
import { sampleSchema as schema } from './sample-schema.ts'

const codec = new JsonCodec(schema)
const newBatch = (): EventBatch => new EventBatch(schema, new Set(schema.fields.keys()), 2)

/** A good transaction with these members put in its place; undefined leaves one out. */
const row = (members: Record<string, unknown> = {}): string =>
  JSON.stringify({ id: 't1', at: '2026-03-01T12:00:00Z', account: 'A', amount: 12.3, ...members })

function decode(text: string | Uint8Array, batch = newBatch()): Problem | undefined {
  const bytes = Buffer.from(text as string)
  const problem = codec.decode(bytes, 0, bytes.length, batch, 7)
  expect(batch.length).toBe(problem === undefined ? 1 : 0)
  return problem
}

function decoded(text: string): EventBatch {
  const batch = newBatch()
  expect(decode(text, batch)).toBeUndefined()
  return batch
}

const digest = (text: string): number => decoded(text).digest[0]

describe('an amount of many digits', () => {
  const amount = (digits: string): string => row().replace('12.3', digits)

  it.each(['12.340000000000000001', '1.0000000000000001', '90071992547409.911'])('is not rounded: %s', (digits) => {
    expect(decode(amount(digits))).toMatchObject({ reason: 'bad-value', field: 'amount' })
  })

  it.each(['12.3400000000000000000', '12.34'])('may have zeros behind it: %s', (digits) => {
    expect(decode(amount(digits))).toBeUndefined()
  })
})

describe('a good row', () => {
  it('becomes an event with its fields in memory form', () => {
    const batch = decoded(
      row({
        id: 42,
        visits: 31,
        score: 0.5,
        fraud: true,
        opened: 5,
        age: '1h30m',
        merchant: { id: 'm', country: null },
        tags: ['a', 'b'],
        limits: { day: 1, week: '2.50', none: null },
      }),
    )
    expect([batch.type[0], batch.id[0], batch.at[0], batch.row[0]]).toEqual([0, '42', Date.UTC(2026, 2, 1, 12), 7])
    expect(batch.texts.map((column) => column?.[0])).toEqual(
      Object.assign(Array(17).fill(undefined), { 0: 'A', 3: 'm' }),
    )
    expect([1, 5, 6, 7, 8, 9].map((f) => batch.numbers[f]?.[0])).toEqual([1230, 31, 0.5, 1, 5, 5_400_000])
    expect(batch.collections[10]?.[0]).toEqual(['a', 'b'])
    expect(batch.collections[11]?.[0]).toEqual(
      new Map([
        ['day', 100],
        ['week', 250],
      ]),
    )
  })

  it('may have null for an absent field, unknown fields, and a name twice, of which the last counts', () => {
    const batch = decoded(
      '{"id":"t","at":0,"account":"A","account":"B","amount":1,"terminal":null,"x":{"y":[1]},"receivedAt":"no"}',
    )
    expect([batch.texts[0]?.[0], batch.texts[2]?.[0], batch.receivedAt[0]]).toEqual(['B', undefined, Number.NaN])
  })

  it('keeps only the columns of used fields, with the same digest', () => {
    const batch = new EventBatch(schema, new Set([1]))
    expect(decode(row(), batch)).toBeUndefined()
    expect(batch.digest[0]).toBe(digest(row()))
  })
})

describe('reasons', () => {
  it.each<[string, string | Uint8Array, Problem['reason'], string | undefined, RegExp]>([
    [
      'a row above 64 KiB',
      `{"x":"${'x'.repeat(limits.rowBytesMax)}`,
      'too-large',
      undefined,
      /longer than 65536 bytes/,
    ],
    ['a byte that is not UTF-8', Buffer.from('{"id":"\xff"', 'latin1'), 'bad-encoding', undefined, /UTF-8/],
    ['half a pair in UTF-8', Buffer.from('22eda08022', 'hex'), 'bad-encoding', undefined, /UTF-8/],
    ['no JSON', '{"id":NaN}', 'bad-json', undefined, /expected a value at character 7, found "N"/],
    ['a list, however deep', '['.repeat(10_000) + ']'.repeat(10_000), 'not-an-object', undefined, /a list/],
    ['null', 'null', 'not-an-object', undefined, /null/],
    [
      'an object 10,000 levels deep',
      `${'{"a":'.repeat(10_000)}0${'}'.repeat(10_000)}`,
      'too-deep',
      undefined,
      /16 levels/,
    ],
    ['an unknown type', row({ type: 'transactoin' }), 'unknown-type', 'type', /did you mean "transaction"/],
    ['a type that is no string', row({ type: 5 }), 'unknown-type', 'type', /got 5/],
    ['no id', row({ id: undefined, amount: 'x' }), 'missing-field', 'id', /absent/],
    ['no time', row({ at: null }), 'missing-field', 'at', /absent/],
    ['a missing field after a bad one', row({ account: 5, amount: undefined }), 'missing-field', 'amount', /absent/],
    [
      'no home key, although it is optional',
      '{"type":"transfer","id":"x","at":1,"creditor":"C"}',
      'missing-field',
      'debtor',
      /absent/,
    ],
    ['an empty id', row({ id: '' }), 'bad-value', 'id', /not empty/],
    ['an id that is a fraction', row({ id: 1.5 }), 'bad-value', 'id', /got 1.5/],
    ['a long id', row({ id: 'é'.repeat(129) }), 'bad-value', 'id', /256 bytes/],
    ['an empty key', row({ terminal: '' }), 'bad-value', 'terminal', /not empty/],
    ['a long key', row({ account: 'é'.repeat(129) }), 'bad-value', 'account', /256 bytes/],
    ['year 0', row({ at: '0000-01-01T00:00:00Z' }), 'bad-value', 'at', /1970 to 2199/],
    ['year 99999', row({ at: '99999-01-01T00:00:00Z' }), 'bad-value', 'at', /1970 to 2199/],
    ['too many decimals', row({ amount: 12.345 }), 'bad-value', 'amount', /at most 2 decimals.*got 12.345/],
    ['1e400', row().replace('12.3', '1e400'), 'bad-value', 'amount', /got Infinity/],
    ['an int beyond 2^53 − 1', row({ visits: 2 ** 53 }), 'bad-value', 'visits', /got 9007199254740992/],
    ['a string for a bool', row({ fraud: 'true' }), 'bad-value', 'fraud', /got "true"/],
    ['a string for an object', row({ merchant: 'm' }), 'bad-value', 'merchant', /an object, got "m"/],
    ['half a pair', row({ terminal: '\ud800' }), 'bad-value', 'terminal', /whole characters/],
    ['half a pair in a list', row({ tags: ['\udc00'] }), 'bad-value', 'tags', /whole characters/],
    ['half a pair in an id', row({ id: '\ud800' }), 'bad-value', 'id', /whole characters/],
    ['null in a list', row({ tags: [null] }), 'bad-value', 'tags', /list<string>/],
    ['a long value, cut in the message', row({ fraud: 'x'.repeat(60_000) }), 'bad-value', 'fraud', /^.{0,120}$/],
  ])('%s', (_, text, reason, field, message) => {
    expect(decode(text)).toEqual({ reason, ...(field && { field }), message: expect.stringMatching(message) })
  })

  it.each([
    ['64 KiB', `${row({ x: '' }).slice(0, -2)}${'x'.repeat(limits.rowBytesMax - row({ x: '' }).length)}"}`],
    ['16 levels', row({ x: JSON.parse('['.repeat(15) + ']'.repeat(15)) })],
    ['many brackets, none deep', row({ x: Array(50).fill([]) })],
    ['an id of 256 bytes', row({ id: 'é'.repeat(128) })],
    ['U+FFFD itself', row({ terminal: '\ufffd' })],
    ['a whole pair, escaped', row({ terminal: 'x' }).replace('"x"', String.raw`"\ud83d\ude00"`)],
    ['2^53 − 1', row({ visits: 2 ** 53 - 1 })],
    ['an empty string that is no key', row({ merchant: { id: '' } })],
    ['an integer as id', row({ id: -0 })],
  ])('do not fit %s', (_, text) => {
    expect(decode(text)).toBeUndefined()
  })

  it('asks for the type where none may be left out', () => {
    const others = new JsonCodec({ ...schema, types: schema.types.slice(1) })
    const bytes = Buffer.from(row())
    expect(others.decode(bytes, 0, bytes.length, newBatch(), 1)?.reason).toBe('unknown-type')
  })
})

describe('names that every object has', () => {
  it('are read where they are the row’s own', () => {
    const batch = decoded(
      '{"type":"odd","id":"x","at":1,"account":"A","constructor":"c","__proto__":"p","toString":{"valueOf":3}}',
    )
    expect([batch.texts[14]?.[0], batch.texts[15]?.[0], batch.numbers[16]?.[0]]).toEqual(['c', 'p', 3])
  })

  it('are absent elsewhere', () => {
    const batch = decoded('{"type":"odd","id":"x","at":1,"account":"A","toString":{}}')
    expect([batch.texts[14]?.[0], batch.texts[15]?.[0], batch.numbers[16]?.[0]]).toEqual([
      undefined,
      undefined,
      Number.NaN,
    ])
    expect(decode('{"id":"x","at":1,"amount":1,"__proto__":{"account":"A"}}')?.field).toBe('account')
    expect(decode('{"type":"toString","id":"x"}')?.reason).toBe('unknown-type')
  })
})

describe('the digest', () => {
  it('is that of the content, however it is written', () => {
    expect(digest(row({ amount: '12.30' }))).toBe(digest(row()))
    expect(
      digest(
        row({ amount: undefined, type: 'transaction', terminal: null, unknown: 1 }).replace('{', '{"amount":12.30,'),
      ),
    ).toBe(digest(row()))
    expect(digest(row({ at: '2026-03-01T13:00:00.000+01:00' }))).toBe(digest(row()))
    expect(digest(row({ limits: { a: 1, b: 2 } }))).toBe(digest(row({ limits: { b: '2', a: 1 } })))
  })

  it('differs with any field', () => {
    const rows = [
      {},
      { at: 1 },
      { account: 'B' },
      { amount: 12.31 },
      { terminal: 'A' },
      { merchant: { id: 'A' } },
      { tags: [] },
      { tags: ['a', 'b'] },
      { tags: ['b', 'a'] },
      { limits: { a: 1 } },
      { limits: { a: 2 } },
      { fraud: false },
      { fraud: true },
      { visits: 0 },
      { visits: 1 },
    ]
    expect(new Set(rows.map((members) => digest(row(members)))).size).toBe(rows.length)
  })

  it('is the one that checkpoints of earlier versions hold', () => {
    expect(digest(row({ terminal: 'TÉ', fraud: true, tags: ['a'], limits: { a: 1 } }))).toMatchInlineSnapshot(
      `515226522`,
    )
  })
})
