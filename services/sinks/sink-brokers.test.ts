import { randomUUID } from 'node:crypto'
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { Admin, Consumer } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serverFor } from '../../tests/support/servers.ts'
import { CuttingProxy } from '../../tests/support/servers-proxy.ts'
import { MessageTooLarge, type OutgoingMessage, type SinkConnection, SinkRefused, SinkUnavailable } from './sink.ts'
import { sinkAt } from './sink-address.ts'

const nats = await serverFor('alerts to NATS', 'nats')
const kafka = await serverFor('alerts to Kafka', 'kafka')

const message = (id: string, body = `{"id":"${id}"}`): OutgoingMessage => ({
  id,
  key: `key of ${id}`,
  body: Buffer.from(body),
  headers: { 'content-type': 'application/cloudevents+json', traceparent: '00-1-2-01' },
})

/** What a reader of the broker sees. */
interface Seen {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly key: string | undefined
}

interface World {
  /** With a name of its own; with `isThere` somebody takes what is sent there. */
  place(isThere: boolean): Promise<string>
  /** The URL of a place, by way of another port. */
  url(place: string, port?: number): string
  readonly port: number
  seen(place: string, count: number): Promise<readonly Seen[]>
  close(): Promise<void>
}

function testSink(suite: string, server: string | undefined, openWorld: (url: string) => Promise<World>): void {
  describe.skipIf(server === undefined)(suite, () => {
    let world: World
    const connections: SinkConnection[] = []

    beforeAll(async () => {
      world = await openWorld(server ?? '')
    })

    afterAll(async () => {
      await Promise.all(connections.map((connection) => connection.close()))
      await world.close()
    })

    async function open(url: string): Promise<SinkConnection> {
      const connection = await sinkAt(url).open()
      connections.push(connection)
      return connection
    }

    it('has what it acknowledged, with headers', async () => {
      const place = await world.place(true)
      const connection = await open(world.url(place))
      await connection.send([message('a'), message('b'), message('c')])
      const seen = await world.seen(place, 3)
      expect(seen.map(({ body }) => JSON.parse(body).id).sort()).toEqual(['a', 'b', 'c'])
      const { headers } = message('a')
      for (const one of seen) expect(one.headers).toMatchObject(headers)
    })

    it('is refused at once where nobody would keep what is sent, with the remedy', async () => {
      const place = await world.place(false)
      const refused = sinkAt(world.url(place)).open()
      await expect(refused).rejects.toBeInstanceOf(SinkRefused)
      await expect(refused).rejects.toThrow(new RegExp(`${place}.*; make (it|one): `))
    })

    it('says which message is too large for it, and takes the next one', async () => {
      const place = await world.place(true)
      const connection = await open(world.url(place))
      const large = message('large', JSON.stringify({ id: 'large', filler: 'x'.repeat(3 * 2 ** 20) }))
      await expect(connection.send([large])).rejects.toBeInstanceOf(MessageTooLarge)
      await connection.send([message('small')])
      expect((await world.seen(place, 1)).map(({ body }) => JSON.parse(body).id)).toEqual(['small'])
    })

    it('is away where nobody listens', async () => {
      const proxy = await CuttingProxy.open(world.port)
      await proxy.close()
      const place = await world.place(true)
      await expect(sinkAt(world.url(place, proxy.port)).open()).rejects.toBeInstanceOf(SinkUnavailable)
    })
  })
}

testSink('a subject of NATS', nats, async (url) => {
  const client = await connect({ servers: new URL(url).host })
  const manager = await jetstreamManager(client)
  const streams: string[] = []
  return {
    port: Number(new URL(url).port),
    url: (place, port) => `nats://127.0.0.1:${port ?? new URL(url).port}/${place}`,
    place: async (isThere) => {
      const name = `sink-${randomUUID()}`
      if (isThere) {
        await manager.streams.add({ name, subjects: [`${name}.>`], max_msg_size: 2 ** 20 })
        streams.push(name)
      }
      return `${name}.alerts`
    },
    seen: (place, count) => readSubject(client, place, count),
    close: async () => {
      for (const name of streams) await manager.streams.delete(name)
      await client.close()
    },
  }
})

async function readSubject(client: NatsConnection, place: string, count: number): Promise<readonly Seen[]> {
  const consumer = await jetstream(client).consumers.get(place.replace(/\..*/, ''))
  const seen: Seen[] = []
  for await (const { data, headers } of await consumer.fetch({ max_messages: count, expires: 20_000 })) {
    const given = Object.fromEntries([...(headers ?? [])].map(([name, values]) => [name.toLowerCase(), values[0]]))
    seen.push({ body: Buffer.from(data).toString(), headers: given, key: given['nats-msg-id'] })
  }
  return seen
}

testSink('a topic of Kafka', kafka, async (url) => {
  const bootstrapBrokers = [url]
  const admin = new Admin({ clientId: 'test', bootstrapBrokers })
  return {
    port: Number(url.split(':')[1]),
    url: (place, port) => `kafka://${port === undefined ? url : `127.0.0.1:${port}`}/${place}`,
    place: async (isThere) => {
      const topic = `sink-${randomUUID()}`
      if (isThere) await createTopic(admin, topic)
      return topic
    },
    seen: async (topic, count) => {
      const groupId = randomUUID()
      const consumer = new Consumer({ clientId: 'test', groupId, bootstrapBrokers })
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
      const seen: Seen[] = []
      for await (const { key, value, headers } of stream) {
        const given = [...headers].map(([name, text]) => [name.toString(), text.toString()])
        seen.push({ key: key?.toString(), body: value?.toString() ?? '', headers: Object.fromEntries(given) })
        if (seen.length === count) break
      }
      await consumer.close(true)
      return seen
    },
    close: () => admin.close(),
  }
})

/** Resolves when every partition has its leader. */
async function createTopic(admin: Admin, topic: string): Promise<void> {
  await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 })
  const base = {
    clientId: 'test',
    groupId: randomUUID(),
    bootstrapBrokers: [kafka ?? ''],
    retries: 50,
    retryDelay: 100,
  }
  const consumer = new Consumer(base)
  await consumer.listOffsets({ topics: [topic], partitions: { [topic]: [0, 1, 2] } })
  await consumer.close(true)
}

describe.skipIf(nats === undefined)('a stream of NATS', () => {
  const name = `sink-${randomUUID()}`
  const subject = `${name}.alerts`
  const port = Number(nats === undefined ? 0 : new URL(nats).port)
  const url = (at = port): string => `nats://127.0.0.1:${at}/${subject}`
  let client: NatsConnection
  let manager: JetStreamManager

  beforeAll(async () => {
    client = await connect({ port })
    manager = await jetstreamManager(client)
    await manager.streams.add({ name, subjects: [`${name}.>`] })
  })

  afterAll(async () => {
    await manager.streams.delete(name)
    await client.close()
  })

  it('knows a repeat by the id of the message, whatever characters that has', async () => {
    const connection = await sinkAt(url()).open()
    const ids = ['a9f3:1', 'a9f3:2', 'é:1', 'line\r\nend:1', 'a b:1', '\ud800:1', '\udc00:1', '%22a:1']
    for (let time = 0; time < 2; time++) await connection.send(ids.map((id) => message(id)))
    await connection.close()
    const seen = await readSubject(client, subject, ids.length)
    expect((await manager.streams.info(name)).state.messages).toBe(ids.length)
    expect(seen.slice(0, 2).map(({ key }) => key)).toEqual(['a9f3:1', 'a9f3:2'])
  })

  it('is away when the connection is lost before the answer, and knows the repeat over a new one', async () => {
    const before = (await manager.streams.info(name)).state.messages
    const proxy = await CuttingProxy.open(port)
    try {
      const cut = await sinkAt(url(proxy.port)).open()
      proxy.cutNext('answer')
      await expect(cut.send([message('cut')])).rejects.toBeInstanceOf(SinkUnavailable)
      await cut.close()
      const next = await sinkAt(url(proxy.port)).open()
      await next.send([message('cut')])
      await next.close()
    } finally {
      await proxy.close()
    }
    expect((await manager.streams.info(name)).state.messages).toBe(before + 1)
  })
})
