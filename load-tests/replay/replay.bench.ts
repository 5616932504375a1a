// How long a replay takes beside a plain JSON.parse loop over the same file, in one process, in turn.
//
//   node load-tests/replay/replay.bench.ts [--events 1000000] [--accounts 200000] [--rounds 5] [--order arrival|event-time] [--file FILE --rules DIR]
//
// Measured: JSON Lines from disk (page cache), decoded, checked, applied in the given order (arrival by default), alerts made as lines and thrown away.
// Left out: process start, loading of rules, writing results to disk.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { FileSource } from '#shared/wire/byte-source'
import { LineReader } from '#shared/wire/line-reader'
import { LineWriter } from '#shared/wire/line-writer'
import { openRows } from '#shared/wire/row-reader'
import { Progress } from '../../services/cli/progress.ts'
import { runReplay } from '../../services/cli/replay/run-replay.ts'
import { loadRuleFolder } from '../../services/cli/rule-folder.ts'
import { writeStream } from './stream.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    accounts: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '5' },
    order: { type: 'string', default: 'arrival' },
    file: { type: 'string' },
    rules: { type: 'string', default: fileURLToPath(new URL('rules', import.meta.url)) },
  },
})

async function measure(file: string, ruleSet: RuleSet, rounds: number): Promise<void> {
  const parse: number[] = []
  const replay: number[] = []
  const ratios: number[] = []
  let rows = 0
  let alerts = 0
  for (let round = 0; round <= rounds; round++) {
    const plain = await timed(async () => {
      rows = await plainLoop(file)
    })
    const whole = await timed(async () => {
      alerts = await replayOnce(file, ruleSet)
    })
    if (round === 0) continue // warm-up
    parse.push(plain)
    replay.push(whole)
    ratios.push(whole / plain)
  }
  const rate = (seconds: number): string => `${Math.round(rows / seconds / 1000)} k/s`
  console.log(
    `${rows} events, ${alerts} alerts, ${ruleSet.rules.length} rules, Node ${process.version}, ${rounds} rounds; median [lowest..highest]`,
  )
  console.log(`plain JSON.parse loop  ${spread(parse)} s  (${rate(median(parse))})`)
  console.log(`replay                 ${spread(replay)} s  (${rate(median(replay))})`)
  console.log(`replay / plain loop    ${spread(ratios)}`)
}

async function timed(run: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return (performance.now() - startedAt) / 1000
}

/** The yardstick: read, cut into lines, JSON.parse, touch one field. */
async function plainLoop(file: string): Promise<number> {
  const source = new FileSource(await open(file))
  const reader = new LineReader(source)
  let rows = 0
  let touched = 0
  for (let block = await reader.next(); block !== undefined; block = await reader.next()) {
    for (let i = 0; i < block.length; i++)
      touched += JSON.parse(block.bytes.toString('utf8', block.starts[i], block.ends[i])).amount
    rows += block.length
  }
  await source.close()
  return touched === 0 ? 0 : rows
}

async function replayOnce(file: string, ruleSet: RuleSet): Promise<number> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const summary = await runReplay({
    ruleSet,
    rows: await openRows({ files: [file], schema: ruleSet.events, stdin: process.stdin }),
    emit: 'alerts',
    order: values.order === 'event-time' ? 'event-time' : 'arrival',
    latenessMs: 600_000,
    memoryBytesMax: 8 * 2 ** 30,
    out: LineWriter.toStream(nowhere, 'nowhere'),
    deadLetters: undefined,
    progress: new Progress(),
  })
  return Object.values(summary.alerts).reduce((sum, count) => sum + count, 0)
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const spread = (values: readonly number[]): string =>
  `${median(values).toFixed(2)} [${Math.min(...values).toFixed(2)}..${Math.max(...values).toFixed(2)}]`

const folder = await mkdtemp(join(tmpdir(), 'vigil-bench-'))
try {
  const file = values.file ?? join(folder, 'stream.jsonl')
  if (values.file === undefined)
    await writeStream(file, { events: Number(values.events), accounts: Number(values.accounts), seed: 1 })
  await measure(file, await loadRuleFolder(values.rules), Number(values.rounds))
} finally {
  await rm(folder, { recursive: true })
}
