// What every source must do, on the real brokers.
import { randomUUID } from 'node:crypto'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { Consumer } from '@platformatic/kafka'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { afterEach, describe, expect, it } from 'vitest'
import { type BankStream, kafkaStream, natsStream } from '../../tests/support/bank-streams.ts'
import { serverFor } from '../../tests/support/servers.ts'
import { KafkaSource } from './kafka-source.ts'
import { NatsSource } from './nats-source.ts'
import { readSourceAddress } from './source-address.ts'
import type { SourceMessage, SourcePort, SourceReader } from './source-reader.ts'

const never = new AbortController().signal
const readers: SourceReader[] = []
afterEach(() => Promise.all(readers.splice(0).map((reader) => reader.close())))

/** @param from as a file of sources has it */
function sourceAt(name: string, from: string): SourcePort {
  const address = readSourceAddress(name, from)
  if ('message' in address) throw new Error(address.message)
  return address.kind === 'kafka' ? new KafkaSource(address, {}) : new NatsSource(address, {})
}

async function opened(port: SourcePort, told: string[] = []): Promise<SourceReader> {
  const reader = await port.open(never, (text) => told.push(text))
  readers.push(reader)
  return reader
}

/** At least so many messages, in order. */
async function taken(reader: SourceReader, count: number): Promise<readonly SourceMessage[]> {
  const messages: SourceMessage[] = []
  while (messages.length < count) messages.push(...(await reader.next(never)))
  return messages
}

const texts = (messages: readonly SourceMessage[]): readonly string[] => messages.map(({ bytes }) => bytes.toString())
const bodies = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ body: `m${from + i}` }))
const bodyTexts = (from: number, to: number): readonly string[] => bodies(from, to).map(({ body }) => body)

const [nats, kafka] = await Promise.all([serverFor('sources on NATS', 'nats'), serverFor('sources on Kafka', 'kafka')])
const made = {
  nats: (): BankStream => natsStream(nats ?? '', `s-${randomUUID()}`),
  kafka: (): BankStream => kafkaStream(kafka ?? '', `s-${randomUUID()}`, 1),
}
const there = (['nats', 'kafka'] as const).filter((broker) => (broker === 'nats' ? nats : kafka) !== undefined)

describe.each(there)('a source on %s', (broker) => {
  it('gives what was not committed again, in order, before anything behind it', { timeout: 60_000 }, async () => {
    const stream = made[broker]()
    await stream.create()
    await stream.publish(bodies(0, 20))
    const port = sourceAt('again', stream.from)
    const first = await opened(port)
    const given = await taken(first, 20)
    expect(texts(given)).toEqual(bodyTexts(0, 20))
    await first.close()
    await stream.publish(bodies(20, 30))

    const second = await opened(port)
    expect(texts(await taken(second, 30))).toEqual(bodyTexts(0, 30))
    await second.commit()
    await stream.publish(bodies(30, 40))
    expect(texts(await taken(second, 10))).toEqual(bodyTexts(30, 40))
    await second.close()

    const third = await opened(port)
    // NATS is told of the first twenty only when it delivers them again.
    const more = await taken(third, broker === 'nats' ? 40 : 10)
    expect(texts(more).slice(-10)).toEqual(bodyTexts(30, 40))
    await third.commit()
  })

  it('begins at the end where it is to, and that is its position then', { timeout: 60_000 }, async () => {
    const stream = made[broker]()
    await stream.create()
    await stream.publish(bodies(0, 5))
    const port = sourceAt('end', `${stream.from}${stream.from.includes('?') ? '&' : '?'}from=end`)
    await (await opened(port)).close()
    await stream.publish(bodies(5, 8))
    expect(texts(await taken(await opened(port), 3))).toEqual(bodyTexts(5, 8))
  })

  it('tells a message by its place, and takes the headers of its trace', { timeout: 60_000 }, async () => {
    const stream = made[broker]()
    await stream.create()
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`
    await stream.publish([{ body: 'a', traceparent }, { body: 'b' }])
    const messages = await taken(await opened(sourceAt('place', stream.from)), 2)
    expect(messages.map(({ headers }) => headers.traceparent)).toEqual([traceparent, undefined])
    const [first, second] = messages.map(({ position }) => /^(s-[\w-]+)(?:\/0)?:(\d+)$/.exec(position))
    expect(Number(second?.[2])).toBe(Number(first?.[2]) + 1)
  })

  it('is away where there is no such stream, which is said', { timeout: 60_000 }, async () => {
    const port = sourceAt('none', made[broker]().from)
    await expect(opened(port)).rejects.toMatchObject({
      name: 'SourceAway',
      message: expect.stringMatching(/not found|Unknown topic/),
    })
  })
})

describe.skipIf(kafka === undefined)('a topic', () => {
  it('gives what was compressed and committed, and passes over what was aborted, markers too', {
    timeout: 60_000,
  }, async () => {
    const stream = made.kafka()
    await stream.create()
    const topic = stream.from.slice(stream.from.lastIndexOf('/') + 1)
    const brokers = [(kafka ?? '').replace(/^kafka:\/\//, '')]
    const client = new Kafka({ brokers, logLevel: logLevel.NOTHING })
    const producer = client.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    for (const [value, isKept] of [
      ['aborted', false],
      ['kept', true],
      ['aborted again', false],
    ] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value }] })
      await (isKept ? transaction.commit() : transaction.abort())
    }
    await producer.disconnect()
    const plain = client.producer()
    await plain.connect()
    await plain.send({ topic, compression: CompressionTypes.GZIP, messages: [{ value: 'zipped' }, { value: null }] })
    await plain.disconnect()
    const reader = await opened(sourceAt('kinds', stream.from))
    expect(texts(await taken(reader, 3))).toEqual(['kept', 'zipped', ''])
    await reader.commit()
    expect(await stream.left('kinds')).toBe(0)
  })

  it('is not committed by a reader whose group has changed', { timeout: 60_000 }, async () => {
    const stream = made.kafka()
    await stream.create()
    await stream.publish(bodies(0, 3))
    const group = randomUUID()
    const reader = await opened(sourceAt('changed', `${stream.from}?group=${group}`))
    expect(texts(await taken(reader, 3))).toEqual(bodyTexts(0, 3))
    const other = new Consumer({
      clientId: 'other',
      bootstrapBrokers: [(kafka ?? '').replace(/^kafka:\/\//, '')],
      groupId: group,
    })
    other.topics.track(stream.from.slice(stream.from.lastIndexOf('/') + 1))
    const joined = other.joinGroup({})
    const changed = { name: 'SourceAway', message: expect.stringContaining('its group has changed') }
    await expect(reader.next(never)).rejects.toMatchObject(changed)
    await joined
    await expect(reader.commit()).rejects.toMatchObject(changed)
    await other.close(true)
  })

  it('is read from its end but for a partition that it was given later, which is read from its start', {
    timeout: 60_000,
  }, async () => {
    const stream = made.kafka()
    await stream.create()
    await stream.publish(bodies(0, 3))
    const port = sourceAt('grown', `${stream.from}?from=end`)
    await (await opened(port)).close()
    const topic = stream.from.slice(stream.from.lastIndexOf('/') + 1)
    const client = new Kafka({ brokers: [(kafka ?? '').replace(/^kafka:\/\//, '')], logLevel: logLevel.NOTHING })
    const admin = client.admin()
    await admin.connect()
    await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] })
    await admin.disconnect()
    const producer = client.producer()
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'new', partition: 1 }] })
    await producer.disconnect()
    expect(texts(await taken(await opened(port), 1))).toEqual(['new'])
  })
})

describe.skipIf(nats === undefined)('a consumer of NATS', () => {
  it('keeps what was read once more and not committed, also after it has delivered it again', {
    timeout: 60_000,
  }, async () => {
    const stream = made.nats()
    await stream.create()
    await stream.publish(bodies(0, 20))
    const address = readSourceAddress('twice', stream.from)
    if ('message' in address || address.kind !== 'nats') throw new Error('not the address of a stream')
    const port = new NatsSource(address, {}, 500)
    const name = /\/(s-[\w-]+)\?/.exec(stream.from)?.[1] ?? ''
    const client = await connect({ servers: nats ?? '' })
    const manager = await jetstreamManager(client)
    const consumer = () => manager.consumers.info(name, 'vigil-twice')
    const first = await opened(port)
    expect(texts(await taken(first, 20))).toEqual(bodyTexts(0, 20))
    await first.close()

    const second = await opened(port)
    expect(texts(await taken(second, 20))).toEqual(bodyTexts(0, 20))
    // Two deliveries of everything after the first: what it did with one of them is at the server.
    await expect.poll(async () => (await consumer()).delivered.consumer_seq, { timeout: 20_000 }).toBeGreaterThan(60)
    expect((await consumer()).num_ack_pending).toBe(20)
    await second.close()

    const third = await opened(port)
    expect(texts(await taken(third, 20))).toEqual(bodyTexts(0, 20))
    await third.commit()
    await expect.poll(async () => (await consumer()).num_ack_pending, { timeout: 20_000 }).toBe(0)
    await client.close()
  })
})

describe.skipIf(nats === undefined)('a consumer of NATS that is there already', () => {
  it('is not used where it would lose messages: what to change is said', { timeout: 60_000 }, async () => {
    const stream = made.nats()
    await stream.create()
    const name = /\/(s-[\w-]+)\?/.exec(stream.from)?.[1] ?? ''
    const client = await connect({ servers: nats ?? '' })
    const manager = await jetstreamManager(client)
    await manager.consumers.add(name, {
      durable_name: 'vigil-made',
      ack_policy: 'explicit',
      max_deliver: 3,
      filter_subject: `${name}.>`,
    })
    await client.close()
    await expect(opened(sourceAt('made', stream.from))).rejects.toMatchObject({
      message: expect.stringContaining('max_deliver to -1'),
    })
  })
})
