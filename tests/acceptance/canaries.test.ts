// What nobody may read in a log, a metric, a span or a refusal: values of events, names, tokens and passwords are sent in every way, and looked
// for in everything that leaves the service but alerts, evidence and the answer to whoever sent them.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rawExchange } from '../../services/api/testing/raw-exchange.ts'
import { killLiveServices, LiveService } from '../support/live-service.ts'
import { vigil, Workspace } from '../support/vigil-command.ts'

const events = `events:
  transaction:
    fields: { account: string, amount: money, items: optional<int>, card: optional<string>, holder: optional<string> }
    keys: { account: account }
`
const large = 'rule: large\nwhen: amount > 100\nscore: 50\nseverity: high\nmessage: "{account} spends {amount}"\n'
const divided = 'rule: divided\nwhen: double(amount) / double(items) > 1000.0\nscore: 10\nseverity: low\n'

const canaries = {
  card: '4111111111111111',
  spacedCard: '5500 0055 5555 5559',
  holder: 'Canary-Holder-Jane',
  account: 'canary-account-77',
  token: 'vk_canaryTOKEN0123456789abcdef',
  wrongToken: 'vk_canaryWRONG0123456789abcdef',
  password: 'canary-pass/w@rd',
  header: 'canary-header-value',
  query: 'canary-query-value',
  conflict: 'canary-conflict-value',
} as const

const workspace = new Workspace()
let collector: Server
/** All that came to the collector. */
const received: Buffer[] = []
let service: LiveService
let address: string
const before = { ...process.env }

beforeAll(async () => {
  collector = createServer((request, response) => {
    void buffer(request).then((body) => {
      received.push(Buffer.from(JSON.stringify(request.headers)), body)
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
  Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_METRIC_EXPORT_INTERVAL: '500' })
  process.env['VIGIL_ADMIN_TOKEN'] = canaries.token
  const rules = workspace.rules('rules', {
    'events.yaml': events,
    'large.rule.yaml': large,
    'divided.rule.yaml': divided,
  })
  service = await LiveService.ready({ dataDir: workspace.path('data'), rules })
  address = await service.address()
}, 180_000)
afterAll(async () => {
  await killLiveServices()
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  collector.close()
  await workspace.close()
})

const at = Date.now() - 3_600_000
const payment = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  at,
  account: canaries.account,
  amount: 150,
  card: canaries.card,
  holder: canaries.holder,
  ...fields,
})

const send = (path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${address}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${canaries.token}`, ...headers },
    body,
  })

const sendEvent = async (fields: Readonly<Record<string, unknown>>, path = '/v1/transactions'): Promise<number> => {
  const answer = await send(path, JSON.stringify(payment(fields)))
  await answer.arrayBuffer()
  return answer.status
}

describe('what must stay within', () => {
  it('reaches no log, metric or span, whatever becomes of the events', { timeout: 180_000 }, async () => {
    expect(await sendEvent({ id: 'taken' })).toBe(202)
    expect(await sendEvent({ id: 'decided' }, '/v1/decisions')).toBe(200)
    expect(await sendEvent({ id: 'faulted', items: 0, at: at + 1 })).toBe(202)
    expect(await sendEvent({ id: 'late', at: at - 86_400_000 }, '/v1/decisions')).toBe(200)
    expect(await sendEvent({ id: 'decided', holder: canaries.conflict })).toBe(409)
    expect(await sendEvent({ id: 'bad', amount: canaries.spacedCard })).toBe(422)
    expect(await sendEvent({ id: 'ahead', at: Date.now() + 86_400_000 })).toBe(422)
    expect((await send('/v1/transactions', `{"id":"cut","card":"${canaries.card}`)).status).toBe(400)
    const wrong = { authorization: `Bearer ${canaries.wrongToken}` }
    expect((await send('/v1/transactions', '{}', wrong)).status).toBe(401)
    for (const path of [`/${canaries.card}`, `/v1/alerts/${canaries.account}`, `/v1/alerts?rule=${canaries.query}`])
      await send(path, '{}', { 'x-card': canaries.header, cookie: canaries.header, 'user-agent': canaries.header })
    for (const text of hostileRequests()) await rawExchange(Number(new URL(address).port), text).catch(() => '')
    await service.atRest()
    const page = await (await fetch(`${address}/metrics`)).text()
    const ready = await (await fetch(`${address}/readyz`)).text()
    const { stdout, stderr } = await service.stop()
    expect(stderr).toContain('"msg":"started"')
    const told = Buffer.concat(received).toString('latin1')
    for (const name of ['vigil.events.applied', 'vigil.ingest', 'vigil.alert']) expect(told).toContain(name)
    const outputs = { page, ready, stdout, stderr, told }
    const names = Object.keys(canaries) as (keyof typeof canaries)[]
    for (const [output, text] of Object.entries(outputs))
      for (const name of names)
        expect({ output, name, isThere: text.includes(canaries[name]) }).toEqual({ output, name, isThere: false })
    // Whoever gathers logs reads every line.
    for (const line of stderr.trim().split('\n')) expect(() => JSON.parse(line), line).not.toThrow()
  })

  it.each([
    ['VIGIL_LOG', `nats://vigil:${canaries.password}@127.0.0.1:1/?stream=vigil`],
    ['VIGIL_CHECKPOINTS', `redis://:${canaries.password}@127.0.0.1:1/0`],
    ['VIGIL_STORE', `postgres://vigil:${canaries.password}@127.0.0.1:1/vigil`],
    ['VIGIL_LOG', `kafka://vigil:${canaries.password}@127.0.0.1:1/?topic=${canaries.query} ${canaries.password}`],
  ])('is not told of %s when the service cannot start', { timeout: 120_000 }, async (variable, url) => {
    const flag = `--${variable.slice('VIGIL_'.length).toLowerCase()}`
    const dataDir = workspace.path(`data-${variable}-${url.length}`)
    const { code, stdout, stderr } = await vigil(['serve', '--port', '0', '--data-dir', dataDir, flag, url])
    expect(code).not.toBe(0)
    for (const text of [stdout, stderr])
      for (const part of [canaries.password, 'canary-pass', 'w@rd', encodeURIComponent(canaries.password)])
        expect(text).not.toContain(part)
  })
})

/** As no client of a library sends them. */
function* hostileRequests(): Generator<string> {
  const { header, token } = canaries
  yield `GET /v1/alerts HTTP/1.1\r\nhost: ${header}\r\nauthorization: Bearer ${token} ${header}\r\nconnection: close\r\n\r\n`
  yield `${header} / HTTP/1.1\r\nhost: a\r\n\r\n`
  yield `GET /${header} HTTP/9.9\r\nhost: a\r\n\r\n`
  yield `POST /v1/transactions HTTP/1.1\r\nhost: a\r\ncontent-type: ${header}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`
  yield `GET / HTTP/1.1\r\nhost: a\r\ntraceparent: ${header}\r\ntracestate: a=${header}\r\nx: ${header.repeat(2_000)}\r\n\r\n`
}
