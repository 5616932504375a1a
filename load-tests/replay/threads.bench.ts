// How long a replay takes on one thread and on several, over the same file, in one process, in turn. All must write the same bytes.
//
//   node load-tests/replay/threads.bench.ts [--threads 1,2] [--events 1000000] [--accounts 200000] [--rounds 5] [--order event-time|arrival]
//                                           [--file FILE --rules DIR]
//
// Measured: starting the threads, JSON Lines from disk (page cache), decoded, judged, alerts made as lines, hashed and thrown away; beside
// the wall time, what processors the process has used. Left out: process start, loading of rules, writing results to disk.
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { invariant } from '#shared/domain/invariant'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { LineWriter } from '#shared/wire/line-writer'
import { openRows } from '#shared/wire/row-reader'
import { Progress } from '../../services/cli/progress.ts'
import { replayFiles } from '../../services/cli/replay/replay-files.ts'
import { loadRuleFolder } from '../../services/cli/rule-folder.ts'
import { writeStream } from './stream.ts'

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '1,2' },
    events: { type: 'string', default: '1000000' },
    accounts: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '5' },
    order: { type: 'string', default: 'event-time' },
    file: { type: 'string' },
    rules: { type: 'string', default: fileURLToPath(new URL('rules', import.meta.url)) },
  },
})

interface Measured {
  readonly seconds: number
  readonly processorSeconds: number
  readonly rows: number
  readonly hash: string
}

async function replayOnce(file: string, ruleSet: RuleSet, threads: number): Promise<Measured> {
  const hash = createHash('sha256')
  const nowhere = new Writable({
    write: (chunk, _encoding, done) => {
      hash.update(chunk)
      done()
    },
  })
  const out = LineWriter.toStream(nowhere, 'nowhere')
  const inputs = { files: [file], format: undefined, map: undefined, stdin: process.stdin }
  const startedAt = performance.now()
  const usedBefore = process.cpuUsage()
  const { rows } = await replayFiles({
    ...{ ruleSet, emit: 'alerts', order: values.order === 'arrival' ? 'arrival' : 'event-time', latenessMs: 600_000 },
    ...{ memoryBytesMax: 8 * 2 ** 30, out, deadLetters: undefined, progress: new Progress(), threads },
    ...{ ...inputs, rows: await openRows({ files: [file], schema: ruleSet.events, stdin: process.stdin }) },
  })
  await out.close()
  const { user, system } = process.cpuUsage(usedBefore)
  return {
    seconds: (performance.now() - startedAt) / 1000,
    processorSeconds: (user + system) / 1e6,
    rows,
    hash: hash.digest('hex'),
  }
}

async function measure(file: string, ruleSet: RuleSet, threads: readonly number[], rounds: number): Promise<void> {
  const measured = threads.map((): Measured[] => [])
  for (let round = 0; round <= rounds; round++)
    for (const [i, count] of threads.entries()) {
      const one = await replayOnce(file, ruleSet, count)
      if (round > 0) measured[i].push(one) // the first warms up
    }
  const [[{ rows, hash }]] = measured
  invariant(
    measured.flat().every((one) => one.hash === hash),
    'all have written the same',
  )
  console.log(`${rows} events, ${values.order}, Node ${process.version}, ${rounds} rounds; median [lowest..highest]`)
  for (const [i, count] of threads.entries()) {
    const seconds = measured[i].map((one) => one.seconds)
    const processor = measured[i].map((one) => one.processorSeconds)
    const rate = `${Math.round(rows / median(seconds) / 1000)} k/s`
    const ratios = seconds.map((s, round) => measured[0][round].seconds / s)
    console.log(
      `${count} threads  ${spread(seconds)} s  (${rate}), processors ${spread(processor)} s, ${spread(ratios)} times as fast`,
    )
  }
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

const spread = (numbers: readonly number[]): string =>
  `${median(numbers).toFixed(2)} [${Math.min(...numbers).toFixed(2)}..${Math.max(...numbers).toFixed(2)}]`

const folder = await mkdtemp(join(tmpdir(), 'vigil-bench-'))
try {
  const file = values.file ?? join(folder, 'stream.jsonl')
  if (values.file === undefined)
    await writeStream(file, { events: Number(values.events), accounts: Number(values.accounts), seed: 1 })
  await measure(file, await loadRuleFolder(values.rules), values.threads.split(',').map(Number), Number(values.rounds))
} finally {
  await rm(folder, { recursive: true })
}
