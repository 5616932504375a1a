import { execFileSync, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ByteWriter, parquetWrite, parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EventBatch } from '#shared/domain/event-batch'
import { limits } from '#shared/domain/limits'
import { sharedMissing, sharedPath } from '../../tests/support/shared-data.ts'
import { InputFailed, InputRefused } from './input-failure.ts'
import { MapFile } from './map-file.ts'
import { openRows, type RowInputs } from './row-reader.ts'
import { sampleSchema as schema } from './sample-schema.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigil-wire-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

const tableMap = MapFile.read(
  {
    name: 'bank.map.yaml',
    text: 'maps: [{ event: transaction, fields: { id: row.ID, at: row.AT, account: row.ACCOUNT, amount: row.AMOUNT } }]',
  },
  schema,
)

/** Everything that comes out, in order: `1 id account amount` for an event, `2 reason field` for a dead letter. */
async function readAll(files: readonly string[], more: Partial<RowInputs> = {}): Promise<string[]> {
  const found: string[] = []
  const rows = await openRows({ files, schema, stdin: chunks(), ...more })
  const batch = new EventBatch(schema, new Set([0, 1]))
  for await (const block of rows.blocks())
    for (let i = 0; i < block.length; i++) {
      const problem = block.decode(i, batch)
      const row = block.firstRow + i
      if (problem !== undefined) found.push([row, problem.reason, problem.field].join(' ').trimEnd())
      else {
        expect(batch.row[0]).toBe(row)
        found.push([row, batch.id[0], batch.texts[0]?.[0], batch.numbers[1]?.[0]].join(' '))
      }
      batch.clear()
    }
  return found
}

const json = (id: string): string => `{"id":"${id}","at":1,"account":"A","amount":1}\n`
const header = 'ID,AT,ACCOUNT,AMOUNT\n'

describe('JSON Lines', () => {
  it('are numbered over all files, without empty lines and marks', async () => {
    const files = [
      await file('a.jsonl', `\ufeff${json('1')}\r\n\n{"id":\n${json('3').trimEnd()}`),
      await file('empty.ndjson', ''),
      await file('b.jsonl.gz', gzipSync(json('4'))),
      await file('C.JSONL', `${'x'.repeat(limits.rowBytesMax + 1)}\n${json('6')}`),
    ]
    expect(await readAll(files)).toEqual([
      '1 1 A 100',
      '2 bad-json',
      '3 3 A 100',
      '4 4 A 100',
      '5 too-large',
      '6 6 A 100',
    ])
  })

  it('come from stdin too', async () => {
    const stdin = chunks(Buffer.from(json('1').slice(0, 5)), Buffer.from(json('1').slice(5)))
    expect(await readAll(['-'], { stdin, format: 'json' })).toEqual(['1 1 A 100'])
  })

  it('may have columns of their own', async () => {
    const row = '{"ID":7,"AT":1,"ACCOUNT":"B","AMOUNT":"2.50"}\n[]\n{"ID":8}'
    expect(await readAll([await file('own.jsonl', row)], { map: tableMap })).toEqual([
      '1 7 B 250',
      '2 not-an-object',
      '3 missing-field at',
    ])
  })
})

describe('gzip', () => {
  it('may have several members, whole and padded with zeros', async () => {
    const members = [
      gzipSync(json('1')),
      gzipSync(''),
      gzipSync(json('2').slice(0, 9)),
      gzipSync(json('2').slice(9)),
      Buffer.alloc(512),
    ]
    expect(await readAll([await file('members.jsonl.gz', Buffer.concat(members))])).toEqual(['1 1 A 100', '2 2 A 100'])
  })

  it('may have very many members', async () => {
    const members = Array.from({ length: 3_000 }, (_, i) => gzipSync(json(String(i)), { level: 0 }))
    expect(await readAll([await file('many.jsonl.gz', Buffer.concat(members))])).toHaveLength(3_000)
  })

  const whole = gzipSync(Buffer.from(Array.from({ length: 20_000 }, (_, i) => json(String(i))).join('')))
  it.each([
    ['broken off', whole.subarray(0, whole.length - 20), /unexpected end of file, at byte \d+ of the compressed file/],
    ['empty', Buffer.alloc(0), /unexpected end of file, at byte 0 of/],
    ['no gzip', Buffer.from(json('1')), /incorrect header check, at byte \d+ of/],
    [
      'corrupt',
      Buffer.concat([whole.subarray(0, 3000), Buffer.from('xxxxxxxx'), whole.subarray(3008)]),
      /at byte \d+ of/,
    ],
    ['followed by something else', Buffer.concat([whole, Buffer.from('x')]), /at byte \d+ of/],
  ])('that is %s is a failure with its place', async (what, bytes, message) => {
    const path = await file(`${what}.jsonl.gz`, bytes)
    const failure = await readAll([path]).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(InputFailed)
    expect(String(failure)).toMatch(message)
    expect(String(failure)).toContain(path)
  })
})

describe('CSV', () => {
  it('is read through a map, with bad rows by their reason', async () => {
    const rows = ['1,1,A,1.00', '"2",1,"A, ""B""\nC",2', '3,1,A', '4,1,A,1,', '5,1,"A,1', '"6,1,A,1"x,1,A,1', 'é,1,é,1']
    const latin = Buffer.from('\n7,1,\xe9,1\n', 'latin1')
    const bytes = Buffer.concat([
      Buffer.from(`\ufeff${header.replace('\n', '\r\n')}\r\n`),
      Buffer.from(rows.slice(0, 4).join('\n')),
      latin,
      Buffer.from(rows[6]),
    ])
    expect(await readAll([await file('a.csv', bytes)], { map: tableMap })).toEqual([
      '1 1 A 100',
      '2 2 A, "B"\nC 200',
      '3 bad-value',
      '4 bad-value',
      '5 bad-encoding',
      '6 é é 100',
    ])
    expect(await readAll([await file('b.csv', header + rows[5])], { map: tableMap })).toEqual(['1 bad-value'])
    expect(await readAll([await file('c.csv', header + rows[4])], { map: tableMap })).toEqual(['1 bad-value'])
  })

  it('has a header in each file, and rows are numbered on', async () => {
    const files = [
      await file('1.csv', `${header}1,1,A,1\n`),
      await file('2.csv', header),
      await file('3.csv.gz', gzipSync(`AMOUNT,ID,ACCOUNT,AT\n2,2,B,1`)),
    ]
    expect(await readAll(files, { map: tableMap })).toEqual(['1 1 A 100', '2 2 B 200'])
  })

  it('comes from stdin', async () => {
    const stdin = chunks(Buffer.from(`${header}1,1,A,1\n`), Buffer.from('2,1,A,1\n'))
    expect(await readAll(['-'], { map: tableMap, stdin, format: 'csv' })).toEqual(['1 1 A 100', '2 2 A 100'])
  })

  it('comes from a named pipe, which is opened once', async () => {
    const pipe = join(folder, 'pipe.csv')
    execFileSync('sh', ['-c', `mkfifo ${pipe}`])
    const writer = spawn('sh', ['-c', `printf 'ID,AT,ACCOUNT,AMOUNT\\n1,1,A,1\\n' > ${pipe}`])
    expect(await readAll([pipe], { map: tableMap })).toEqual(['1 1 A 100'])
    expect(writer.exitCode ?? 0).toBe(0)
  })
})

describe('Parquet', () => {
  const days = [new Date(1000), new Date(2000), new Date(3000)]
  const columnData = [
    { name: 'ID', data: [1n, 2n, 3n], type: 'INT64' as const },
    { name: 'AT', data: days, type: 'TIMESTAMP' as const },
    { name: 'ACCOUNT', data: ['A', 'é', ''], type: 'STRING' as const },
    { name: 'AMOUNT', data: [4.35, 0.1, 1], type: 'DOUBLE' as const },
    { name: 'UNUSED', data: ['x'.repeat(100_000), '', ''], type: 'STRING' as const },
  ]
  const bytes = (options: Record<string, unknown> = {}): Buffer =>
    Buffer.from(parquetWriteBuffer({ columnData, ...options }))

  const expected = ['1 1 A 435', '2 2 é 10', '3 bad-value account']

  it.each([
    ['a.parquet', bytes()],
    ['groups.parquet', bytes({ rowGroupSize: 1 })],
    ['plain.parquet', bytes({ codec: 'UNCOMPRESSED' })],
    ['a.parquet.gz', gzipSync(bytes())],
  ])('is read from %s', async (name, content) => {
    expect(await readAll([await file(name, content)], { map: tableMap })).toEqual(expected)
  })

  it('is read from stdin, in memory', async () => {
    expect(await readAll(['-'], { map: tableMap, stdin: chunks(bytes()), format: 'parquet' })).toEqual(expected)
  })

  it('has values of all kinds in the form that CEL has for them', async () => {
    const writer = new ByteWriter()
    await parquetWrite({
      writer,
      schema: [
        { name: 'root', num_children: 7 },
        { name: 'ID', type: 'INT32', repetition_type: 'REQUIRED' },
        { name: 'AT', type: 'INT32', converted_type: 'DATE', repetition_type: 'REQUIRED' },
        { name: 'ACCOUNT', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
        {
          name: 'AMOUNT',
          type: 'INT64',
          converted_type: 'DECIMAL',
          precision: 18,
          scale: 2,
          repetition_type: 'OPTIONAL',
        },
        {
          name: 'SMALL',
          type: 'INT32',
          converted_type: 'DECIMAL',
          precision: 9,
          scale: 2,
          repetition_type: 'OPTIONAL',
        },
        { name: 'FLOAT', type: 'FLOAT', repetition_type: 'REQUIRED' },
        { name: 'FLAG', type: 'BOOLEAN', repetition_type: 'REQUIRED' },
      ],
      columnData: [
        { name: 'ID', data: [1, 2] },
        { name: 'AT', data: [days[0], days[1]] },
        { name: 'ACCOUNT', data: [Buffer.from('A'), undefined] },
        { name: 'AMOUNT', data: [4.35, undefined] },
        { name: 'SMALL', data: [4.35, -0.05] },
        { name: 'FLOAT', data: [12.3, 0.1] },
        { name: 'FLAG', data: [true, false] },
      ],
    })
    const map = MapFile.read(
      {
        name: 'm',
        text: `
maps:
  - event: transaction
    fields: { id: 'row.ID + 1', at: row.AT, account: 'row.ACCOUNT == null ? "none" : row.ACCOUNT', amount: row.AMOUNT, score: 'row.SMALL * 1.0', visits: 'int(row.FLOAT * 10.0)', fraud: row.FLAG }
  - { event: odd, fields: { id: row.ID, at: '1', account: '"x"' } }
`,
      },
      schema,
    )
    const path = await file('kinds.parquet', Buffer.from(writer.getBuffer()))
    const rows = await openRows({ files: [path], schema, map, stdin: chunks() })
    const batch = new EventBatch(schema, new Set(schema.fields.keys()))
    for await (const block of rows.blocks()) {
      expect(block.decode(0, batch)).toBeUndefined()
      expect(block.decode(1, batch)).toMatchObject({ reason: 'missing-field', field: 'amount' })
    }
    expect([batch.id[0], batch.at[0], batch.texts[0]?.[0]]).toEqual(['2', 0, 'A'])
    expect([1, 5, 6, 7].map((f) => batch.numbers[f]?.[0])).toEqual([435, 123, 4.35, 1])
  })

  it('that is no Parquet, or broken off, is a failure with its place', async () => {
    for (const content of ['PAR1', 'x'.repeat(100), bytes().subarray(20)]) {
      const failure = await readAll([await file('broken.parquet', content)], { map: tableMap }).catch(
        (error: unknown) => error,
      )
      expect(failure).toBeInstanceOf(InputFailed)
      expect(String(failure)).toMatch(/broken\.parquet: .+, at (the footer|row group 1)/)
    }
  })
})

describe('what cannot be read', () => {
  it.each<[string, readonly string[], Partial<RowInputs>, RegExp]>([
    ['a name without a format', ['a.txt'], {}, /does not tell the format.*\.jsonl/],
    ['a slip in the name', ['a.parqet'], {}, /did you mean \.parquet/],
    ['stdin without a format', ['-'], {}, /--format json\|csv\|parquet/],
    ['stdin twice', ['-', '-'], { format: 'json' }, /once only/],
    ['a file that is not there', ['gone.jsonl'], {}, /gone\.jsonl: does not exist/],
    ['a folder', ['.jsonl'], {}, /is a folder/],
    ['CSV without a map', ['empty.csv'], {}, /--map/],
    ['CSV without a header', ['empty.csv'], { map: tableMap }, /starts with a header/],
    ['two columns of one name', ['twice.csv'], { map: tableMap }, /two columns are named "ID"/],
  ])('%s is refused before the first row', async (_, names, more, message) => {
    await file('empty.csv', '\n')
    await file('twice.csv', 'ID,AT,ID\n')
    await mkdir(join(folder, '.jsonl'), { recursive: true })
    const refusal = await readAll(
      names.map((name) => (name === '-' ? name : join(folder, name))),
      more,
    ).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(InputRefused)
    expect(String(refusal)).toMatch(message)
  })

  it('has all mistakes of the map over all files in one refusal', async () => {
    const files = [
      await file('x.csv', 'ID,AT\n'),
      await file('y.csv', 'ID,AT\n'),
      await file('z.csv', 'ID,AMOUNT,ACCOUNT\n'),
    ]
    const refusal = await readAll(files, { map: tableMap }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(InputRefused)
    expect(
      (refusal as InputRefused).diagnostics.map(({ column, message }) => `${column} ${message.replace(folder, '')}`),
    ).toEqual(['56 /z.csv has no column "AT"', '73 /x.csv has no column "ACCOUNT"', '94 /x.csv has no column "AMOUNT"'])
  })
})

describe.skipIf(sharedMissing('the Fraud Detection Handbook', 'data', 'handbook'))(
  'the Fraud Detection Handbook',
  () => {
    it('is decoded in full from six compressed CSV files', { timeout: 60_000 }, async () => {
      const text = `
maps:
  - event: transaction
    when: row.TX_AMOUNT != ""
    fields:
      id:       row.TRANSACTION_ID
      at:       timestamp("2018-04-01T00:00:00Z") + duration(row.TX_TIME_SECONDS + "s")
      account:  row.CUSTOMER_ID
      terminal: row.TERMINAL_ID
      amount:   row.TX_AMOUNT
      fraud:    row.TX_FRAUD_SCENARIO != "0"
`
      const files = [4, 5, 6, 7, 8, 9].map((month) =>
        sharedPath('data', 'handbook', `transactions-2018-0${month}.csv.gz`),
      )
      const rows = await openRows({ files, schema, map: MapFile.read({ name: 'm', text }, schema), stdin: chunks() })
      const batch = new EventBatch(schema, new Set([1, 7]))
      const found = { rows: 0, frauds: 0, above220: 0, lastAt: 0 }
      for await (const block of rows.blocks())
        for (let i = 0; i < block.length; i++) {
          if (block.decode(i, batch) !== undefined) continue
          found.rows++
          found.frauds += batch.numbers[7]?.[0] ?? 0
          if ((batch.numbers[1]?.[0] ?? 0) > 22_000) found.above220++
          found.lastAt = batch.at[0]
          batch.clear()
        }
      expect(found).toMatchObject({ rows: 1_754_155, frauds: 14_681, above220: 3_258 })
      expect(new Date(found.lastAt).toISOString()).toMatch(/^2018-09-30/)
    })
  },
)
