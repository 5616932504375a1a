// What telemetry costs: one service with it and one without, under the same load in turn.
//
//   node load-tests/telemetry/telemetry.bench.ts [--slices 10] [--seconds 8] [--batches 100] [--decisions 200] [--ratio 0.01]
//
// Measured: two of `vigil serve` with ten rules, each on a fresh folder. One sends spans and metrics to a collector that takes all of it and
// keeps nothing (one in a hundred of the bank's requests followed, every alert and every decision that is not `allow` told), and is scraped every
// 5 s. In each slice one of them gets batches of 100 events and single decisions at fixed rates; its processor time is divided by the events.
// Told is the median over slices that alternate, and the same for p99 of decisions, timed from when they were due.
// Left out: the collector's own work, networks (loopback), TLS.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeEnvironment, nodeFlags, telemetryFlags } from '../../services/cli/node-process.mjs'
import { decide } from '../live/decisions.ts'

const { values } = parseArgs({
  options: {
    slices: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '8' },
    batches: { type: 'string', default: '100' },
    decisions: { type: 'string', default: '200' },
    ratio: { type: 'string', default: '0.01' },
  },
})
const [seconds, batchesPerSecond, decisionsPerSecond] = [values.seconds, values.batches, values.decisions].map(Number)

const program = fileURLToPath(new URL('../../services/cli/vigil.ts', import.meta.url))
const rules = fileURLToPath(new URL('../live/rules', import.meta.url))
const batchLength = 100
const scrapeMs = 5_000
const attemptsMax = 3
const startMsMax = 120_000

/** What a collector is, as far as a sender can tell. */
const sink = createServer((request, response) => {
  request.resume().on('end', () => {
    requests++
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  })
}).listen(0, '127.0.0.1')
let requests = 0

interface Side {
  readonly name: 'without' | 'with'
  readonly child: ChildProcess
  readonly address: string
  readonly cpuMicros: number[]
  readonly p99: number[]
  /** Decisions that were not answered in time: with any, the machine was too busy for the rest to say much. */
  failed: number
  /** Events that it was sent so far. */
  sent: number
}

async function start(name: Side['name'], folder: string): Promise<Side> {
  const { port } = sink.address() as AddressInfo
  const asked = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: values.ratio,
    OTEL_METRIC_EXPORT_INTERVAL: String(scrapeMs),
  }
  const environment = name === 'with' ? asked : {}
  const args = ['serve', '--port', '0', '--data-dir', join(folder, name), '--rules', rules]
  const child = spawn(process.execPath, [...nodeFlags, ...telemetryFlags(environment), program, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...nodeEnvironment, ...process.env, ...environment },
  })
  started.push(child)
  let output = ''
  // The service ends when nobody reads what it prints.
  child.stdout.on('data', (chunk: Buffer) => {
    if (output.length < 10_000) output += chunk
  })
  const isReady = (address: string): Promise<boolean> => fetch(`${address}/readyz`).then(({ ok }) => ok)
  for (const until = Date.now() + startMsMax; Date.now() < until; await setTimeout(20)) {
    const address = /^ {2}API +(http:\S+)\/v1\/alerts/m.exec(output)?.[1]
    if (address === undefined || !(await isReady(address))) continue
    return { name, child, address, cpuMicros: [], p99: [], failed: 0, sent: 0 }
  }
  throw new Error(`the service ${name} telemetry does not become ready: ${output}`)
}

/** Processor time so far, µs. */
function cpuMicros({ pid }: ChildProcess): number {
  const [, , ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/\(.*\)/, '()')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

const eventText = (side: Side, n: number): string =>
  `{"id":"${side.name}-${n}","at":${Date.now()},"account":"acc_${(n * 7919) % 100_000}","amount":${n % 100 === 0 ? 5000 : 20 + (n % 30)}.50,` +
  `"merchant":{"id":"m_${n % 1000}","name":"Shop","country":"CH","mcc":"5411"},"channel":"pos","currency":"CHF","device":"d_1"}`

/** Batches at a fixed rate. @returns when the last is answered */
async function sendBatches(side: Side): Promise<void> {
  const begin = performance.now()
  const open: Promise<unknown>[] = []
  const failures: unknown[] = []
  for (let i = 0; i < seconds * batchesPerSecond; i++) {
    const early = begin + (1000 * i) / batchesPerSecond - performance.now()
    if (early > 0) await setTimeout(early)
    const body = Array.from({ length: batchLength }, () => eventText(side, side.sent++)).join('\n')
    open.push(post(side, body).catch((error: unknown) => failures.push(error)))
  }
  await Promise.all(open)
  if (failures.length > 0) throw failures[0]
}

/** A connection that was idle may close just then: the same again does no harm. */
async function post({ address }: Side, body: string): Promise<void> {
  const headers = { 'content-type': 'application/x-ndjson' }
  for (let attempt = 1; ; attempt++)
    try {
      const answer = await fetch(`${address}/v1/transactions`, { method: 'POST', headers, body })
      const text = await answer.text()
      if (answer.status === 202) return
      throw new Error(text)
    } catch (error) {
      if (attempt === attemptsMax) throw error
    }
}

async function slice(side: Side): Promise<void> {
  const [before, sentBefore] = [cpuMicros(side.child), side.sent]
  // Beyond all ids of batches.
  const decisionsFrom = 1e9 + sentBefore
  const timer = setInterval(() => {
    if (side.name === 'with')
      void fetch(`${side.address}/metrics`).then(
        (answer) => answer.text(),
        () => 'a connection that was idle has closed',
      )
  }, scrapeMs)
  const [{ times, failed }] = await Promise.all([
    decide({
      address: side.address,
      perSecond: decisionsPerSecond,
      seconds,
      body: (n) => eventText(side, decisionsFrom + n),
    }),
    sendBatches(side),
  ])
  clearInterval(timer)
  side.failed += failed
  // What is still to be stored and sent of it belongs to it.
  await setTimeout(1_000)
  const events = side.sent - sentBefore + decisionsPerSecond * seconds
  side.cpuMicros.push((cpuMicros(side.child) - before) / events)
  side.p99.push(times.percentile(99) / 1000)
}

const middle = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

const told = (numbers: readonly number[]): string =>
  `${middle(numbers).toFixed(2)} [${Math.min(...numbers).toFixed(2)}..${Math.max(...numbers).toFixed(2)}]`

const started: ChildProcess[] = []
const folder = await mkdtemp(join(tmpdir(), 'vigil-telemetry-'))
try {
  if (!sink.listening) await once(sink, 'listening')
  const sides = [await start('without', folder), await start('with', folder)]
  // One round for the compilers.
  for (const side of sides) await slice(side)
  for (const side of sides) {
    side.cpuMicros.length = 0
    side.p99.length = 0
    side.failed = 0
  }
  for (let i = 0; i < Number(values.slices); i++)
    for (const side of i % 2 === 0 ? sides : sides.toReversed()) await slice(side)
  for (const side of sides)
    console.log(
      `${side.name} telemetry: ${told(side.cpuMicros)} µs of processor an event, p99 of decisions ${told(side.p99)} ms, ${side.failed} not answered`,
    )
  const [without, withIt] = sides
  const ratios = withIt.cpuMicros.map((micros, i) => micros / without.cpuMicros[i])
  const lateness = withIt.p99.map((ms, i) => ms / without.p99[i])
  console.log(
    `with / without, pair by pair: processor ${told(ratios)} (goal 1.05), p99 ${told(lateness)} (goal 1.5); ${requests} requests at the collector`,
  )
  const page = await (await fetch(`${withIt.address}/metrics`)).text()
  for (const line of page.match(/^vigil_telemetry_spans_total.*$/gm) ?? []) console.log(line)
} finally {
  for (const child of started) child.kill('SIGKILL')
  sink.closeAllConnections()
  sink.close()
  await rm(folder, { recursive: true })
}
