// A bank's own stream into the live service, in processes as its users run them.
//
//   node load-tests/sources/sources.bench.ts [--broker nats|kafka] [--events 300000] [--per-message 1] [--map] [--rate 10000] [--seconds 20]
//
// Measured: `vigil serve` with ten rules and one source. First a backlog of events that lie in the stream when the service starts: from the
// first that is in the log until the position of the last is committed, with the processor time of the service. Then events that are written
// at a rate: how many messages are not committed yet, looked at once a second.
// Left out: networks (loopback), replicas and TLS of the broker, whose one server, the writer and the service share the machine.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openKeeper } from '../../scripts/servers/keeper-client.mjs'
import { nodeEnvironment, nodeFlags } from '../../services/cli/node-process.mjs'
import { type BankMessage, kafkaStream, natsStream } from '../../tests/support/bank-streams.ts'
import { writeStream } from '../replay/stream.ts'

const { values } = parseArgs({
  options: {
    broker: { type: 'string', default: 'nats' },
    events: { type: 'string', default: '300000' },
    'per-message': { type: 'string', default: '1' },
    map: { type: 'boolean', default: false },
    rate: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '20' },
    port: { type: 'string', default: '8392' },
  },
})

const program = fileURLToPath(new URL('../../services/cli/vigil.ts', import.meta.url))
const rules = fileURLToPath(new URL('../live/rules', import.meta.url))
const address = `http://127.0.0.1:${values.port}`
const perMessage = Number(values['per-message'])
const publishedAtOnce = perMessage * 10_000

const map = `maps:
  - event: transaction
    fields:
      id: row.ref
      at: row.when
      account: row.card.account
      amount: row.sum
      currency: row.currency
      channel: row.channel
      device: row.device
      merchant: { id: row.shop.id, name: row.shop.name, country: row.shop.country, mcc: row.shop.mcc }
`

/** The same event in the bank's own form. */
function ownForm(line: string): string {
  const { id, at, account, amount, merchant, channel, currency, device } = JSON.parse(line)
  return JSON.stringify({
    ref: id,
    when: at,
    card: { account },
    sum: String(amount),
    currency,
    channel,
    device,
    shop: merchant,
  })
}

const messages = (lines: readonly string[]): readonly BankMessage[] =>
  Array.from({ length: Math.ceil(lines.length / perMessage) }, (_, m) => {
    const rows = lines.slice(m * perMessage, (m + 1) * perMessage).map((line) => (values.map ? ownForm(line) : line))
    return { body: perMessage === 1 ? rows[0] : `[${rows.join()}]` }
  })

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text()
  return [...text.matchAll(new RegExp(`^${name}(?:{[^}]*})? (.+)$`, 'gm'))].reduce((sum, [, n]) => sum + Number(n), 0)
}

const cpuSeconds = (child: ChildProcess): number => {
  const [, , ...fields] = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
    .replace(/\(.*\)/, '()')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

const folder = await mkdtemp(join(tmpdir(), 'vigil-sources-bench-'))
const keeper = openKeeper({ isOwn: true })
let service: ChildProcess | undefined
try {
  const { url, reason } = await keeper.start(values.broker)
  if (url === undefined) throw new Error(reason)
  const stream = values.broker === 'kafka' ? kafkaStream(url, 'PAYMENTS', 4) : natsStream(url, 'PAYMENTS')
  await stream.create()
  const events = Number(values.events)
  const perSecond = Number(values.rate)
  const file = join(folder, 'stream.jsonl')
  await writeStream(file, { events: events + perSecond * Number(values.seconds), accounts: 1_000_000, seed: 1 })
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  for (let from = 0; from < events; from += publishedAtOnce)
    await stream.publish(messages(lines.slice(from, Math.min(events, from + publishedAtOnce))))
  const sources = join(folder, 'sources.yaml')
  const mapLine = values.map ? '\n    map: bank.map.yaml' : ''
  await writeFile(join(folder, 'bank.map.yaml'), map)
  await writeFile(sources, `sources:\n  - name: bench\n    from: ${stream.from}${mapLine}\n`)

  const flags = ['--port', values.port, '--data-dir', join(folder, 'data'), '--rules', rules, '--sources', sources]
  const startedAt = performance.now()
  service = spawn(process.execPath, [...nodeFlags, program, 'serve', ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...nodeEnvironment, ...process.env },
  })
  const accepted = (): Promise<number> => metric('vigil_source_events_total').catch(() => 0)
  while ((await accepted()) === 0) await setTimeout(20)
  const [firstAt, before, cpuBefore] = [performance.now(), await accepted(), cpuSeconds(service)]
  while ((await accepted()) < events) await setTimeout(250)
  while ((await stream.left('bench')) > 0) await setTimeout(20)
  const seconds = (performance.now() - firstAt) / 1000
  const cpu = cpuSeconds(service) - cpuBefore
  const rate = Math.round((events - before) / seconds)
  console.log(
    `${values.broker}, ${perMessage} a message${values.map ? ', with a MAP' : ''}: ${events - before} events of the backlog in ${seconds.toFixed(1)} s, ` +
      `${rate} events/s, ${((cpu / (events - before)) * 1e6).toFixed(1)} µs of processor each; reading began ${((firstAt - startedAt) / 1000).toFixed(1)} s after the start`,
  )

  const left: number[] = []
  for (let second = 0; second < Number(values.seconds); second++) {
    const dueAt = performance.now() + 1_000
    for (let part = 0; part < 10; part++) {
      const from = events + second * perSecond + part * (perSecond / 10)
      await stream.publish(messages(lines.slice(from, from + perSecond / 10)))
      await setTimeout(Math.max(0, dueAt - 1_000 + (part + 1) * 100 - performance.now()))
    }
    left.push(await stream.left('bench'))
  }
  left.sort((a, b) => a - b)
  console.log(
    `written at ${perSecond} events/s for ${values.seconds} s: messages not committed, looked at once a second: ` +
      `median ${left[left.length >> 1]}, highest ${left[left.length - 1]}; dead letters ${await metric('vigil_dead_letters_total')}`,
  )
  service.kill('SIGTERM')
  await once(service, 'exit')
} finally {
  service?.kill('SIGKILL')
  await keeper.close()
  await rm(folder, { recursive: true, force: true })
}
