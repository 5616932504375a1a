// Rows that are no events stand between good ones: each becomes a dead letter of its own, and everything else is as if
// they were not there.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../support/random.ts'
import { type DeadLetter, type Replay, vigil, Workspace } from '../support/vigil-command.ts'

const rules = {
  'events.yaml': `
events:
  transaction:
    fields:
      account: string
      terminal: optional<string>
      amount: money
      visits: optional<int>
      rate: optional<double>
      fraud: optional<bool>
      opened: optional<timestamp>
      wait: optional<duration>
      merchant: { id: optional<string> }
      tags: optional<list<string>>
    keys: { account: account, terminal: terminal }
  login:
    fields: { account: string, device: string }
    keys: { account: account }
`,
  'spending.rule.yaml': `
rule: spending
title: Much spent within the hour
features:
  n:     { count: all, over: 1h }
  spent: { sum: amount, over: 1h }
  shops: { distinct: merchant.id, over: 1d }
when: n >= 2 && spent > 150
score: 50
severity: medium
message: "{spent} in {n} payments at {shops} shops"
`,
  'rising.rule.yaml': `
rule: rising
title: Small, then large
pattern:
  - begin: small
    where: amount < 40
    times: 1+
  - followedBy: large
    where: amount > 80
within: 2h
skip: past-last
score: 60
severity: high
`,
  'terminal.rule.yaml': `
rule: terminal
title: Several accounts at one terminal
by: terminal
features:
  accounts: { distinct: account, over: 6h }
when: accounts >= 3
cooldown: 1h
score: 20
severity: low
`,
}

const start = Date.UTC(2026, 2, 1)
const rowBytesMax = 65_536

/** Payments of accounts that no hostile row names, minutes apart. */
function goodRows(count: number, seed: number): Buffer[] {
  const random = seededRandom(seed)
  const whole = (below: number): number => Math.floor(random() * below)
  return Array.from({ length: count }, (_, i) =>
    Buffer.from(
      JSON.stringify({
        id: `good-${i}`,
        at: new Date(start + i * 20_000 + whole(20_000)).toISOString(),
        account: `good-account-${whole(20)}`,
        terminal: `good-terminal-${whole(8)}`,
        amount: (100 + whole(12_000)) / 100,
        merchant: { id: `good-merchant-${whole(30)}` },
      }),
    ),
  )
}

/** A row that would be an event, were it not for these members; undefined leaves one out. */
const row = (members: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ id: 'x', at: '2026-03-01T00:00:00Z', account: 'hostile', amount: 1.5, ...members })
const withAmount = (literal: string): string => row({ id: literal }).replace('1.5', literal)
const padded = (bytes: number): string => row({ padding: 'p'.repeat(bytes - row({ padding: '' }).length) })
const nested = (levels: number, inner: string): string =>
  row({ deep: 0 }).replace(':0}', `:${'['.repeat(levels - 1)}${inner}${']'.repeat(levels - 1)}}`)
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

type Hostile = readonly [what: string, row: string | Buffer, reason: string, field?: string]

const hostile: readonly Hostile[] = [
  ['text', 'hello', 'bad-json'],
  ['an object broken off', row().slice(0, -5), 'bad-json'],
  ['an object with a comma too many', row().replace('}', ',}'), 'bad-json'],
  ['two objects', `${row()}${row()}`, 'bad-json'],
  ['single quotes', row().replaceAll('"', "'"), 'bad-json'],
  ['a blank', ' ', 'bad-json'],
  ['a zero byte', latin1(row().replace('hostile', 'hos\0tile')), 'bad-json'],
  ['a byte order mark that is not at the start', `\ufeff${row()}`, 'bad-json'],
  ['NaN', withAmount('NaN'), 'bad-json'],
  ['Infinity', withAmount('-Infinity'), 'bad-json'],
  ['hexadecimal', withAmount('0x10'), 'bad-json'],
  ['a list', `[${row()}]`, 'not-an-object'],
  ['a number', '5', 'not-an-object'],
  ['null', 'null', 'not-an-object'],
  ['a string of 10 MB', `"${'s'.repeat(10_000_000)}"`, 'too-large'],
  ['a field of 10 MB', row({ account: 'a'.repeat(10_000_000) }), 'too-large'],
  ['10 MB of zero bytes', Buffer.alloc(10_000_000), 'too-large'],
  ['one byte above 64 KiB', padded(rowBytesMax + 1), 'too-large'],
  ['a list 10,000 deep', '['.repeat(10_000) + ']'.repeat(10_000), 'not-an-object'],
  ['a field 10,000 deep', nested(10_000, '1'), 'too-deep'],
  ['objects 10,000 deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 'too-deep'],
  ['10,000 brackets that do not close', '[{"a":'.repeat(5_000), 'bad-json'],
  ['17 levels', nested(17, ''), 'too-deep'],
  ['Latin-1', latin1(row({ account: 'Zürich' })), 'bad-encoding'],
  [
    'an overlong form',
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    'bad-encoding',
  ],
  ['UTF-16', Buffer.from(`\ufeff${row()}`, 'utf16le'), 'bad-encoding'],
  ['an unknown type', row({ type: 'transfer' }), 'unknown-type', 'type'],
  ['a type that every object has', row({ type: 'constructor' }), 'unknown-type', 'type'],
  ['__proto__ as type', row({ type: '__proto__' }), 'unknown-type', 'type'],
  ['no id', row({ id: undefined }), 'missing-field', 'id'],
  ['no time', row({ at: undefined }), 'missing-field', 'at'],
  ['no home key', row({ account: undefined }), 'missing-field', 'account'],
  ['null as home key', row({ account: null }), 'missing-field', 'account'],
  ['no amount', row({ amount: undefined }), 'missing-field', 'amount'],
  ['nothing', '{}', 'missing-field', 'id'],
  ['no device of a login', row({ type: 'login' }), 'missing-field', 'device'],
  ['fields inherited', '{"__proto__":{"id":"x","at":0,"account":"a","amount":1}}', 'missing-field', 'id'],
  ['an empty id', row({ id: '' }), 'bad-value', 'id'],
  ['an object as id', row({ id: {} }), 'bad-value', 'id'],
  ['a fraction as id', row({ id: 0.5 }), 'bad-value', 'id'],
  ['a long id', row({ id: 'i'.repeat(257) }), 'bad-value', 'id'],
  ['half a character', row({ account: '?' }).replace('?', '\\ud800'), 'bad-value', 'account'],
  ['an empty key', row({ account: '' }), 'bad-value', 'account'],
  ['a number as key', row({ account: 5 }), 'bad-value', 'account'],
  ['a list as key', row({ account: ['a'] }), 'bad-value', 'account'],
  ['year 0', row({ at: '0000-01-01T00:00:00Z' }), 'bad-value', 'at'],
  ['year 99999', row({ at: '99999-01-01T00:00:00Z' }), 'bad-value', 'at'],
  ['year 2200', row({ at: '2200-01-01T00:00:00Z' }), 'bad-value', 'at'],
  ['30 February', row({ at: '2026-02-30T00:00:00Z' }), 'bad-value', 'at'],
  ['no zone', row({ at: '2026-03-01T00:00:00' }), 'bad-value', 'at'],
  ['before 1970', row({ at: -1 }), 'bad-value', 'at'],
  ['1e400 as time', row({ at: 0 }).replace(':0,', ':1e400,'), 'bad-value', 'at'],
  ['1e400', withAmount('1e400'), 'bad-value', 'amount'],
  ['"NaN"', row({ amount: 'NaN' }), 'bad-value', 'amount'],
  ['a third decimal', row({ amount: 1.505 }), 'bad-value', 'amount'],
  ['more money than there is', row({ amount: 1e30 }), 'bad-value', 'amount'],
  ['true as money', row({ amount: true }), 'bad-value', 'amount'],
  ['a fraction as int', row({ visits: 1.5 }), 'bad-value', 'visits'],
  ['an int above 2^53', withAmount('1').replace('}', ',"visits":9007199254740993}'), 'bad-value', 'visits'],
  ['1e400 as double', withAmount('2').replace('}', ',"rate":1e400}'), 'bad-value', 'rate'],
  ['a string as bool', row({ fraud: 'true' }), 'bad-value', 'fraud'],
  ['a year as timestamp', row({ opened: '99999-01-01T00:00:00Z' }), 'bad-value', 'opened'],
  ['a word as duration', row({ wait: 'soon' }), 'bad-value', 'wait'],
  ['a string as object', row({ merchant: 'constructor' }), 'bad-value', 'merchant'],
  ['a number in a list of strings', row({ tags: ['a', 1] }), 'bad-value', 'tags'],
]

/** Odd, and events all the same. They raise nothing. */
const odd: ReadonlyArray<readonly [what: string, row: string]> = [
  ['unknown fields', row({ id: 'odd-1', colour: 'red', nested: { deep: [1, { a: null }] } })],
  [
    'fields named like those of objects',
    row({ id: 'odd-2', constructor: { prototype: 1 }, toString: 5, hasOwnProperty: [] }),
  ],
  ['__proto__ as field', row({ id: 'odd-3' }).replace('{', '{"__proto__":{"amount":1000,"isAdmin":true},')],
  ['__proto__ as key', row({ id: 'odd-4', account: '__proto__', terminal: 'constructor' })],
  ['constructor as id', row({ id: 'constructor', account: 'odd' })],
  ['__proto__ as id', row({ id: '__proto__', account: 'odd' })],
  ['64 KiB', padded(rowBytesMax)],
  ['16 levels', row({ id: 'odd-5', deep: JSON.parse(`${'['.repeat(15)}${']'.repeat(15)}`) })],
  ['a number as id', row({ id: 42 })],
  ['a field twice', row({ id: 'odd-6' }).replace('}', ',"amount":2}')],
  ['null in optional fields', row({ id: 'odd-7', visits: null, merchant: null, tags: null })],
  ['an escaped line end', row({ id: 'odd-8', account: 'hos\r\ntile\u2028' })],
  ['the last moment', row({ id: 'odd-9', at: '2199-12-31T23:59:59.999Z', account: 'last' })],
  ['the first moment', row({ id: 'odd-10', at: 0, account: 'first' })],
]

/** Puts one of the others after every good row, as long as there are some. */
const mixed = (good: readonly Buffer[], others: ReadonlyArray<string | Buffer>): Buffer[] =>
  good.flatMap((line, i) => (others[i] === undefined ? [line] : [line, Buffer.from(others[i] as string)]))

const file = (rows: readonly Buffer[], lineEnd = '\n'): Buffer =>
  Buffer.concat(rows.flatMap((line) => [line, Buffer.from(lineEnd)]))

const inOrderOfRows = (letters: readonly DeadLetter[]): DeadLetter[] => [...letters].sort((a, b) => a.row - b.row)

describe('hostile rows between good ones', { timeout: 60_000 }, () => {
  const workspace = new Workspace()
  let folder = ''
  const good = goodRows(400, 1)
  const others = [...hostile.map(([, bytes]) => bytes), ...odd.map(([, text]) => text)]
  const orders = ['event-time', 'arrival'] as const
  const clean = new Map<string, Replay<unknown>>()
  const found = new Map<string, Replay<unknown>>()
  beforeAll(async () => {
    folder = workspace.rules('rules', rules)
    const cleanFile = workspace.write('clean.jsonl', file(good))
    const mixedFile = workspace.write('mixed.jsonl', file(mixed(good, others)))
    for (const order of orders) {
      const [a, b] = await Promise.all(
        [cleanFile, mixedFile].map((events) => workspace.replay(folder, events, '--order', order)),
      )
      clean.set(order, a)
      found.set(order, b)
    }
  }, 120_000)
  afterAll(() => workspace.close())

  it.each(orders)('leave every alert as it is, in order of %s', (order) => {
    expect(clean.get(order)?.lines.length).toBeGreaterThan(50)
    expect(found.get(order)?.text).toBe(clean.get(order)?.text)
  })

  it.each(hostile.map(([what, , reason, field], i) => [what, reason, field, 2 * i + 2] as const))(
    '%s: %s',
    (_, reason, field, number) => {
      for (const order of orders) {
        const letters = found.get(order)?.deadLetters.filter((letter) => letter.row === number)
        expect(letters).toEqual([
          { row: number, reason, ...(field && { field }), message: expect.stringMatching(/\S/) },
        ])
        expect(letters?.[0].message.length).toBeLessThan(300)
      }
    },
  )

  it.each(odd.map(([what], i) => [what, 2 * (hostile.length + i) + 2] as const))('%s: an event', (_, number) => {
    for (const order of orders)
      expect(found.get(order)?.deadLetters.filter((letter) => letter.row === number)).toEqual([])
  })

  it('are counted by their reasons', () => {
    const byReason: Record<string, number> = {}
    for (const [, , reason] of hostile) byReason[reason] = (byReason[reason] ?? 0) + 1
    expect(found.get('event-time')?.summary).toMatchObject({
      rows: good.length + others.length,
      events: good.length + odd.length,
      duplicates: 0,
      late: 0,
      deadLetters: byReason,
    })
  })

  it('may come with a byte order mark, CRLF and empty lines', async () => {
    const rows = mixed(good, others)
    const bytes = Buffer.concat([
      Buffer.from('\ufeff\r\n\n'),
      file(rows.slice(0, 51), '\r\n\r\n\n'),
      file(rows.slice(51), '\r\n'),
    ])
    const same = await workspace.replay(folder, workspace.write('windows.jsonl', bytes.subarray(0, -2)))
    expect(same.text).toBe(clean.get('event-time')?.text)
    expect(same.deadLetters).toEqual(found.get('event-time')?.deadLetters)
  })

  it('repeats are counted, and one with other content is dead, whatever the order', async () => {
    const again = (i: number, members: object = {}): Buffer =>
      Buffer.from(JSON.stringify({ ...JSON.parse(good[i].toString()), ...members }))
    const repeats = [
      [again(10), undefined],
      [again(11, { amount: 99.99 }), 'duplicate-conflict'],
      [again(12, { unknown: 'ignored' }), undefined],
      [again(13, { merchant: { id: 'other' } }), 'duplicate-conflict'],
      [again(14, { terminal: null }), 'duplicate-conflict'],
      [again(15, { at: Date.parse(JSON.parse(good[15].toString()).at) }), undefined],
    ] as const
    const rows = [...good.slice(0, 20), ...repeats.map(([bytes]) => bytes), ...good.slice(20)]
    const events = workspace.write('repeats.jsonl', file(rows))
    for (const order of orders) {
      const { text, summary, deadLetters } = await workspace.replay(folder, events, '--order', order)
      expect(text).toBe(clean.get(order)?.text)
      expect(summary).toMatchObject({ rows: 406, events: 400, duplicates: 3, deadLetters: { 'duplicate-conflict': 3 } })
      expect(inOrderOfRows(deadLetters).map((letter) => [letter.row, letter.reason, letter.field])).toEqual([
        [22, 'duplicate-conflict', 'id'],
        [24, 'duplicate-conflict', 'id'],
        [25, 'duplicate-conflict', 'id'],
      ])
    }
  })

  it('files without any row are files of no events', async () => {
    const files = [
      workspace.write('empty.jsonl', ''),
      workspace.write('lines.jsonl', '\n\r\n\n'),
      workspace.write('mark.jsonl', '\ufeff'),
    ]
    const none = await workspace.replay(folder, files)
    expect(none).toMatchObject({ text: '', deadLetters: [], summary: { rows: 0, events: 0, alerts: { spending: 0 } } })
    const some = await workspace.replay(folder, [files[0], workspace.path('clean.jsonl'), files[1], files[2]])
    expect(some.text).toBe(clean.get('event-time')?.text)
  })
})

describe('hostile rows of CSV', { timeout: 60_000 }, () => {
  const workspace = new Workspace()
  afterAll(() => workspace.close())

  it('become dead letters of their own, in quotes and out', async () => {
    const map = workspace.write(
      'bank.map.yaml',
      `maps: [{ event: transaction, when: row.KIND != "note", fields: { id: row.ID, at: row.AT, account: row.ACCOUNT, amount: row.AMOUNT } }]`,
    )
    const good = Array.from({ length: 30 }, (_, i) => `g${i},${start + i * 60_000},A,90.00,pos`)
    const bad: ReadonlyArray<readonly [string | Buffer, string, string?]> = [
      ['b1,1,B', 'bad-value'],
      ['b2,1,B,1.00,pos,more', 'bad-value'],
      ['b3,soon,B,1.00,pos', 'bad-value', 'at'],
      ['b4,1,B,,pos', 'missing-field', 'amount'],
      ['b5,1,B,1e400,pos', 'bad-value', 'amount'],
      ['b6,1,B,NaN,pos', 'bad-value', 'amount'],
      ['b7,1,"B"x,1.00,pos', 'bad-value'],
      ['b8,1,"B\nC",1.001,pos', 'bad-value', 'amount'],
      ['b9,1,B,1.00,note', 'unknown-type'],
      [latin1('b10,1,Zürich,1.00,pos'), 'bad-encoding'],
      [`b11,1,${'B'.repeat(70_000)},1.00,pos`, 'too-large'],
      [`b12,1,"${'B,\n'.repeat(30_000)}",1.00,pos`, 'too-large'],
      [',1,B,1.00,pos', 'bad-value', 'id'],
    ]
    const header = 'ID,AT,ACCOUNT,AMOUNT,KIND'
    const lines = (rows: readonly Buffer[]): Buffer => file([Buffer.from(`\ufeff${header}`), ...rows], '\r\n')
    const goodLines = good.map((line) => Buffer.from(line))
    const folder = workspace.rules('rules', rules)
    const clean = await workspace.replay(folder, workspace.write('clean.csv', lines(goodLines)), '--map', map)
    const mixedLines = mixed(
      goodLines,
      bad.map(([bytes]) => bytes),
    )
    const found = await workspace.replay(folder, workspace.write('mixed.csv', lines(mixedLines)), '--map', map)
    expect(clean.lines.length).toBeGreaterThan(20)
    expect(found.text).toBe(clean.text)
    expect(found.deadLetters.map(({ row: number, reason, field }) => [number, reason, field])).toEqual(
      bad.map(([, reason, field], i) => [2 * i + 2, reason, field]),
    )
  })
})

describe('100,000 generated rows', () => {
  const random = seededRandom(20_260_301)
  const below = (n: number): number => Math.floor(random() * n)
  const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)]

  const values: readonly unknown[] = [
    ...[null, true, 0, -1, 1.005, 1e300, 2 ** 53, '', 'A', '12.30', '1e400', '1h', '2026-03-01T00:10:00Z', '\u0000'],
    ...[[], [null], ['a', 'b'], {}, { id: 'm' }, { __proto__: null }, 'hostile-1', 'constructor', '__proto__'],
  ]
  const names = ['id', 'at', 'type', 'account', 'terminal', 'amount', 'visits', 'rate', 'fraud', 'opened', 'wait']
  const moreNames = [...names, 'merchant', 'tags', '__proto__', 'constructor', 'toString', 'receivedAt']
  const bytesToInsert = [0x00, 0x20, 0x22, 0x2c, 0x2d, 0x30, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x80, 0xc0, 0xed, 0xff]

  /** A valid row of an account that no good row is of, in time order like those. */
  function valid(i: number): string {
    return JSON.stringify({
      id: `hostile-${i}`,
      at: start + i * 200 + below(60_000),
      account: `hostile-${below(50)}`,
      terminal: `hostile-${below(20)}`,
      amount: below(9_000) / 100,
      merchant: { id: pick(['m', 'n']) },
    })
  }

  function mutated(i: number): Buffer {
    const object = JSON.parse(valid(i))
    for (let k = below(3); k > 0; k--) {
      const name = pick(moreNames)
      const value = pick(values)
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
    }
    if (below(4) === 0) delete object[pick(names)]
    const whole = Buffer.from(JSON.stringify(object))
    const at = below(whole.length)
    switch (below(12)) {
      case 0:
        return whole.subarray(0, at + 1)
      case 1:
        return Buffer.concat([whole.subarray(0, at), Buffer.from([pick(bytesToInsert)]), whole.subarray(at)])
      case 2:
        return Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1)])
      case 3:
        return Buffer.concat([whole.subarray(0, at), Buffer.from([pick(bytesToInsert)]), whole.subarray(at + 1)])
      case 4: {
        const levels = 1 + below(40)
        const deep = `${pick(['[', '{"a":'])}`.repeat(levels)
        return Buffer.from(
          `{"id":"x","deep":${deep}${deep.startsWith('[') ? '' : '1'}${deep[0] === '[' ? ']'.repeat(levels) : '}'.repeat(levels)}}`,
        )
      }
      case 5:
        return below(200) === 0 ? Buffer.concat([whole, Buffer.alloc(rowBytesMax - below(200), 0x20)]) : whole
      default:
        return whole
    }
  }

  /** What is wrong with the bytes of a row before its fields are looked at, told by other means than those of the product. */
  function wrongAsJson(bytes: Buffer): string | undefined {
    if (bytes.length > rowBytesMax) return 'too-large'
    let text: string
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      return 'bad-encoding'
    }
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not-an-object'
      return depth(value) > 16 ? 'too-deep' : undefined
    } catch {
      return 'bad-json'
    }
  }

  function depth(value: unknown): number {
    if (typeof value !== 'object' || value === null) return 0
    return 1 + Math.max(0, ...Object.values(value).map(depth))
  }

  it('are each one event, one repeat or one dead letter, and none changes an alert of another account', {
    timeout: 120_000,
  }, async () => {
    const workspace = new Workspace()
    try {
      const folder = workspace.rules('rules', rules)
      const good = goodRows(1_000, 2)
      const rows: { readonly bytes: Buffer; readonly isGood: boolean }[] = []
      for (let i = 0; rows.length < 101_000; i++) {
        if (i % 100 === 0) rows.push({ bytes: good[i / 100], isGood: true })
        rows.push({ bytes: mutated(i), isGood: false })
      }
      const cleanFile = workspace.write('clean.jsonl', file(good))
      const mixedFile = workspace.write('mixed.jsonl', file(rows.map(({ bytes }) => bytes)))
      const [clean, found] = await Promise.all(
        [cleanFile, mixedFile].map((events) => workspace.replay(folder, events, '--order', 'arrival')),
      )
      const ofGood = found.lines.filter(
        ({ by, key }) => key.startsWith('good-') && (by === 'account' || by === 'terminal'),
      )
      expect(clean.lines.length).toBeGreaterThan(100)
      expect(ofGood).toEqual(clean.lines)

      const { summary, deadLetters } = found
      const dead = new Map(deadLetters.map((letter) => [letter.row, letter.reason]))
      expect(dead.size).toBe(deadLetters.length)
      expect(summary.rows).toBe(rows.length)
      expect(summary.events + summary.duplicates + summary.late + deadLetters.length).toBe(rows.length)
      expect(summary.events).toBeGreaterThan(30_000)

      const misjudged = rows.flatMap(({ bytes, isGood }, i) => {
        const expected = isGood ? undefined : wrongAsJson(bytes)
        const reason = dead.get(i + 1)
        const isSame = expected === undefined ? isGood === false || reason === undefined : reason === expected
        const isOfJson = ['too-large', 'bad-encoding', 'bad-json', 'not-an-object', 'too-deep'].includes(reason ?? '')
        return isSame && isOfJson === (expected !== undefined)
          ? []
          : [{ row: i + 1, reason, expected, bytes: bytes.toString() }]
      })
      expect(misjudged).toEqual([])
      expect(Object.keys(summary.deadLetters)).toEqual(
        expect.arrayContaining([
          'too-large',
          'bad-encoding',
          'bad-json',
          'too-deep',
          'unknown-type',
          'missing-field',
          'bad-value',
        ]),
      )
    } finally {
      workspace.close()
    }
  })
})

it('says on stderr how many rows were dead, and why', { timeout: 60_000 }, async () => {
  const workspace = new Workspace()
  const folder = workspace.rules('rules', rules)
  const { code, stdout, stderr } = await vigil(
    ['replay', '--rules', folder, '--events', '-', '--format', 'json'],
    'x\n{}\n',
  )
  workspace.close()
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  expect(stderr).toMatch(/2 rows: 0 events, 0 duplicates, 0 late, 2 dead letters/)
  expect(stderr).toMatch(/dead letters, bad-json: 1\n/)
})
