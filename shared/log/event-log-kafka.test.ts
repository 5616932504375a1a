import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { serverFor } from '../../tests/support/servers.ts'
import type { LogUnderTest } from './event-log.conformance.ts'
import { type EventLog, LogUnavailable } from './event-log.ts'
import { openKafkaLog } from './event-log-kafka.ts'
import { type KafkaClientName, kafkaClients } from './event-log-kafka-client.ts'
import { trimmableLogConformance } from './event-log-trim.conformance.ts'
import { LogRefused } from './sqlite-log-failure.ts'
import { appended, bodies, events } from './testing/log-content.ts'

const suite = 'the log on Kafka'
const address = await serverFor(suite, 'kafka')
const url = address === undefined ? undefined : `kafka://${address}`

let count = 0
const newTopic = (): string => `test-${process.pid}-${Date.now()}-${count++}`

describe.skipIf(url === undefined)('with a server', () => {
  for (const client of kafkaClients)
    trimmableLogConformance(`${suite} by ${client}`, async ({ partitions, latenessMs }): Promise<LogUnderTest> => {
      const folder = await mkdtemp(join(tmpdir(), 'vigil-log-kafka-'))
      const topic = newTopic()
      const open = () => openKafkaLog({ url: `${url}/?topic=${topic}`, folder, partitions, latenessMs, client })
      return {
        log: await open(),
        reopen: open,
        remove: () => rm(folder, { recursive: true }),
        tellsRepeatsForever: false,
      }
    })

  describe.each(kafkaClients)('the topic of a log by %s', (client) => {
    let admin: Admin
    let folder: string
    let topic: string
    const logs: EventLog[] = []
    beforeAll(async () => {
      admin = new Kafka({ brokers: [address!], logLevel: logLevel.NOTHING }).admin()
      await admin.connect()
    })
    afterAll(() => admin.disconnect())
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'vigil-log-kafka-'))
      topic = newTopic()
    })
    afterEach(async () => {
      await Promise.all(logs.splice(0).map((log) => log.close()))
      await rm(folder, { recursive: true })
    })
    const open = async (
      name = 'own',
      options: { readonly partitions?: number; readonly query?: string; readonly by?: KafkaClientName } = {},
    ): Promise<EventLog> => {
      const { partitions = 2, query = '', by = client } = options
      const place = { folder: join(folder, name), partitions, latenessMs: 600_000 }
      const log = await openKafkaLog({ ...place, url: `${url}/?topic=${topic}${query}`, client: by })
      logs.push(log)
      return log
    }

    it('is made once where several open it at the same moment', async () => {
      const opened = await Promise.all(['a', 'b', 'c'].map((name) => open(name)))
      await appended(opened[0], events([{ id: 'a' }]))
      expect(await bodies(opened[1])).toEqual(['body of a'])
    })

    it('is read by either client', async () => {
      const own = await open()
      await appended(own, events([{ id: 'a' }, { id: 'b', partition: 1 }]))
      const other = await open('other', { by: client === 'kafkajs' ? 'platformatic' : 'kafkajs' })
      await appended(other, events([{ id: 'c' }]))
      expect(await bodies(other)).toEqual(['body of a', 'body of c'])
      const { next } = await own.bounds(0)
      expect((await own.read(0, 0, 1_000)).length).toBe(2)
      expect(next).toBeGreaterThan(0)
    })

    it('is refused where it would lose records, with the remedy', async () => {
      const setting = { name: 'retention.ms', value: '604800000' }
      await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries: [setting] }] })
      const opening = open()
      await expect(opening).rejects.toThrow(LogRefused)
      await expect(opening).rejects.toThrow(`--alter --topic ${topic} --add-config retention.ms=-1`)
    })

    it('is refused with another number of partitions, or of replicas', async () => {
      await (await open()).close()
      await expect(open('own', { partitions: 3 })).rejects.toThrow('it has 2 partitions, not 3')
      await expect(open('own', { query: '&replicas=2' })).rejects.toThrow('it has 1 replicas, not 2')
    })

    it('may lose its oldest records while it is read', async () => {
      const log = await open()
      const list = Array.from({ length: 20 }, (_, n) => ({ id: `e${n}` }))
      for (const event of list) await appended(log, events([event]))
      const { next } = await log.bounds(0)
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '15' }] })
      await expect.poll(async () => (await log.bounds(0)).first).toBeGreaterThan(0)
      const again = await open('again')
      expect(await bodies(again)).toEqual(list.slice(15).map(({ id }) => `body of ${id}`))
      expect((await again.read(0, 0, 100_000)).length).toBe(5)
      await appended(log, events([{ id: 'new' }]))
      await log.waitFor(0, next, new AbortController().signal)
      expect(log.health).toEqual({ isReady: true })
    })

    it('ends the log for good when it is removed and made anew under a living owner', async () => {
      const log = await open()
      for (let n = 0; n < 5; n++) await appended(log, events([{ id: `${n}` }, { id: `${n}-1`, partition: 1 }]))
      const waiting = log.waitFor(0, (await log.bounds(0)).next, new AbortController().signal)
      const heard = expect(waiting).rejects.toThrow(/no longer the (log|one) that was opened/)
      await admin.deleteTopics({ topics: [topic] })
      await expect.poll(async () => (await admin.listTopics()).includes(topic)).toBe(false)
      const other = await open('other')
      await appended(other, events([{ id: 'other' }]))
      await heard
      expect(log.health).toMatchObject({ isReady: false, reason: 'unreachable' })
      await expect(log.append(events([{ id: 'x' }]))).rejects.toThrow(/no longer the (log|one) that was opened/)
    }, 30_000)

    it('ends the log also where the new one has more than the old one had', async () => {
      const log = await open()
      for (let n = 0; n < 3; n++) await appended(log, events([{ id: `${n}` }]))
      const waiting = log.waitFor(1, (await log.bounds(1)).next, new AbortController().signal)
      const heard = expect(waiting).rejects.toThrow(/no longer the (log|one) that was opened/)
      await admin.deleteTopics({ topics: [topic] })
      await expect.poll(async () => (await admin.listTopics()).includes(topic)).toBe(false)
      const other = await open('other')
      for (let n = 0; n < 10; n++) await appended(other, events([{ id: `other-${n}` }]))
      await heard
      expect(log.health).toMatchObject({ isReady: false, reason: 'unreachable' })
    }, 30_000)
  })
})

describe.each(kafkaClients)('brokers that take connections and are silent, by %s', (client) => {
  it('are given up on', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const folder = await mkdtemp(join(tmpdir(), 'vigil-log-kafka-'))
    const opening = openKafkaLog({ url: `kafka://127.0.0.1:${port}/`, folder, partitions: 1, latenessMs: 1, client })
    await expect(opening).rejects.toThrow(LogUnavailable)
    await rm(folder, { recursive: true })
    server.close()
  }, 30_000)
})
