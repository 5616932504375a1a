import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ownServerFor, serverFor } from '../../tests/support/servers.ts'
import { eventLogConformance, type LogUnderTest } from './event-log.conformance.ts'
import { type AppendRequest, LogUnavailable } from './event-log.ts'
import { openKafkaLog } from './event-log-kafka.ts'
import { kafkaAddress } from './event-log-kafka-address.ts'
import { KafkaBroker } from './event-log-kafka-broker.ts'
import { LogRefused } from './sqlite-log-failure.ts'

const suite = 'the log on Kafka'
const address = await serverFor(suite, 'kafka')
const url = address === undefined ? undefined : `kafka://${address}`
const own = await ownServerFor(`${suite} that dies`, 'kafka')

let count = 0
const newTopic = (): string => `test-${process.pid}-${Date.now()}-${count++}`

describe.skipIf(url === undefined)('with a server', () => {
  eventLogConformance(suite, async ({ partitions, latenessMs }): Promise<LogUnderTest> => {
    const folder = await mkdtemp(join(tmpdir(), 'vigil-log-kafka-'))
    const topic = newTopic()
    const open = () => openKafkaLog({ url: `${url}/?topic=${topic}`, folder, partitions, latenessMs })
    return {
      log: await open(),
      reopen: open,
      remove: () => rm(folder, { recursive: true }),
      tellsRepeatsForever: false,
    }
  })

  it('refuses a topic with another number of partitions', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vigil-log-kafka-'))
    const topic = newTopic()
    const options = { url: `${url}/?topic=${topic}`, folder, latenessMs: 1_000 }
    await (await openKafkaLog({ ...options, partitions: 2 })).close()
    await expect(openKafkaLog({ ...options, partitions: 3 })).rejects.toThrow(LogRefused)
    await rm(folder, { recursive: true })
  })
})

const event = (n: number): AppendRequest => ({
  kind: 'event',
  receivedAt: 1,
  traceparent: '',
  partitions: [0],
  ids: [`e${n}`],
  at: [1_700_000_000_000 + n],
  digests: [n],
  bodies: [Buffer.from(`{"id":"e${n}"}`)],
})

describe.skipIf(own === undefined)(`${suite} that dies`, () => {
  afterAll(() => own?.close())

  it('loses nothing that was acknowledged when the broker is killed, and goes on when it is back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vigil-log-kafka-'))
    const log = await openKafkaLog({
      url: `kafka://${own!.url}/?topic=${newTopic()}`,
      folder,
      partitions: 1,
      latenessMs: 60_000,
    })
    const acknowledged = new Set<number>()
    const send = async (n: number): Promise<void> => {
      for (const deadline = Date.now() + 60_000; !acknowledged.has(n); )
        try {
          await log.append(event(n))
          acknowledged.add(n)
        } catch (error) {
          if (!(error instanceof LogUnavailable) || Date.now() > deadline) throw error
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
    }
    const sending = Promise.all(Array.from({ length: 400 }, (_, n) => send(n)))
    await expect.poll(() => acknowledged.size).toBeGreaterThan(0)
    await own!.kill()
    await own!.restart()
    await sending
    for (let n = 400; n < 420; n++) await send(n)
    const ids = Array.from({ length: 420 }, (_, n) => `e${n}`)
    // The index is tried again by itself.
    const found = (): Promise<number> =>
      log.find(ids).then(
        (events) => new Set(events.map(({ id }) => id)).size,
        () => -1,
      )
    await expect.poll(found, { timeout: 30_000 }).toBe(420)
    await log.close()
    await rm(folder, { recursive: true })
  }, 120_000)
})

describe('the URL of a log on Kafka', () => {
  it('says brokers, topic, and who asks', () => {
    const { brokers, topic, replicas, connection, where } = kafkaAddress(
      'kafka://ann:p%40ss@a:1,b:2/?topic=t&replicas=3&sasl=PLAIN',
    )
    expect({ brokers, topic, replicas, where }).toEqual({
      brokers: ['a:1', 'b:2'],
      topic: 't',
      replicas: 3,
      where: 'kafka://a:1,b:2',
    })
    expect(connection).toEqual({ sasl: { mechanism: 'PLAIN', username: 'ann', password: 'p@ss' } })
  })

  it.each([
    'kafka://',
    'kafka://a/?topik=x',
    'kafka://a/?replicas=0',
    'kafka://u:p@a/?sasl=MD5',
    'kafka://a/?tls=1',
    'nats://a',
  ])('refuses %s', (text) => {
    expect(() => kafkaAddress(text)).toThrow(LogRefused)
  })

  it('does not show a password that is not written as a URL wants it', () => {
    expect(() => kafkaAddress('kafka://ann:sec?ret@a:1/')).toThrow(/^(?!.*(sec|ret@)).*must have the form/)
  })
})

describe('brokers that take connections and are silent', () => {
  it('are given up on', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const opening = KafkaBroker.open(kafkaAddress(`kafka://127.0.0.1:${port}/`), 1)
    await expect(opening).rejects.toThrow(/was silent for/)
    await expect(opening).rejects.toThrow(LogUnavailable)
    server.close()
  }, 25_000)
})
