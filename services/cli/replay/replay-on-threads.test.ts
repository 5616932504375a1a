// Several threads write, byte for byte, what one writes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { LineWriter } from '#shared/wire/line-writer'
import { MapFile } from '#shared/wire/map-file'
import { openRows } from '#shared/wire/row-reader'
import { seededRandom } from '../../../tests/support/random.ts'
import { Progress } from '../progress.ts'
import { KeptStdin } from './kept-stdin.ts'
import { replayFiles } from './replay-files.ts'
import { replayOnThreads, type ThreadedOptions } from './replay-on-threads.ts'
import type { Summary } from './summary.ts'
import { hostileLines, ruleSets } from './testing/replay-cases.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigil-threads-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, `${++files}-${name}`)
  writeFileSync(path, content)
  return path
}

interface Work
  extends Pick<ThreadedOptions, 'ruleSet' | 'emit' | 'order' | 'files'>,
    Partial<Pick<ThreadedOptions, 'map' | 'format' | 'memoryBytesMax'>> {
  readonly stdin?: string
}

interface Written {
  readonly results: string
  readonly deadLetters: string
  readonly summary: Summary
}

async function written(work: Work, threads: number): Promise<Written> {
  const { ruleSet, map, format } = work
  const outputs = [[], []] as Buffer[][]
  const [out, deadLetters] = outputs.map((chunks) => LineWriter.toStream(collecting(chunks), 'memory'))
  const stdin = new KeptStdin(Readable.from([Buffer.from(work.stdin ?? '')]))
  const mapFile = map && MapFile.read(map, ruleSet.events)
  const rows = await openRows({ files: work.files, format, schema: ruleSet.events, map: mapFile, stdin })
  const summary = await replayFiles({
    ...{ memoryBytesMax: 2 ** 26, latenessMs: 60_000, map, format, progress: new Progress() },
    ...work,
    ...{ rows, out, deadLetters, stdin, threads },
  })
  await out.close()
  await deadLetters.close()
  const [results, dead] = outputs.map((chunks) => Buffer.concat(chunks).toString())
  return { results, deadLetters: dead, summary }
}

const collecting = (chunks: Buffer[]): Writable =>
  new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(chunk)
      done()
    },
  })

async function expectSame(work: Work, threads: readonly number[] = [2]): Promise<Written> {
  const one = await written(work, 1)
  for (const count of threads) expect(await written(work, count)).toEqual(one)
  return one
}

const stream = (seed: number, rows: number, areIdsShared = false): string =>
  hostileLines({
    ...{ random: seededRandom(seed), rows, accounts: 50, stepMs: 1_000, disorderMs: 40_000 },
    areIdsShared,
  })
    .map((line) => `${line}\n`)
    .join('')

const { plain, absences, scenario } = ruleSets

describe('several threads', { timeout: 60_000 }, () => {
  const file = write('events.jsonl', stream(1, 9_000))

  it.each([
    ['alerts in event order', { ruleSet: absences, emit: 'alerts', order: 'event-time' }],
    ['features in event order', { ruleSet: plain, emit: 'features', order: 'event-time' }],
    ['decisions in event order', { ruleSet: scenario, emit: 'decisions', order: 'event-time' }],
    ['alerts of scenarios', { ruleSet: scenario, emit: 'alerts', order: 'event-time' }],
    ['alerts in order of arrival', { ruleSet: plain, emit: 'alerts', order: 'arrival' }],
    ['features in order of arrival', { ruleSet: plain, emit: 'features', order: 'arrival' }],
  ] as const)('write the same %s', async (_name, work) => {
    const { results, deadLetters } = await expectSame({ ...work, files: [file] }, work.emit === 'alerts' ? [2, 3] : [2])
    expect(results.length).toBeGreaterThan(100_000)
    expect(deadLetters).toContain('duplicate-conflict')
  })

  it('read several files, compressed ones and stdin', async () => {
    const [first, second, third] = [2, 3, 4].map((seed) => stream(seed, 2_000))
    const work = { ruleSet: plain, emit: 'alerts', format: 'json', stdin: second } as const
    const packed = write('third.jsonl.gz', gzipSync(third))
    for (const order of ['event-time', 'arrival'] as const)
      await expectSame({ ...work, order, files: [write('first.jsonl', first), '-', packed] })
  })

  it('read tables by a map, from a file and from stdin', async () => {
    const cells = stream(5, 3_000)
      .split('\n')
      .filter((line) => line.includes('"amount"'))
      .map((line) => JSON.parse(line))
    const table = (rows: readonly Record<string, unknown>[]): string =>
      ['id,at,account,amount', ...rows.map(({ id, at, account, amount }) => [id, at, account, amount].join())].join(
        '\n',
      )
    const text = `
maps:
  - event: transaction
    when: line % 50 != 7
    fields: { id: row.id, at: row.at, account: row.account, amount: row.amount }
`
    const packed = write('table.csv.gz', gzipSync(table(cells.slice(0, 1_000))))
    const { deadLetters } = await expectSame({
      ...{ ruleSet: plain, emit: 'alerts', order: 'event-time', format: 'csv', map: { name: 'bank.map.yaml', text } },
      ...{ files: [packed, '-'], stdin: table(cells.slice(1_000)) },
    })
    expect(deadLetters).toContain('unknown-type')
  })

  it('begin again as one where ids recur at one instant and a scenario may join them', async () => {
    const recurring = write('recurring.jsonl', stream(6, 2_000, true))
    const work = { ruleSet: scenario, emit: 'decisions', order: 'event-time', files: [recurring] } as const
    const { deadLetters } = await expectSame(work)
    expect(deadLetters).toContain('bad-json')
  })

  it('have nothing to do without rows', async () => {
    await expectSame({ ruleSet: absences, emit: 'alerts', order: 'event-time', files: [write('empty.jsonl', '')] })
    await expectSame({ ruleSet: plain, emit: 'features', order: 'arrival', files: [write('empty.jsonl', '')] })
  })

  it('have one account among them', async () => {
    const one = { random: seededRandom(7), rows: 9_000, accounts: 1, stepMs: 3_000, disorderMs: 0, areIdsShared: false }
    const lines = hostileLines(one).join('\n')
    const work = { ruleSet: scenario, emit: 'alerts', order: 'event-time', files: [write('one.jsonl', lines)] } as const
    const { results } = await expectSame(work)
    expect(results).toContain('silent')
  })
})

describe('a failure of several threads', { timeout: 60_000 }, () => {
  const broken = write('broken.jsonl.gz', gzipSync(stream(8, 3_000)).subarray(0, 10_000))
  const whole = write('whole.jsonl', stream(9, 9_000))
  const work = { ruleSet: plain, emit: 'alerts' } as const
  const failureOf = (change: Pick<Work, 'order' | 'files' | 'memoryBytesMax'>, threads: number): Promise<unknown> =>
    written({ ...work, ...change }, threads).then(
      () => undefined,
      (error: unknown) => error,
    )

  it.each([
    ['a file that breaks off', { order: 'event-time', files: [broken] }],
    ['a file that breaks off, in order of arrival', { order: 'arrival', files: [whole, broken] }],
    ['too little memory', { order: 'event-time', files: [whole], memoryBytesMax: 2 ** 16 }],
    ['too little memory, in order of arrival', { order: 'arrival', files: [whole, broken], memoryBytesMax: 2 ** 16 }],
  ] as const)('is that of one: %s', async (_name, change) => {
    const one = await failureOf(change, 1)
    const several = await failureOf(change, 2)
    expect(one).toBeInstanceOf(Error)
    expect(several).toEqual(one)
    expect(several?.constructor).toBe(one?.constructor)
  })

  it('of ours shows where it happened, and leaves no thread', async () => {
    const options: ThreadedOptions = {
      ...{
        ...work,
        order: 'arrival' as const,
        latenessMs: 0,
        memoryBytesMax: 2 ** 20,
        format: undefined,
        map: undefined,
      },
      ...{ out: LineWriter.toStream(collecting([]), 'memory'), deadLetters: undefined, progress: new Progress() },
      ...{ stdin: Readable.from([]), threads: 2, files: [write('table.parquet', 'PAR1')] },
    }
    const replay = replayOnThreads(options)
    await expect(replay).rejects.toThrow('cannot be fed')
    await expect(replay).rejects.toMatchObject({ stack: expect.stringContaining('fed-input.ts') })
    expect(process.getActiveResourcesInfo().filter((name) => name === 'MessagePort')).toEqual([])
  })
})
