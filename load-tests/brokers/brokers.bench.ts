// The live service over real brokers and stores, all on this machine: how long an event takes from when it was due until it is applied,
// and until its alert can be read.
//
//   node scripts/servers.mjs --only nats,redis,postgres -- node load-tests/brokers/brokers.bench.ts --log nats [--rate 40000] [--seconds 30]
//   node scripts/servers.mjs --only kafka,redis,postgres -- node load-tests/brokers/brokers.bench.ts --log kafka [--rate 15000]
//
// Measured: `vigil send` posts a recorded stream at a rate, in batches of 100; meanwhile 50 decisions a second, whose answers come once the
// event is in the log and applied, and 10 payments a second that raise an alert, which is waited for on the stream of alerts. All are timed
// from when they were due. Then a second start with empty checkpoints, which applies the whole log again.
// Left out: networks (loopback), TLS, replicas of brokers and stores.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeEnvironment, nodeFlags } from '../../services/cli/node-process.mjs'
import { decide } from '../live/decisions.ts'
import { writeStream } from '../replay/stream.ts'
import { probeAlerts } from './alert-probe.ts'

const { values } = parseArgs({
  options: {
    log: { type: 'string' },
    rate: { type: 'string', default: '40000' },
    seconds: { type: 'string', default: '30' },
    accounts: { type: 'string', default: '200000' },
    port: { type: 'string', default: '8397' },
  },
})

const program = fileURLToPath(new URL('../../services/cli/vigil.ts', import.meta.url))
const rules = fileURLToPath(new URL('../live/rules', import.meta.url))
const address = `http://127.0.0.1:${values.port}`
const [rate, seconds] = [Number(values.rate), Number(values.seconds)]
const run = `bench${process.pid}`

/** @throws unless the servers were started for it */
function given(name: string): string {
  const value = process.env[name]
  if (value === undefined)
    throw new Error(`${name} is not set: run this under scripts/servers.mjs, see the head of the file`)
  return value
}

const logUrl = (): string => {
  if (values.log === 'nats') return `${given('VIGIL_TEST_NATS_URL')}/?stream=${run}`
  if (values.log === 'kafka') return `kafka://${given('VIGIL_TEST_KAFKA_URL')}/?topic=${run}`
  throw new Error('--log is nats or kafka')
}

const folder = await mkdtemp(join(tmpdir(), 'vigil-brokers-'))
const started: ChildProcess[] = []

function vigil(environment: Record<string, string>, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [...nodeFlags, program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...nodeEnvironment, ...process.env, ...environment },
  })
  started.push(child)
  return child
}

function serve(data: string, database: number): ChildProcess {
  const places = {
    VIGIL_LOG: logUrl(),
    VIGIL_CHECKPOINTS: `${given('VIGIL_TEST_REDIS_URL')}/${database}`,
    VIGIL_STORE: given('VIGIL_TEST_POSTGRES_URL'),
  }
  const child = vigil(places, 'serve', '--port', values.port, '--data-dir', join(folder, data), '--rules', rules)
  child.stdout?.resume()
  return child
}

async function stop(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  if (child.exitCode !== null) throw new Error(`the service has ended by itself with ${child.exitCode}`)
  child.kill('SIGTERM')
  await exit
}

async function ready(): Promise<void> {
  for (let i = 0; i < 6000; i++) {
    const isReady = await fetch(`${address}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return
    await setTimeout(20)
  }
  throw new Error('the service does not become ready')
}

/** The sum over all partitions. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text()
  return [...text.matchAll(new RegExp(`^${name}(?:{[^}]*})? (.+)$`, 'gm'))].reduce((sum, [, n]) => sum + Number(n), 0)
}

const figures = (times: RecordableHistogram): string => {
  const ms = (value: number): string => (value / 1000).toFixed(1)
  return `p50 ${ms(times.percentile(50))}, p99 ${ms(times.percentile(99))}, p99.9 ${ms(times.percentile(99.9))}, highest ${ms(times.max)} ms of ${times.count}`
}

try {
  const stream = join(folder, 'stream.jsonl')
  await writeStream(stream, { events: rate * seconds, accounts: Number(values.accounts), seed: 1 })
  let service = serve('data', 0)
  await ready()

  const startedAt = performance.now()
  const paced = ['--rate', values.rate, '--batch', '100', '--connections', '32']
  const sender = vigil({}, 'send', '--to', address, stream, ...paced)
  let output = ''
  sender.stdout?.on('data', (chunk: Buffer) => {
    output += chunk
  })
  // The first seconds of all processes are left to the compilers.
  await setTimeout(5_000)
  const at = Date.now()
  const measured = Math.max(1, seconds - 10)
  const alerts = probeAlerts({ address, perSecond: 10, seconds: measured, times: createHistogram() })
  const decisions = await decide({
    address,
    perSecond: 50,
    seconds: measured,
    body: (n) =>
      `{"id":"d-${at}-${n}","at":${at + n},"account":"decided_${n % 100}","amount":${1 + (n % 30)}.50,` +
      `"merchant":{"id":"m_${n % 1000}","name":"Shop","country":"CH","mcc":"5411"},"channel":"pos","currency":"CHF","device":"d_1"}`,
  })
  const read = await alerts
  if (sender.exitCode === null) await once(sender, 'exit')
  const sentSeconds = (performance.now() - startedAt) / 1000
  const lag = await metric('vigil_partition_lag_records')
  console.log(`sent in ${sentSeconds.toFixed(1)} s: ${output.trim()}; then not applied: ${lag}`)
  console.log(`applied (a decision's answer): ${figures(decisions.times)}; ${decisions.failed} not answered`)
  console.log(`alert read: ${figures(read.times)}; ${read.missing} not seen`)

  await stop(service)
  const againAt = performance.now()
  service = serve('again', 1)
  await ready()
  const drained = (performance.now() - againAt) / 1000
  console.log(
    `backlog of ${rate * seconds} events: ready after ${drained.toFixed(1)} s, start included: ${Math.round((rate * seconds) / drained)} events/s`,
  )
  await stop(service)
} finally {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
}
