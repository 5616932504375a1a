// One stream, in every form in which it may come: the same alerts, with row numbers that run on over all files.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../support/random.ts'
import { parseLines, shell, vigil, Workspace } from '../support/vigil-command.ts'

const rules = {
  'events.yaml': `
events:
  transaction:
    fields: { account: string, amount: money, opened: optional<timestamp>, fraud: optional<bool> }
    keys: { account: account }
  transfer:
    fields: { debtor: string, creditor: string, amount: money }
    keys: { account: [debtor, creditor] }
`,
  'busy.rule.yaml': `
rule: busy
title: Much within the hour
on: [transaction, transfer]
features:
  n:     { count: all, over: 1h }
  spent: { sum: amount, over: 1h }
when: n >= 2 && spent > 100
score: 50
severity: low
`,
}

const map = `
maps:
  - event: transfer
    when: row.KIND == "transfer"
    fields: { id: string(line), at: row.AT, debtor: row.ACCOUNT, creditor: row.OTHER, amount: row.AMOUNT }
  - event: transaction
    when: row.KIND == "payment"
    fields: { id: string(line), at: row.AT, account: row.ACCOUNT, amount: row.AMOUNT, fraud: row.FRAUD == "yes" }
`

interface Row {
  readonly KIND: string
  readonly AT: string
  readonly ACCOUNT: string
  readonly OTHER: string
  readonly AMOUNT: string
  readonly FRAUD: string
}

const columns = ['KIND', 'AT', 'ACCOUNT', 'OTHER', 'AMOUNT', 'FRAUD'] as const
const random = seededRandom(11)
const below = (n: number): number => Math.floor(random() * n)
const accounts = ['A', 'É, "quoted"', 'c\nd', 'Ж', 'E']
const rows: readonly Row[] = Array.from({ length: 240 }, (_, i) => ({
  // Two rows that no map fits.
  KIND: i === 7 || i === 150 ? 'note' : below(5) === 0 ? 'transfer' : 'payment',
  AT: new Date(Date.UTC(2026, 0, 1) + i * 400_000).toISOString(),
  ACCOUNT: accounts[below(5)],
  OTHER: accounts[below(5)],
  AMOUNT: ((100 + below(9_000)) / 100).toFixed(2),
  FRAUD: below(2) === 0 ? 'yes' : 'no',
}))

const jsonOf = (some: readonly Row[]): string => some.map((row) => `${JSON.stringify(row)}\n`).join('')
const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
const csvOf = (some: readonly Row[]): string =>
  [columns, ...some.map((row) => columns.map((column) => cell(row[column])))]
    .map((line) => `${line.join()}\r\n`)
    .join('')
const parquetOf = (some: readonly Row[]): Buffer => {
  const columnData = columns.map((name) => ({ name, data: some.map((row) => row[name]), type: 'STRING' as const }))
  return Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 50 }))
}

describe('one stream', { timeout: 60_000 }, () => {
  const workspace = new Workspace()
  let flags: string[] = []
  let expected = ''
  const expectedDead = [8, 151].map((row) => ({ row, reason: 'unknown-type', message: expect.any(String) }))
  beforeAll(async () => {
    const folder = workspace.rules('rules', rules)
    flags = [folder, workspace.write('bank.map.yaml', map)]
    const { text, deadLetters, summary } = await replay(workspace.write('whole.jsonl', jsonOf(rows)))
    expect(deadLetters).toEqual(expectedDead)
    expect(summary).toMatchObject({ rows: 240, events: 238 })
    expected = text
  }, 30_000)
  afterAll(() => workspace.close())

  const replay = (...files: readonly string[]) => workspace.replay(flags[0], files, '--map', flags[1])

  it('raises alerts for both parties of a transfer, and for keys of any characters', () => {
    const alerts = parseLines<{ key: string; event: string }>(expected)
    expect([...new Set(alerts.map(({ key }) => key))].sort()).toEqual([...accounts].sort())
    const byEvent = new Set(alerts.map(({ event }) => event))
    expect(byEvent.size).toBeLessThan(alerts.length)
  })

  it.each<[string, () => string | Buffer]>([
    ['compressed.jsonl.gz', () => gzipSync(jsonOf(rows))],
    ['table.csv', () => csvOf(rows)],
    ['table.csv.gz', () => gzipSync(csvOf(rows))],
    ['table.parquet', () => parquetOf(rows)],
    ['table.parquet.gz', () => gzipSync(parquetOf(rows))],
  ])('comes as %s', async (name, content) => {
    const { text, deadLetters, summary } = await replay(workspace.write(name, content()))
    expect(text).toBe(expected)
    expect(deadLetters).toEqual(expectedDead)
    expect(summary).toMatchObject({ rows: 240, events: 238, deadLetters: { 'unknown-type': 2 } })
  })

  it('comes in several files of several formats, one after the other', async () => {
    const { text, deadLetters } = await replay(
      workspace.write('1.jsonl', `\n${jsonOf(rows.slice(0, 50)).trimEnd()}`),
      workspace.write('2.csv', csvOf([])),
      workspace.write('3.csv.gz', gzipSync(csvOf(rows.slice(50, 120)))),
      workspace.write('4.parquet', parquetOf(rows.slice(120, 200))),
      workspace.write('5.jsonl', ''),
      workspace.write('6.csv', csvOf(rows.slice(200))),
    )
    expect(text).toBe(expected)
    expect(deadLetters).toEqual(expectedDead)
  })

  it.each<[string, () => string | Buffer]>([
    ['json', () => jsonOf(rows)],
    ['csv', () => csvOf(rows)],
    ['parquet', () => parquetOf(rows)],
  ])('comes from stdin as %s', async (format, content) => {
    const args = ['replay', '--rules', flags[0], '--map', flags[1], '--events', '-', '--format', format]
    const { code, stdout } = await vigil(args, content())
    expect(code).toBe(0)
    expect(stdout).toBe(expected)
  })

  it('comes from stdin between files, and from a pipe without a name', async () => {
    const [folder, mapFile] = flags
    const files = [
      workspace.write('first.jsonl', jsonOf(rows.slice(0, 100))),
      workspace.write('middle.csv', csvOf(rows.slice(100, 180))),
      workspace.write('last.jsonl', jsonOf(rows.slice(180))),
    ]
    const command = 'vigil replay --rules "$1" --map "$2" --events "$3"'
    const [piped, substituted] = await Promise.all([
      shell(`${command} --events - --format csv --events "$5" <"$4"`, folder, mapFile, ...files),
      shell(`${command} --events <(cat "$4") --format csv --events "$5"`, folder, mapFile, ...files),
    ])
    expect(piped).toMatchObject({ code: 0, stdout: expected })
    expect(substituted).toMatchObject({ code: 0, stdout: expected })
  })
})

describe('a map with mistakes', { timeout: 60_000 }, () => {
  const workspace = new Workspace()
  afterAll(() => workspace.close())

  it('is refused before the first row, with all of them at their places', async () => {
    const folder = workspace.rules('rules', rules)
    const table = workspace.write('table.csv', csvOf(rows))
    const out = workspace.write('out.jsonl', 'as it was\n')
    const file = workspace.write(
      'wrong.map.yaml',
      `maps:
  - event: transaction
    when: row.KIN == "payment"
    fields:
      id: string(line)
      at: timestmp(row.AT)
      acount: row.ACCOUNT
      amount: row.AMOUNT
  - event: transfr
    fields: { id: string(line) }
`,
    )
    const { code, stdout, stderr } = await vigil([
      'replay',
      '--rules',
      folder,
      '--events',
      table,
      '--map',
      file,
      '--out',
      out,
    ])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/wrong\.map\.yaml:3:11: .*no column "KIN"\n {4}hint: did you mean KIND\?/)
    expect(stderr).toMatch(/wrong\.map\.yaml:6:11: .*timestmp/)
    expect(stderr).toMatch(/wrong\.map\.yaml:7:7: .*no field "acount"\n {4}hint: did you mean "account"\?/)
    expect(stderr).toMatch(/wrong\.map\.yaml:9:12: .*transfr.*\n {4}hint: .*transfer/)
    expect(readFileSync(out, 'utf8')).toBe('as it was\n')
  })

  it('is refused for a column that only a later file lacks', async () => {
    const folder = workspace.rules('rules', rules)
    const good = workspace.write('good.csv', csvOf(rows))
    const other = workspace.write('other.csv', csvOf(rows).replace('AMOUNT', 'SUM'))
    const file = workspace.write('bank.map.yaml', map)
    const { code, stdout, stderr } = await vigil([
      'replay',
      '--rules',
      folder,
      '--events',
      good,
      '--events',
      other,
      '--map',
      file,
    ])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/other\.csv has no column "AMOUNT"/)
  })
})
