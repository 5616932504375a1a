import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ownServerFor } from '../../tests/support/servers.ts'
import { CuttingProxy } from '../../tests/support/servers-proxy.ts'
import type { EventLog } from './event-log.ts'
import { openNatsLog } from './event-log-nats.ts'
import { appended, appendedAtLast, bodies, events, until } from './testing/log-content.ts'

const server = await ownServerFor('the log on NATS, when things fail', 'nats')

describe.skipIf(server === undefined)('the log on NATS', () => {
  const url = server?.url ?? ''
  let folder: string
  let stream: string
  let client: NatsConnection
  let manager: JetStreamManager
  let proxy: CuttingProxy | undefined
  const logs: EventLog[] = []
  let count = 0

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vigil-log-nats-'))
    stream = `failing-${count++}`
    client = await connect({ servers: url })
    manager = await jetstreamManager(client)
  })
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()))
    await proxy?.close()
    proxy = undefined
    await client.close()
    await rm(folder, { recursive: true })
  })
  afterAll(async () => {
    await server?.close()
  })

  const open = async (at = url, partitions = 2): Promise<EventLog> => {
    const log = await openNatsLog({ url: `${at}/?stream=${stream}`, folder, partitions, latenessMs: 600_000 })
    logs.push(log)
    return log
  }
  const openThroughProxy = async (): Promise<EventLog> => {
    proxy = await CuttingProxy.open(Number(new URL(url).port))
    return open(`nats://127.0.0.1:${proxy.port}`)
  }

  it('loses nothing that it acknowledged, and keeps the order, when its server is killed and comes back', async () => {
    const log = await open()
    const acknowledged = new Map<string, number>()
    let isEnough = false
    const append = async (writer: number): Promise<void> => {
      for (let n = 0; !isEnough; n++) {
        const id = `${writer}-${n}`
        const { offsets } = await appendedAtLast(log, events([{ id, partition: writer % 2 }]))
        acknowledged.set(id, offsets[0])
      }
    }
    const writers = Array.from({ length: 64 }, (_, writer) => append(writer))
    for (let round = 1; round <= 2; round++) {
      await until(() => acknowledged.size > 600 * round)
      await server!.kill()
      await until(() => !log.health.isReady)
      expect(log.health).toMatchObject({ reason: 'unreachable' })
      await server!.restart()
      await until(() => log.health.isReady)
    }
    const before = acknowledged.size
    await until(() => acknowledged.size > before + 200)
    isEnough = true
    await Promise.all(writers)
    await log.close()
    const again = await open()
    for (const partition of [0, 1]) {
      const stored = await bodies(again, partition)
      const expected = [...acknowledged].filter(([id]) => Number(id.split('-')[0]) % 2 === partition)
      expect(new Set(stored)).toEqual(new Set(expected.map(([id]) => `body of ${id}`)))
      // Nobody appended anything twice either: what came through without an answer was known when it came again.
      expect(stored).toHaveLength(expected.length)
      const byOffset = expected.sort(([, a], [, b]) => a - b).map(([id]) => `body of ${id}`)
      expect(stored).toEqual(byOffset)
    }
  }, 30_000)

  it.each(['request', 'answer'] as const)('appends once what is sent again after the %s was cut off', async (what) => {
    const log = await openThroughProxy()
    const messages = async (): Promise<number> => (await manager.streams.info(stream)).state.messages
    const expected: string[] = []
    // The first answer after `cutNext` may be that to another question: then this is done again.
    for (let isStored = false, n = 0; n === 0 || (what === 'answer' && !isStored); n++) {
      const request = events([{ id: `${n}-a` }, { id: `${n}-b`, partition: 1 }, { id: `${n}-c` }])
      const before = await messages()
      proxy!.cutNext(what)
      // At once, not when its time is over (C1).
      await expect(log.append(request)).rejects.toThrow('cannot be reached; it is tried again')
      expect(log.health.isReady).toBe(false)
      await until(() => log.health.isReady)
      isStored = (await messages()) > before
      const again = await appended(log, request)
      expect(again.isDuplicate).toEqual([isStored, isStored, isStored])
      expected.push(`body of ${n}-a`, `body of ${n}-c`)
      expect(await bodies(log, 0)).toEqual(expected)
      expect(await bodies(log, 1)).toHaveLength(n + 1)
    }
  })

  it('wakes readers at the end by what others append while its own connection is cut', async () => {
    const log = await openThroughProxy()
    const other = await openNatsLog({
      url: `${url}/?stream=${stream}`,
      folder: join(folder, 'other'),
      partitions: 2,
      latenessMs: 600_000,
    })
    logs.push(other)
    const { next } = await log.bounds(0)
    const waiting = log.waitFor(0, next, new AbortController().signal)
    proxy!.cutNext('answer')
    await appended(other, events([{ id: 'a' }]))
    await waiting
    expect(await bodies(log)).toEqual(['body of a'])
  })

  it('goes on reading the end of the log when the server forgets its consumer (T2)', async () => {
    const log = await open()
    for (const id of ['a', 'b']) {
      const { next } = await log.bounds(0)
      for await (const { name } of manager.consumers.list(stream)) await manager.consumers.delete(stream, name)
      await appended(log, events([{ id }]))
      await log.waitFor(0, next, new AbortController().signal)
    }
    expect(await bodies(log)).toEqual(['body of a', 'body of b'])
  })

  it('says that it is full, and goes on by itself when there is room again', async () => {
    const log = await open()
    await manager.streams.update(stream, { max_bytes: 2 ** 20 })
    const large = 'x'.repeat(60_000)
    let count = 0
    const fill = async (): Promise<void> => {
      for (; count < 30; count++)
        await appended(
          log,
          events([
            { id: `${count}`, body: large },
            { id: `${count}-1`, partition: 1 },
          ]),
        )
    }
    await expect(fill()).rejects.toMatchObject({ _tag: 'LogUnavailable', reason: 'disk-full' })
    expect(log.health).toMatchObject({ isReady: false, reason: 'disk-full' })
    expect(await bodies(log, 0)).toHaveLength(count)
    expect(await bodies(log, 1)).toHaveLength(count)
    await expect(log.append(events([{ id: 'one', body: large }]))).rejects.toMatchObject({ reason: 'disk-full' })
    await manager.streams.update(stream, { max_bytes: 2 ** 30 })
    await until(() => log.health.isReady)
    expect((await appended(log, events([{ id: 'one', body: large }]))).isDuplicate).toEqual([false])
  })

  it('says what to do when its stream is gone, and never goes on with another one', async () => {
    const log = await open()
    await appended(log, events([{ id: 'a' }]))
    const waiting = log.waitFor(0, (await log.bounds(0)).next, new AbortController().signal)
    const heard = expect(waiting).rejects.toThrow('no longer the log that was opened')
    await manager.streams.delete(stream)
    await expect(log.append(events([{ id: 'b' }]))).rejects.toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('give it back from a copy'),
    })
    const folderOfOther = join(folder, 'other')
    logs.push(
      await openNatsLog({ url: `${url}/?stream=${stream}`, folder: folderOfOther, partitions: 2, latenessMs: 600_000 }),
    )
    await until(() => !log.health.isReady && log.health.detail.includes('no longer the log'))
    await heard
    await expect(log.append(events([{ id: 'b' }]))).rejects.toThrow('no longer the log that was opened')
    await expect(log.read(0, 0, 1)).rejects.toThrow('no longer the log that was opened')
  })

  it('refuses a stream that is not fit, with the remedy', async () => {
    await (await open()).close()
    await expect(open(url, 3)).rejects.toThrow('it was made with 2 partitions, not with 3')
    await manager.streams.add({ name: `${stream}-foreign`, subjects: [`${stream}-foreign.>`] })
    stream = `${stream}-foreign`
    await expect(open()).rejects.toThrow('it was not made for one')
  })

  it('says that no server is there', async () => {
    await expect(open('nats://127.0.0.1:1')).rejects.toMatchObject({ _tag: 'LogUnavailable', reason: 'unreachable' })
  })
})
