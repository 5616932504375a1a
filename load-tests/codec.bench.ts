// How many JSON rows a second each way of decoding takes, in one process, in turn.
//
//   node load-tests/codec.bench.ts [--rows 500000] [--rounds 5] [--file FILE --rules DIR]
//
// Measured: rows that lie in memory, decoded and checked into batches of 256, digest included, with columns for the fields that the
// rules use. The yardstick is JSON.parse of each row's text alone: no check, no digest, no column. Time is that of the processor, so
// that other work on the machine counts less; garbage is collected at the cost of whoever makes it.
// Left out: reading and cutting into lines, sorting, the engine. All rows are good and of one shape, which suits every way; a row that
// ScanCodec leaves to JsonCodec costs the sum of both.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { usedFields } from '#shared/actor/used-fields'
import { EventBatch } from '#shared/domain/event-batch'
import type { Codec } from '#shared/wire/codec'
import { JsonCodec } from '#shared/wire/json-codec'
import { ScanCodec } from '#shared/wire/scan-codec'
import { loadRuleFolder } from '../services/cli/rule-folder.ts'
import { writeStream } from './replay/stream.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '500000' },
    rounds: { type: 'string', default: '5' },
    file: { type: 'string' },
    rules: { type: 'string', default: fileURLToPath(new URL('replay/rules', import.meta.url)) },
  },
})

interface Rows {
  readonly bytes: Buffer
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly length: number
}

async function readRows(file: string, rowsMax: number): Promise<Rows> {
  const handle = await open(file)
  const { size } = await handle.stat()
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(Math.min(size, bytesMax)), 0)
  await handle.close()
  const bytes = buffer.subarray(0, bytesRead)
  const starts = new Int32Array(rowsMax)
  const ends = new Int32Array(rowsMax)
  let length = 0
  for (let start = 0; length < rowsMax; length++) {
    const end = bytes.indexOf('\n', start)
    if (end === -1) break
    starts[length] = start
    ends[length] = end
    start = end + 1
  }
  return { bytes, starts, ends, length }
}

const bytesMax = 2 ** 30

function parseAll({ bytes, starts, ends, length }: Rows): number {
  let objects = 0
  for (let i = 0; i < length; i++)
    if (typeof JSON.parse(bytes.toString('utf8', starts[i], ends[i])) === 'object') objects++
  return objects
}

function decodeAll({ bytes, starts, ends, length }: Rows, codec: Codec, batch: EventBatch): number {
  let events = 0
  for (let i = 0; i < length; i++) {
    if (codec.decode(bytes, starts[i], ends[i], batch, i) === undefined) events++
    if (batch.length === 256) batch.clear()
  }
  batch.clear()
  return events
}

async function measure(file: string): Promise<void> {
  const { events, ...ruleSet } = await loadRuleFolder(values.rules)
  const used = usedFields({ events, ...ruleSet })
  const rows = await readRows(file, Number(values.rows))
  const reference = new JsonCodec(events)
  let left = 0
  const counted: Codec = {
    decode: (...row) => {
      left++
      return reference.decode(...row)
    },
  }
  const json = new JsonCodec(events)
  const scan = new ScanCodec(events, counted)
  const batches = [new EventBatch(events, used, 256), new EventBatch(events, used, 256)]
  const ways = [
    { name: 'JSON.parse', run: () => parseAll(rows) },
    { name: 'JsonCodec', run: () => decodeAll(rows, json, batches[0]) },
    { name: 'ScanCodec', run: () => decodeAll(rows, scan, batches[1]) },
  ].map((way) => ({ ...way, good: 0, rates: [] as number[] }))
  const rounds = Number(values.rounds)
  for (let round = 0; round <= rounds; round++)
    for (const way of ways) {
      const startedAt = process.cpuUsage()
      way.good = way.run()
      const { user, system } = process.cpuUsage(startedAt)
      if (round > 0) way.rates.push(rows.length / (user + system)) // the first is to warm up
    }
  const bytesPerRow = (rows.ends[rows.length - 1] + 1) / rows.length
  console.log(
    `${rows.length} rows of ${bytesPerRow.toFixed(0)} bytes, ${used.size} of ${events.fields.length} fields used, Node ${process.version}, ${rounds} rounds`,
  )
  console.log(
    `${'way'.padEnd(12)}${'M rows/s'.padStart(10)}  [lowest..highest]${'ns a row'.padStart(10)}${'good'.padStart(10)}`,
  )
  for (const { name, good, rates } of ways) {
    const sorted = rates.sort((a, b) => a - b)
    const median = sorted[sorted.length >> 1]
    const range = `[${sorted[0].toFixed(2)}..${sorted[sorted.length - 1].toFixed(2)}]`
    console.log(
      `${name.padEnd(12)}${median.toFixed(2).padStart(10)}  ${range.padEnd(17)}${(1000 / median).toFixed(0).padStart(10)}${String(good).padStart(10)}`,
    )
  }
  console.log(`${left / (rounds + 1)} rows were left to JsonCodec`)
}

const folder = await mkdtemp(join(tmpdir(), 'vigil-bench-'))
try {
  const file = values.file ?? join(folder, 'stream.jsonl')
  if (values.file === undefined) await writeStream(file, { events: Number(values.rows), accounts: 200_000, seed: 1 })
  await measure(file)
} finally {
  await rm(folder, { recursive: true })
}
