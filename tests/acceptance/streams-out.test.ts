// Alerts and decisions on the way to a bank's own brokers: every revision arrives, in order, whatever is killed or away in between.
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { violations } from '../support/json-schema.ts'
import { killLiveServices, LiveService } from '../support/live-service.ts'
import { type OwnServer, ownServerFor, serverFor } from '../support/servers.ts'
import { type ToldMessage, type ToldStream, toldSubject, toldTopic } from '../support/told-streams.ts'
import { Workspace } from '../support/vigil-command.ts'

const events = `events:
  transaction:
    fields: { account: string, amount: money }
    keys: { account: account }
`
const scenario = `scenario: spending
title: Much money at once
combine: max
thresholds: { alert: 50, review: 40, decline: 90 }
`
const counted = 'features: { n: { count: all, over: 1h } }'
// An earlier payment that comes later changes what `large` tells, and takes back what `first` has told.
const large = `rule: large\n${counted}\nwhen: amount > 100\nscore: 50\nseverity: high\n`
const first = `rule: first\n${counted}\nwhen: amount > 100 && n == 1\nscore: 95\nseverity: high\n`

const workspace = new Workspace()
const rules = workspace.rules('rules', {
  'events.yaml': events,
  'spending/scenario.yaml': scenario,
  'spending/large.rule.yaml': large,
  'spending/first.rule.yaml': first,
})
const owned: OwnServer[] = []
afterEach(killLiveServices)
afterAll(async () => {
  await Promise.all(owned.map((server) => server.close()))
  workspace.close()
})

const start = Date.UTC(2026, 2, 1, 12)
const trace = '4bf92f3577b34da6a3ce929d0e0e4736'

const post = async (address: string, path: string, body: string): Promise<void> => {
  const headers = { 'content-type': 'application/json', traceparent: `00-${trace}-00f067aa0ba902b7-01` }
  const answer = await fetch(`${address}${path}`, { method: 'POST', headers, body })
  expect([200, 202], await answer.clone().text()).toContain(answer.status)
}

const payment = (id: string, account: string, atMs: number, amount: number): string =>
  JSON.stringify({ id, at: start + atMs, account, amount })

/** For each account a decision on a large payment, and then a small one from before it, which amends and takes back. */
async function pay(address: string, accounts: readonly string[]): Promise<void> {
  for (const account of accounts) {
    await post(address, '/v1/decisions', payment(`large of ${account}`, account, 60_000, 150))
    await post(address, '/v1/transactions', payment(`small of ${account}`, account, 0, 1))
  }
}

const accountsOf = (round: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${round}${i}`)

interface Envelope {
  readonly id: string
  readonly type: string
  readonly subject: string
  readonly time: string
  readonly traceparent?: string
  readonly data: Readonly<Record<string, unknown>> & { readonly revision: number; readonly status?: string }
}

const envelopes = (told: readonly ToldMessage[]): readonly Envelope[] => told.map(({ body }) => JSON.parse(body))

const asked = async <T>(address: string, path: string): Promise<T> =>
  (await (await fetch(`${address}${path}`)).json()) as T

/** All revisions that the API has of alerts, by ID:REVISION, each with when it was stored. */
async function storedAlerts(address: string): Promise<ReadonlyMap<string, Envelope['data']>> {
  const stored = new Map<string, Envelope['data']>()
  for (const status of ['', '&status=withdrawn']) {
    const { alerts } = await asked<{ alerts: { id: string }[] }>(address, `/v1/alerts?limit=500${status}`)
    for (const { id } of alerts) {
      const { revisions } = await asked<{ revisions: Envelope['data'][] }>(address, `/v1/alerts/${id}`)
      for (const revision of revisions) stored.set(`${id}:${revision.revision}`, revision)
    }
  }
  return stored
}

/** The same for decisions on the large payments of accounts. */
async function storedDecisions(
  address: string,
  accounts: readonly string[],
): Promise<ReadonlyMap<string, Envelope['data']>> {
  const stored = new Map<string, Envelope['data']>()
  for (const account of accounts) {
    const id = `large of ${account}`
    const path = `/v1/decisions/${encodeURIComponent(id)}`
    const { amendments = [], ...made } = await asked<Envelope['data'] & { amendments?: Envelope['data'][] }>(
      address,
      path,
    )
    for (const revision of [made as Envelope['data'], ...amendments]) stored.set(`${id}:${revision.revision}`, revision)
  }
  return stored
}

/** Every stored revision was told, and nothing else; what was repeated is the same; the first of each came in order. */
function expectTold(told: readonly ToldMessage[], stored: ReadonlyMap<string, Envelope['data']>): void {
  const byId = new Map<string, ToldMessage>()
  const highest = new Map<string, number>()
  for (const message of told) {
    const { id, subject, data }: Envelope = JSON.parse(message.body)
    const same = byId.get(id)
    if (same !== undefined) {
      expect(message.body).toBe(same.body)
      expect(message.partition).toBe(same.partition)
      continue
    }
    byId.set(id, message)
    expect(data.revision, `${id} after ${highest.get(subject)}`).toBe((highest.get(subject) ?? 0) + 1)
    highest.set(subject, data.revision)
  }
  expect([...byId.keys()].sort()).toEqual([...stored.keys()].sort())
  for (const [id, { body }] of byId) {
    const { storedAt, ...revision } = stored.get(id) as Envelope['data']
    const { data, time }: Envelope = JSON.parse(body)
    expect(data).toEqual(revision)
    if (storedAt !== undefined) expect(time).toBe(storedAt)
  }
}

/** Waits until all that is stored has been told. */
async function settled(service: LiveService, stream: ToldStream, count: () => Promise<number>): Promise<void> {
  await service.atRest()
  await service.until('has told everything', async () => {
    const page = await (await fetch(`${await service.address()}/metrics`)).text()
    const lags = [...page.matchAll(/^vigil_sink_lag_entries\{[^}]*\} (\S+)$/gm)]
    return lags.length > 0 && lags.every(([, lag]) => lag === '0') && (await count()) <= (await stream.all()).length
  })
}

function testStreams(
  suite: string,
  own: OwnServer | undefined,
  streamOn: (url: string, name: string) => ToldStream,
): void {
  describe.skipIf(own === undefined)(suite, { timeout: 480_000 }, () => {
    it('alerts raised, amended and withdrawn, and decisions, arrive in order through kills of the service and of the broker', async () => {
      const server = own as OwnServer
      const [alerts, decisions] = ['alerts', 'decisions'].map((name) => streamOn(server.url, `${name}-${randomUUID()}`))
      await alerts.create()
      await decisions.create()
      const environment = { VIGIL_ALERTS_TO: alerts.url, VIGIL_DECISIONS_TO: decisions.url }
      const options = { dataDir: workspace.path(randomUUID()), rules, environment }
      const all: string[] = []
      const paid = async (service: LiveService, round: string, count: number): Promise<void> => {
        all.push(...accountsOf(round, count))
        await pay(await service.address(), accountsOf(round, count))
      }

      // Killed as soon as it has answered, again and again.
      for (const round of ['a', 'b', 'c']) {
        const service = await LiveService.ready(options)
        await paid(service, round, 5)
        if (round !== 'a') await setTimeout(150)
        await service.kill()
      }
      // The broker goes, and the service goes on judging and storing; so it does after a kill, without a broker at its start.
      const alone = await LiveService.ready(options)
      await paid(alone, 'd', 5)
      await server.kill()
      await paid(alone, 'e', 20)
      await alone.atRest()
      expect((await storedAlerts(await alone.address())).size).toBe(all.length * 4)
      await alone.kill()
      const waiting = await LiveService.ready(options)
      await paid(waiting, 'f', 5)
      await server.restart()
      const address = await waiting.address()
      const stored = async () => (await storedAlerts(address)).size
      await settled(waiting, alerts, stored)
      await settled(waiting, decisions, async () => (await storedDecisions(address, all)).size)

      const [toldAlerts, toldDecisions] = [await alerts.all(), await decisions.all()]
      expectTold(toldAlerts, await storedAlerts(address))
      expectTold(toldDecisions, await storedDecisions(address, all))
      const types = new Set(envelopes([...toldAlerts, ...toldDecisions]).map(({ type }) => type))
      expect([...types].sort()).toEqual([
        'vigil.alert.amended',
        'vigil.alert.raised',
        'vigil.alert.withdrawn',
        'vigil.decision.amended',
        'vigil.decision.made',
      ])
      for (const { key, headers, body } of toldAlerts) {
        const { data, traceparent, id }: Envelope = JSON.parse(body)
        if (key === undefined) expect(headers['nats-msg-id']).toBe(id)
        else expect(key).toBe(data['key'])
        expect(headers['content-type']).toMatch(/^application\/cloudevents\+json/)
        expect(headers['traceparent']).toBe(traceparent)
        expect([traceparent?.slice(3, 35), data['traceId']]).toEqual([trace, trace])
      }
      for (const { key, body } of toldDecisions)
        if (key !== undefined) expect(`large of ${key}`).toBe((JSON.parse(body) as Envelope).subject)

      // What was sent is what the document says.
      const document = await asked<{ components: Document }>(address, '/asyncapi.json')
      const { AlertMessage, DecisionMessage } = document.components.schemas
      for (const message of envelopes(toldAlerts)) expect(violations(AlertMessage, message, document)).toEqual([])
      for (const message of envelopes(toldDecisions)) expect(violations(DecisionMessage, message, document)).toEqual([])
      expect((await waiting.stop()).code).toBe(0)
    })
  })
}

interface Document {
  readonly schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const ownNats = await ownServerFor('alerts and decisions to NATS', 'nats')
const ownKafka = await ownServerFor('alerts and decisions to Kafka', 'kafka')
for (const server of [ownNats, ownKafka]) if (server !== undefined) owned.push(server)
testStreams('alerts and decisions to NATS', ownNats, toldSubject)
testStreams('alerts and decisions to Kafka', ownKafka, toldTopic)

const nats = await serverFor('a subject that no stream takes', 'nats')

describe.skipIf(nats === undefined)('a subject that no stream takes', { timeout: 60_000 }, () => {
  it('ends the start with a sentence that says what to do', async () => {
    const subject = `untaken-${randomUUID()}`
    const flags = ['--alerts-to', `${nats?.replace(/\/$/, '')}/${subject}`]
    const { code, stderr } = await LiveService.start({ dataDir: workspace.path('untaken'), rules, flags }).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`no stream of nats://\\S+ takes the subject ${subject}.*nats stream add`))
  })
})
