import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openBrokerLog } from './broker-log.ts'
import { MemoryBroker, MemoryBrokerStorage } from './broker-memory.ts'
import type { LogUnderTest } from './event-log.conformance.ts'
import { type EventLog, type FoundEvent, LogUnavailable } from './event-log.ts'
import { trimmableLogConformance } from './event-log-trim.conformance.ts'
import { appended, bodies, events } from './testing/log-content.ts'

const latenessMs = 600_000

for (const countsTogether of [true, false])
  trimmableLogConformance(
    `the log on a broker whose partitions ${countsTogether ? 'count together' : 'count apart'}`,
    async ({ partitions, latenessMs }): Promise<LogUnderTest> => {
      const folder = await mkdtemp(join(tmpdir(), 'vigil-log-broker-'))
      const storage = new MemoryBrokerStorage({ partitions, countsTogether })
      const open = () => openBrokerLog({ broker: new MemoryBroker(storage), folder, partitions, latenessMs })
      return {
        log: await open(),
        reopen: open,
        remove: () => rm(folder, { recursive: true }),
        tellsRepeatsForever: true,
      }
    },
  )

describe('the log on a broker', () => {
  const storages = () => new MemoryBrokerStorage({ partitions: 2, countsTogether: false })
  const folders: string[] = []
  const logs: EventLog[] = []
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()))
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })))
  })
  const newFolder = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'vigil-log-broker-'))
    folders.push(folder)
    return folder
  }
  const open = async (broker: MemoryBroker, folder?: string): Promise<EventLog> => {
    const log = await openBrokerLog({ broker, folder: folder ?? (await newFolder()), partitions: 2, latenessMs })
    logs.push(log)
    return log
  }

  it('makes the follower anew when it stands still without a word (T2)', async () => {
    const broker = new MemoryBroker(storages())
    const log = await open(broker)
    const { next } = await log.bounds(0)
    broker.stall()
    await appended(log, events([{ id: 'a' }]))
    await log.waitFor(0, next, new AbortController().signal)
    expect(await bodies(log)).toEqual(['body of a'])
    expect(broker.followersCount).toBe(2)
    await appended(log, events([{ id: 'b' }]))
    expect(await bodies(log)).toEqual(['body of a', 'body of b'])
  })

  it('makes the follower anew when one partition stands still while another goes on (T2)', async () => {
    const broker = new MemoryBroker(storages())
    const log = await open(broker)
    const { next } = await log.bounds(0)
    broker.stall(0)
    await appended(log, events([{ id: 'a' }]))
    let isWoken = false
    const waiting = log.waitFor(0, next, new AbortController().signal).then(() => {
      isWoken = true
    })
    for (let n = 0; !isWoken; n++) {
      await appended(log, events([{ id: `other-${n}`, partition: 1 }]))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await waiting
    expect(await bodies(log)).toEqual(['body of a'])
  })

  it('ends when the log under it is no longer the one that it read (T4)', async () => {
    const storage = storages()
    const log = await open(new MemoryBroker(storage))
    const other = storages()
    const writer = await open(new MemoryBroker(other))
    for (let n = 0; n < 3; n++) {
      await appended(log, events([{ id: `${n}` }]))
      await appended(writer, events([{ id: `other-${n}` }]))
    }
    await appended(writer, events([{ id: 'one more' }]))
    expect(await bodies(log)).toHaveLength(3)
    const waiting = log.waitFor(1, (await log.bounds(1)).next, new AbortController().signal)
    storage.partitions[0] = other.partitions[0]
    await expect(waiting).rejects.toThrow('the log is no longer the one that was opened: the message with sequence')
    await expect(log.append(events([{ id: 'x' }]))).rejects.toThrow('give the log back from a copy')
    expect(log.health).toMatchObject({ isReady: false, reason: 'unreachable' })
  })

  it('goes on when what it read last grew too old and was removed', async () => {
    const storage = storages()
    const broker = new MemoryBroker(storage)
    const log = await open(broker)
    for (const id of ['a', 'b', 'c']) await appended(log, events([{ id }]))
    expect(await bodies(log)).toHaveLength(3)
    storage.partitions[0] = storage.partitions[0].slice(2)
    broker.stall()
    const { next } = await log.bounds(0)
    await appended(log, events([{ id: 'd' }]))
    await log.waitFor(0, next, new AbortController().signal)
    expect(log.health).toEqual({ isReady: true })
  })

  it('ends when its broker is lost, and says why (B4)', async () => {
    const broker = new MemoryBroker(storages())
    const log = await open(broker)
    const waiting = log.waitFor(0, (await log.bounds(0)).next, new AbortController().signal)
    broker.lost = new LogUnavailable('unreachable', 'another log')
    await expect(waiting).rejects.toThrow('another log')
  })

  it('ends with the reason when its broker makes a mistake that nobody foresaw', async () => {
    const broker = new MemoryBroker(storages())
    const log = await open(broker)
    const waiting = log.waitFor(0, (await log.bounds(0)).next, new AbortController().signal)
    broker.ends = () => Promise.reject(new TypeError('x is not a function'))
    await expect(waiting).rejects.toThrow('x is not a function')
    expect(log.health).toMatchObject({ isReady: false })
  })

  it('goes on learning what came before it when the broker was away meanwhile', async () => {
    const storage = storages()
    const first = await open(new MemoryBroker(storage))
    await appended(first, events([{ id: 'a' }]))
    await first.close()
    const broker = new MemoryBroker(storage)
    const held = Promise.withResolvers<never>()
    const read = broker.read.bind(broker)
    broker.read = () => held.promise
    const log = await open(broker)
    broker.read = read
    held.reject(new LogUnavailable('unreachable', 'away'))
    // The index, which was cut off with it, begins again later.
    await expect.poll(() => log.find(['a']).catch(() => []), { timeout: 10_000 }).toHaveLength(1)
    expect((await appended(log, events([{ id: 'a' }]))).isDuplicate).toEqual([true])
  }, 20_000)

  it('knows after an outcome that was unknown what came through (G4)', async () => {
    const broker = new MemoryBroker(storages())
    const log = await open(broker)
    for (const fault of ['stored-unknown', 'lost-unknown'] as const) {
      broker.nextPublish = fault
      // So that nothing of it comes back before it is sent again.
      broker.stall()
      const request = events([{ id: fault }])
      await expect(log.append(request)).rejects.toMatchObject({ _tag: 'LogUnavailable', reason: 'unreachable' })
      expect((await appended(log, request)).isDuplicate).toEqual([fault === 'stored-unknown'])
    }
    expect(await bodies(log)).toEqual(['body of stored-unknown', 'body of lost-unknown'])
  })

  it('goes on after a refusal for want of room', async () => {
    const broker = new MemoryBroker(storages())
    const log = await open(broker)
    broker.nextPublish = 'disk-full'
    await expect(log.append(events([{ id: 'a' }]))).rejects.toMatchObject({ reason: 'disk-full' })
    expect((await appended(log, events([{ id: 'a' }]))).isDuplicate).toEqual([false])
  })

  it('reads, finds and knows what another process appended', async () => {
    const storage = storages()
    const [one, other] = [await open(new MemoryBroker(storage)), await open(new MemoryBroker(storage))]
    const { next } = await other.bounds(1)
    const first = await appended(one, events([{ id: 'a', partition: 1 }]))
    await other.waitFor(1, next, new AbortController().signal)
    expect(await bodies(other, 1)).toEqual(['body of a'])
    expect(await other.find(['a'])).toMatchObject([{ id: 'a', partition: 1, offset: first.offsets[0] }])
    expect(await appended(other, events([{ id: 'a', partition: 1 }]))).toEqual({ ...first, isDuplicate: [true] })
    expect(await other.append(events([{ id: 'a', partition: 1, digest: 2 }]))).toMatchObject({ kind: 'conflict' })
  })

  it('makes the index again where its file is missing, and where it is of another log', async () => {
    const storage = storages()
    const folder = await newFolder()
    const ids = Array.from({ length: 300 }, (_, i) => `e${i}`)
    const log = await open(new MemoryBroker(storage), folder)
    for (const id of ids) await appended(log, events([{ id, partition: 1 }]))
    const found = await log.find(ids)
    expect(found.map(({ id }) => id)).toEqual(ids)
    await log.close()
    await rm(join(folder, 'log-index.db'))
    const again = await open(new MemoryBroker(storage), folder)
    expect(await again.find(ids)).toEqual(found)
    await again.close()
    storage.incarnation = 'another'
    storage.partitions[1].length = 0
    const other = await open(new MemoryBroker(storage), folder)
    expect(await other.find(ids)).toEqual([])
  })

  it('makes the index again where the log under the same name is another one, or an older state (I4)', async () => {
    const storage = storages()
    const folder = await newFolder()
    const log = await open(new MemoryBroker(storage), folder)
    for (const id of ['a', 'b', 'c']) await appended(log, events([{ id }]))
    expect(await log.find(['c'])).toHaveLength(1)
    await log.close()
    for (const [kept, ids] of [
      [1, ['d', 'e', 'f']],
      [0, ['g']],
    ] as const) {
      storage.partitions[0].length = kept
      const writer = await open(new MemoryBroker(storage))
      for (const id of ids) await appended(writer, events([{ id }]))
      const again = await open(new MemoryBroker(storage), folder)
      const find = (): Promise<readonly FoundEvent[]> => again.find(['b', 'c', ...ids]).catch(() => [])
      await expect.poll(async () => (await find()).map(({ id }) => id), { timeout: 10_000 }).toEqual(ids)
      await again.close()
    }
  }, 30_000)

  it('halts at a message that it cannot read, and says where it is (T3)', async () => {
    const broker = new MemoryBroker(storages())
    const log = await open(broker)
    const { next } = await log.bounds(0)
    const waiting = log.waitFor(0, next, new AbortController().signal)
    await broker.publish([{ partition: 0, bytes: Buffer.from('hello') }])
    await expect(waiting).rejects.toThrow('the message with sequence 1 was not written by this version')
    await expect(log.append(events([{ id: 'a' }]))).rejects.toMatchObject({ reason: 'unreachable' })
    expect(log.health).toMatchObject({ isReady: false, reason: 'unreachable' })
  })

  it('cuts what is too large for one message into several, in order', async () => {
    const storage = storages()
    const log = await open(new MemoryBroker(storage, 10_000))
    const list = Array.from({ length: 5_000 }, (_, i) => ({ id: `e${i}` }))
    const { offsets } = await appended(log, events(list))
    expect(storage.partitions[0].every(({ bytes }) => bytes.length <= 10_000)).toBe(true)
    expect(await bodies(log)).toEqual(list.map(({ id }) => `body of ${id}`))
    expect(offsets.every((offset, i) => i === 0 || offset > offsets[i - 1])).toBe(true)
  })
})
