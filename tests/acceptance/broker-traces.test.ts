// Over real brokers and stores: the trace of a message is in its headers, whichever way it comes, and is kept with its event.
import { randomUUID } from 'node:crypto'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { type Admin, Kafka, logLevel, type Producer } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fivePayments, paymentOf } from '../support/five-payments.ts'
import { killLiveServices, LiveService } from '../support/live-service.ts'
import { OtlpReceiver } from '../support/otlp-receiver.ts'
import { type OwnServer, ownServerFor, serverFor } from '../support/servers.ts'
import { Workspace } from '../support/vigil-command.ts'

const suite = 'traces over NATS, Kafka and Redis'
const nats = await serverFor(suite, 'nats')
const kafka = await serverFor(suite, 'kafka')
// What lies in Redis has one name for all services.
const redis = await ownServerFor(suite, 'redis')
const hasAll = nats !== undefined && kafka !== undefined && redis !== undefined

const unique = `traces-${randomUUID().slice(0, 8)}`

/** The message of the bank with this number, in a trace and with a span of the bank's own. */
const bank = (n: number) => ({
  traceparent: `00-${String(n).repeat(32)}-${String(n).repeat(16)}-00`,
  event: paymentOf(n),
})

describe.skipIf(!hasAll)(suite, { timeout: 240_000 }, () => {
  const workspace = new Workspace()
  let receiver: OtlpReceiver
  let connection: NatsConnection
  let admin: Admin
  let producer: Producer
  let rules: string

  beforeAll(async () => {
    receiver = await OtlpReceiver.open()
    rules = workspace.rules('rules', fivePayments)
    connection = await connect({ servers: nats ?? '' })
    const client = new Kafka({ brokers: [kafka ?? ''], logLevel: logLevel.NOTHING })
    admin = client.admin()
    await admin.connect()
    producer = client.producer()
    await producer.connect()
  }, 120_000)
  afterEach(killLiveServices)
  afterAll(async () => {
    await producer.disconnect()
    await admin.disconnect()
    await connection.close()
    await receiver.close()
    await (redis as OwnServer).close()
    workspace.close()
  }, 120_000)

  /** A stream on NATS and a topic on Kafka of this name. @returns the file that names them as sources */
  async function makeSources(name: string): Promise<string> {
    await (await jetstreamManager(connection)).streams.add({ name, subjects: [`${name}.>`] })
    await admin.createTopics({ topics: [{ topic: name, numPartitions: 2 }], waitForLeaders: true })
    const list = [
      `  - { name: cards-${name}, from: "${nats}/${name}?subject=${name}.>" }`,
      `  - { name: core-${name}, from: "kafka://${kafka}/${name}" }`,
    ]
    return workspace.write(`${name}.yaml`, `sources:\n${list.join('\n')}\n`)
  }

  async function byNats(n: number, name: string): Promise<void> {
    const { traceparent, event } = bank(n)
    const sent = headers()
    sent.set('traceparent', traceparent)
    await jetstream(connection).publish(`${name}.payments`, event, { headers: sent })
  }

  async function byKafka(n: number, name: string): Promise<void> {
    const { traceparent, event } = bank(n)
    await producer.send({ topic: name, messages: [{ value: event, headers: { traceparent } }] })
  }

  async function byHttp(n: number, service: LiveService): Promise<void> {
    const { traceparent, event } = bank(n)
    const answer = await fetch(`${await service.address()}/v1/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: event,
    })
    expect(answer.status).toBe(202)
  }

  const applied = async (service: LiveService): Promise<number> =>
    (await service.metrics()).get('vigil_events_applied_total') ?? 0

  it.each([
    { broker: 'NATS', log: `${nats}/?stream=${unique}-log`, database: 0 },
    { broker: 'Kafka', log: `kafka://${kafka}/?topic=${unique}-log`, database: 1 },
  ])('link the alert to all five messages, with the log on $broker, and a kill between', async (on) => {
    const { broker, log, database } = on
    const name = `${unique}-${broker.toLowerCase()}`
    const sources = await makeSources(name)
    const seen = receiver.spans.length
    const options = {
      dataDir: workspace.path(`data-${broker}`),
      rules,
      flags: ['--log', log, '--checkpoints', `${(redis as OwnServer).url}/${database}`, '--sources', sources],
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '50' },
    }
    const first = await LiveService.ready(options)
    for (const n of [1, 2]) await byNats(n, name)
    await byKafka(3, name)
    await first.until('has three events', async () => (await applied(first)) === 3)
    await first.kill()
    const second = await LiveService.ready(options)
    await byKafka(4, name)
    await byHttp(5, second)
    const alerts = `${await second.address()}/v1/alerts`
    await second.until('has an alert', async () => (await (await fetch(alerts)).text()).includes('five-payments'))
    await second.stop()
    const spans = receiver.spans.slice(seen)
    // Those with all five: events may come in any order, and an alert may be raised by the last of them to come.
    const [alert] = spans.filter((span) => span.name === 'vigil.alert')
    expect(alert.links.map((link) => [link.traceId, link.attributes['vigil.event.id']])).toEqual(
      [1, 2, 3, 4, 5].map((n) => [String(n).repeat(32), `t${n}`]),
    )
    for (const [i, link] of alert.links.entries()) {
      const taken = spans.find(({ spanId }) => spanId === link.spanId)
      expect(taken).toMatchObject({ name: 'vigil.ingest', parentId: String(i + 1).repeat(16), traceId: link.traceId })
    }
  })
})
