import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import { invariant } from '#shared/domain/invariant'
import { limits } from '#shared/domain/limits'
import { generate } from '#shared/generator/generate'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import type { Codec } from './codec.ts'
import { JsonCodec } from './json-codec.ts'
import { sampleSchema } from './sample-schema.ts'
import { ScanCodec } from './scan-codec.ts'
import { randomRow } from './testing/random-rows.ts'
import { randomSchema } from './testing/random-schema.ts'
import { Tape } from './testing/tape.ts'

/** Each case is a schema and some rows. More with VIGIL_TEST_CASES. */
const cases = Number(process.env['VIGIL_TEST_CASES'] ?? 1500)

/** The reference, with a count of the rows that it was asked about. */
class CountedCodec implements Codec {
  asked = 0
  readonly #codec: JsonCodec

  constructor(schema: EventSchema) {
    this.#codec = new JsonCodec(schema)
  }

  decode(...row: Parameters<Codec['decode']>): ReturnType<Codec['decode']> {
    this.asked++
    return this.#codec.decode(...row)
  }
}

/** Decodes rows with both codecs and compares all that comes out, row by row; the memory of each codec goes on from row to row. */
class Twins {
  readonly counted: CountedCodec
  readonly #scan: Codec
  readonly #json: Codec
  readonly #left: EventBatch
  readonly #right: EventBatch
  events = 0
  rows = 0

  constructor(schema: EventSchema, used: ReadonlySet<number> = new Set(schema.fields.keys())) {
    this.counted = new CountedCodec(schema)
    this.#scan = new ScanCodec(schema, this.counted)
    this.#json = new JsonCodec(schema)
    this.#left = new EventBatch(schema, used, 1)
    this.#right = new EventBatch(schema, used, 1)
  }

  /** @param around bytes before and behind the row, which are none of its business */
  decode(row: Uint8Array, around: readonly [string, string] = ['', '']): void {
    const bytes = Buffer.concat([Buffer.from(around[0]), row, Buffer.from(around[1])])
    const start = Buffer.byteLength(around[0])
    const length = this.#right.length
    this.rows++
    const problem = this.#scan.decode(bytes, start, start + row.length, this.#left, this.rows)
    const expected = this.#json.decode(bytes, start, start + row.length, this.#right, this.rows)
    if (expected === undefined) this.events++
    expect(problem).toEqual(expected)
    expect(this.#left.length).toBe(this.#right.length)
    for (let i = length; i < this.#right.length; i++) expect(rowOf(this.#left, i)).toEqual(rowOf(this.#right, i))
    if (this.#right.length > 3) {
      this.#left.clear()
      this.#right.clear()
    }
  }
}

const rowOf = (batch: EventBatch, i: number): unknown[] => [
  batch.type[i],
  batch.id[i],
  batch.at[i],
  batch.receivedAt[i],
  batch.row[i],
  batch.digest[i],
  ...[batch.numbers, batch.texts, batch.collections].flatMap((all) => all.map((column) => column?.[i])),
]

const arounds = [
  ['', ''],
  ['', '\n{"id":"next"}'],
  ['{', '}'],
  ['"', '"}'],
  ['1', '0}'],
  ['x', ':1,"a":1}}'],
  ['\n', ' '],
  ['', 'true,'.repeat(200)],
  ['', '[],{},'.repeat(200)],
  ['', '"a":0,'.repeat(200)],
  ['', ' '.repeat(1_000)],
] as const

function mutated(tape: Tape, row: Buffer): Buffer {
  const at = tape.below(row.length + 1)
  const to = Math.min(row.length, at + 1 + tape.below(6))
  const [before, cut, after] = [row.subarray(0, at), row.subarray(at, to), row.subarray(to)]
  switch (tape.below(6)) {
    case 0:
      return Buffer.concat([before, Buffer.from([tape.pick(hostileBytes)]), cut, after])
    case 1:
      return Buffer.concat([before, Buffer.from([tape.pick(hostileBytes)]), cut.subarray(1), after])
    case 2:
      return Buffer.concat([before, Buffer.from(cut.map((byte) => byte ^ (1 << tape.below(8)))), after])
    case 3:
      return Buffer.concat([before, after])
    case 4:
      return Buffer.from(before)
    default:
      return Buffer.concat([before, row.subarray(tape.below(row.length + 1)), after])
  }
}

const hostileBytes = [
  ...Buffer.from('"\\{}[],: \t\n0159-+.eEntfu/aZ'),
  0,
  0x0b,
  0x1f,
  0x7f,
  0x80,
  0xbf,
  0xc3,
  0xed,
  0xff,
]

const tapes = fc.uint8Array({ minLength: 200, maxLength: 1200, size: 'max' }).map((bytes) => new Tape(bytes))

function check(decodeAll: (tape: Tape, twins: Twins, schema: EventSchema) => void): {
  accepted: number
  events: number
} {
  let accepted = 0
  let events = 0
  fc.assert(
    fc.property(tapes, (tape) => {
      const schema = randomSchema(tape)
      const isAllUsed = tape.chance(2)
      const used = [...schema.fields.keys()].filter(() => isAllUsed || tape.chance(2))
      const twins = new Twins(schema, new Set(used))
      decodeAll(tape, twins, schema)
      accepted += twins.rows - twins.counted.asked
      events += twins.events
    }),
    { numRuns: cases },
  )
  return { accepted, events }
}

describe('what JsonCodec makes of a row', () => {
  it('is what ScanCodec makes of it, for rows of any schema in any spelling', { timeout: 600_000 }, () => {
    const { accepted, events } = check((tape, twins, schema) => {
      for (let n = 0; n < 6; n++) twins.decode(Buffer.from(randomRow(tape, schema)), tape.pick(arounds))
    })
    expect(accepted).toBeGreaterThan(cases * 1.5)
    expect(events).toBeGreaterThan(accepted)
  })

  it('is what ScanCodec makes of it, for rows with something done to their bytes', { timeout: 600_000 }, () => {
    const { accepted, events } = check((tape, twins, schema) => {
      const row = Buffer.from(randomRow(tape, schema))
      twins.decode(row)
      for (let n = 0; n < 8; n++) twins.decode(mutated(tape, row), tape.pick(arounds))
    })
    expect(accepted).toBeGreaterThan(cases / 3)
    expect(events).toBeGreaterThan(accepted)
  })
})

/** A good row of the sample schema, which members replace or follow. */
const good = (members = ''): string => `{"id":"t1","at":1767225600000,"account":"A","amount":12.30${members}}`

describe('a row', () => {
  it.each([
    ['in the plainest form', good()],
    ['with white space of all kinds', ' {\t"id" :\r"t1"\n, "at": 1767225600000 ,"account":"A" , "amount" :12.3 }\r'],
    ['of another type, named first', '{"type":"transfer","id":1,"at":0,"debtor":"D","creditor":"C"}'],
    ['of another type, named last', '{"id":1,"at":0,"debtor":"D","creditor":null,"type":"transfer"}'],
    [
      'with all kinds of values',
      good(',"merchant":{"id":"m","country":"CH"},"visits":3,"score":-0.5,"fraud":true,"opened":5,"age":90.5'),
    ],
    ['with numbers in strings', '{"id":"t","at":"2026-03-01T12:00:00Z","account":"A","amount":"12.30","age":"1h30m"}'],
    ['with letters beyond ASCII', good(',"terminal":"Zürich","x":"ñ","é":0')],
    [
      'with unknown names, whatever they hold',
      good(',"x":{"y":[1,-2.5,true,null,"a\\n\\u0041\\"",{}],"account":"B"},"z":[]'),
    ],
    [
      'with names that every object has',
      '{"type":"odd","id":"x","at":1,"account":"A","constructor":"c","toString":{}}',
    ],
    ['with decimals that are zeros', '{"id":"t","at":0.0,"account":"A","amount":12.3000,"visits":3.0}'],
    ['with escapes in texts', good(',"terminal":"Z\\u00fcrich","merchant":{"id":"\\ud83d\\ude00\\n\\\\"}')],
    [
      'with long numbers',
      '{"id":-0,"at":1e3,"account":"A","amount":1.230e1,"score":0.12345678901234567890,"x":-1E+400}',
    ],
    ['of 64 KiB', good(`,"x":"${'x'.repeat(limits.rowBytesMax - good(',"x":""').length)}"`)],
  ])('%s takes the short way', (_, text) => {
    const twins = new Twins(sampleSchema)
    for (let n = 0; n < 3; n++) twins.decode(Buffer.from(text))
    expect(twins).toMatchObject({ events: 3, counted: { asked: 0 } })
  })

  it.each([
    ['with an escape in its id', good().replace('t1', '\\u0041')],
    ['with an escape in a name', good(',"termin\\u0061l":"T"')],
    ['with a name twice', good(',"account":"B"')],
    ['with an object twice', good(',"merchant":{"id":"m"},"merchant":{}')],
    ['with a list', good(',"tags":["a"]')],
    ['with no type in so many words', good(',"type":null')],
    ['that nests deeply', good(`,"x":${'['.repeat(12)}${']'.repeat(12)}`)],
  ])('%s is left to the reference', (_, text) => {
    const twins = new Twins(sampleSchema)
    twins.decode(Buffer.from(text))
    expect(twins).toMatchObject({ events: 1, counted: { asked: 1 } })
  })

  it.each([
    ['above 64 KiB', good(`,"x":"${'x'.repeat(limits.rowBytesMax)}"`)],
    ['with bytes that are not UTF-8 where nobody looks', Buffer.from(good(',"x":"\xff"'), 'latin1')],
    ['with bytes that are not UTF-8 in a name', Buffer.from(good(',"\xc3":0'), 'latin1')],
    ['with half a pair in UTF-8', Buffer.from(good(',"terminal":"\xed\xa0\x80"'), 'latin1')],
    ['with half a pair, escaped', good(',"terminal":"\\ud83d"')],
    ['with a byte order mark', `\ufeff${good()}`],
    ['with something behind it', `${good()}0`],
    ['with a comma too many', good(',')],
    ['with a control character', good(',"x":"\u0001"')],
    ['with an empty key', good(',"terminal":""')],
    ['without its home key', '{"id":"t1","at":0,"amount":1}'],
    ['17 levels deep', good(`,"x":${'['.repeat(16)}${']'.repeat(16)}`)],
    ['of a type that is not declared', '{"type":"transact","id":"t1","at":0}'],
    ['of nothing', ''],
  ])('%s is refused as the reference refuses it, and leaves no trace', (_, row) => {
    const twins = new Twins(sampleSchema)
    for (let n = 0; n < 2; n++) {
      twins.decode(Buffer.from(good(',"merchant":{"id":"m"}')))
      twins.decode(Buffer.from(row as string))
    }
    expect(twins).toMatchObject({ rows: 4, events: 2, counted: { asked: 2 } })
  })

  it('is read where it stands in its bytes, and ends where it is said to end', () => {
    const codec = new ScanCodec(sampleSchema)
    const rows = [
      good(',"terminal":"T","x":[true,[],{"y":null}]'),
      good(',"fraud":true'),
      good(',"x":{"y":0},"visits":1'),
    ]
    const behind = ['', '}', '"}', '0}', 'true,'.repeat(200), '[],'.repeat(200), '"y":0,'.repeat(200), '1'.repeat(999)]
    for (const text of rows)
      for (let offset = 0; offset < 4; offset++)
        for (const more of behind) {
          const before = '"'.repeat(offset)
          const bytesOf = (row: string): Uint8Array => new Uint8Array(Buffer.from(before + row + more)).subarray(offset)
          const batch = new EventBatch(sampleSchema, new Set(sampleSchema.fields.keys()))
          expect(codec.decode(bytesOf(text), 0, text.length, batch, 1)).toBeUndefined()
          const reasons = new Set<string | undefined>()
          for (let end = 0; end < text.length; end++)
            reasons.add(codec.decode(bytesOf(text.slice(0, end)), 0, end, batch, 2)?.reason)
          expect([...reasons]).toEqual(['bad-json'])
          expect([batch.length, batch.id[0], batch.texts[0]?.[0]]).toEqual([1, 't1', 'A'])
        }
  })

  it('may have any of the shapes that optional fields make', () => {
    const twins = new Twins(sampleSchema)
    const options = [
      ['', ',"terminal":"T"', ',"terminal":null'],
      ['', ',"visits":1', ',"visits":null'],
      ['', ',"merchant":{}', ',"merchant":null', ',"merchant":{"id":null}', ',"merchant":{"country":"CH","id":"m"}'],
      ['', ',"x":1', ',"x":null', ',"x":{"id":null}'],
    ]
    for (let n = 0; n < 2_000; n++) {
      let rest = (n * 7_919) % 180
      const members = options.map((ways) => {
        const way = ways[rest % ways.length]
        rest = Math.floor(rest / ways.length)
        return way
      })
      twins.decode(Buffer.from(good(members.join(''))))
    }
    expect(twins).toMatchObject({ events: 2_000, counted: { asked: 0 } })
  })
})

describe('rows that come in numbers take the short way', () => {
  const schemaOf = (yaml: string): EventSchema => {
    const { ruleSet } = loadRuleSet(new Map([['events.yaml', yaml]]))
    invariant(ruleSet !== undefined, 'the event types are declared without a mistake')
    return ruleSet.events
  }

  it('all of those that `vigil generate` writes', () => {
    const twins = new Twins(schemaOf(readFileSync(new URL('../../rules/events.yaml', import.meta.url), 'utf8')))
    for (const { event } of generate({ seed: 1, customers: 50, days: 60, start: Date.UTC(2026, 0, 1), events: 3_000 }))
      twins.decode(Buffer.from(JSON.stringify(event)))
    expect(twins).toMatchObject({ rows: 3_000, events: 3_000, counted: { asked: 0 } })
  })

  it('all payments of a stream in the wire form of a card network', () => {
    const twins = new Twins(
      schemaOf(`events:
  transaction:
    fields:
      account: string
      amount: money
      merchant: { id: string, name: string, country: string, mcc: string }
      channel: string
      currency: string
      device: string
      ip: string
    keys: { account: account }
`),
    )
    for (let n = 0; n < 1_000; n++) {
      const digits = (length: number): string => String((n * 7_368_787) % 10 ** length).padStart(length, '0')
      twins.decode(
        Buffer.from(
          `{"id":"tx-${digits(10)}","at":${1_767_225_600_000 + n * 250},"account":"acc_${digits(10)}","amount":${(n * 1.37).toFixed(2)},` +
            `"merchant":{"id":"m_${digits(8)}","name":"SHOP ${n} ZÜRICH","country":"CH","mcc":"5013"},"channel":"pos",` +
            `"currency":"CHF","device":"d_${digits(16)}","ip":"10.234.60.${n % 256}"}`,
        ),
      )
    }
    expect(twins).toMatchObject({ rows: 1_000, events: 1_000, counted: { asked: 0 } })
  })
})
