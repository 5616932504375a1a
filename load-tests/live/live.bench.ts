// The live service under load, in processes as its users run them.
//
//   node load-tests/live/live.bench.ts [--events 3600000] [--accounts 1000000] [--rate 60000] [--decisions 2000] [--seconds 30] \
//     [--partitions 1]
//
// Measured: `vigil serve` with ten rules on a fresh folder; `vigil send` posts a recorded stream in batches of 100 at a rate; how much was
// accepted, judged and committed when the last answer came; then decisions one by one at a fixed rate, timed from when they were
// due, and as many answers of a plain server of Node, for what the machine gives at that moment; memory of the service; a stop; a start with
// all accounts saved until it is ready.
// Left out: reading cold disks (files are in the page cache), networks (loopback), TLS.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeEnvironment, nodeFlags } from '../../services/cli/node-process.mjs'
import { writeStream } from '../replay/stream.ts'
import { decide } from './decisions.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '3600000' },
    accounts: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '60000' },
    decisions: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '30' },
    partitions: { type: 'string', default: '1' },
    stream: { type: 'string' },
    port: { type: 'string', default: '8391' },
    plainPort: { type: 'string', default: '8392' },
  },
})

const program = fileURLToPath(new URL('../../services/cli/vigil.ts', import.meta.url))
const rules = fileURLToPath(new URL('rules', import.meta.url))
const plainServer = fileURLToPath(new URL('plain-server.ts', import.meta.url))
const address = `http://127.0.0.1:${values.port}`

function vigil(...args: string[]): ChildProcess {
  return spawn(process.execPath, [...nodeFlags, program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...nodeEnvironment, ...process.env },
  })
}

/** @returns seconds until it was ready */
async function ready(startedAt: number): Promise<number> {
  for (;;) {
    const isReady = await fetch(`${address}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return (performance.now() - startedAt) / 1000
    if (performance.now() - startedAt > 120_000) throw new Error('the service does not become ready')
    await setTimeout(20)
  }
}

/** The sum over all partitions. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text()
  return [...text.matchAll(new RegExp(`^${name}(?:{[^}]*})? (.+)$`, 'gm'))].reduce((sum, [, n]) => sum + Number(n), 0)
}

const rssMiB = (child: ChildProcess): number => {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024)
}

/** Processor seconds so far, of all threads or of the main one. */
const cpuSeconds = (child: ChildProcess, isMain = false): number => {
  const [, , ...fields] = readFileSync(`/proc/${child.pid}/${isMain ? `task/${child.pid}/` : ''}stat`, 'utf8')
    .replace(/\(.*\)/, '()')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

const answers = (to: string): Promise<boolean> =>
  fetch(to, { method: 'POST', body: '{}' }).then(
    ({ ok }) => ok,
    () => false,
  )

async function decisions(what: string, to: string): Promise<void> {
  const at = Date.now()
  const { times, failed } = await decide({
    address: to,
    perSecond: Number(values.decisions),
    seconds: Number(values.seconds),
    body: (n) =>
      `{"id":"d-${at}-${n}","at":${at + n},"account":"acc_${String((n * 7919) % Number(values.accounts)).padStart(10, '0')}","amount":${1 + (n % 300)}.50,` +
      `"merchant":{"id":"m_${n % 1000}","name":"Shop","country":"CH","mcc":"5411"},"channel":"pos","currency":"CHF","device":"d_1"}`,
  })
  const ms = (percent: number): string => (times.percentile(percent) / 1000).toFixed(1)
  console.log(
    `${what} at ${values.decisions}/s for ${values.seconds} s: p50 ${ms(50)}, p99 ${ms(99)}, p99.9 ${ms(99.9)}, highest ${(times.max / 1000).toFixed(1)} ms; ${failed} not answered`,
  )
}

const folder = await mkdtemp(join(tmpdir(), 'vigil-live-'))
const started: ChildProcess[] = []
try {
  const stream = values.stream ?? join(folder, 'stream.jsonl')
  if (!existsSync(stream))
    await writeStream(stream, { events: Number(values.events), accounts: Number(values.accounts), seed: 1 })
  const data = join(folder, 'data')
  const serve = (): ChildProcess => {
    const child = vigil(
      'serve',
      '--port',
      values.port,
      '--data-dir',
      data,
      '--rules',
      rules,
      '--partitions',
      values.partitions,
    )
    started.push(child)
    child.stdout?.resume()
    return child
  }
  let service = serve()
  console.log(`first start: ready after ${(await ready(performance.now())).toFixed(1)} s`)

  const [cpuBefore, mainBefore] = [cpuSeconds(service), cpuSeconds(service, true)]
  const startedAt = performance.now()
  const sender = vigil('send', '--to', address, stream, '--rate', values.rate, '--batch', '100', '--connections', '32')
  started.push(sender)
  let output = ''
  sender.stdout?.on('data', (chunk: Buffer) => {
    output += chunk
  })
  await once(sender, 'exit')
  const accepted = JSON.parse(output)
  const [lag, uncommitted] = [await metric('vigil_partition_lag_records'), await metric('vigil_checkpoint_lag_records')]
  const seconds = (performance.now() - startedAt) / 1000
  console.log(`sent: ${output.trim()}`)
  console.log(
    `when the last was accepted after ${seconds.toFixed(1)} s: ${lag} not judged, ${uncommitted} not committed, ` +
      `${(cpuSeconds(service) - cpuBefore).toFixed(1)} s of processor for ${accepted.accepted} events, ` +
      `${(cpuSeconds(service, true) - mainBefore).toFixed(1)} s of it on the main thread`,
  )
  while ((await metric('vigil_partition_lag_records')) + (await metric('vigil_outbox_entries')) > 0)
    await setTimeout(100)
  console.log(
    `all judged and delivered after ${((performance.now() - startedAt) / 1000).toFixed(1)} s: ` +
      `${await metric('vigil_actors_resident')} accounts, ${await metric('vigil_alert_revisions_total')} revisions, ` +
      `state ${Math.round((await metric('vigil_state_bytes')) / 2 ** 20)} MiB, memory of the process ${rssMiB(service)} MiB`,
  )

  await decisions('decisions', address)
  const plain = spawn(process.execPath, [plainServer, values.plainPort], { stdio: ['ignore', 'inherit', 'inherit'] })
  started.push(plain)
  const plainAddress = `http://127.0.0.1:${values.plainPort}`
  for (const startedAt = performance.now(); !(await answers(plainAddress)); await setTimeout(20))
    if (plain.exitCode !== null || performance.now() - startedAt > 10_000)
      throw new Error('the plain server did not start')
  await decisions('the same requests answered by a plain server of Node', plainAddress)
  plain.kill()

  const stoppedAt = performance.now()
  service.kill('SIGTERM')
  await once(service, 'exit')
  console.log(`stop: ${((performance.now() - stoppedAt) / 1000).toFixed(1)} s`)
  const againAt = performance.now()
  service = serve()
  console.log(
    `start with all accounts saved: ready after ${(await ready(againAt)).toFixed(1)} s, ${rssMiB(service)} MiB`,
  )
  service.kill('SIGTERM')
  await once(service, 'exit')
} finally {
  for (const child of started) child.kill('SIGKILL')
  await rm(folder, { recursive: true })
}
