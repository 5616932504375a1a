import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ownServerFor } from '../../tests/support/servers.ts'
import { CuttingProxy } from '../../tests/support/servers-proxy.ts'
import type { EventLog } from './event-log.ts'
import { openKafkaLog } from './event-log-kafka.ts'
import { kafkaClients } from './event-log-kafka-client.ts'
import { appendedAtLast, bodies, events, until } from './testing/log-content.ts'

const suite = 'the log on Kafka, when things fail'
const proxy = await CuttingProxy.open(0)
/** It sends all its clients to the proxy. */
const server = await ownServerFor(suite, 'kafka', proxy.port)
if (server !== undefined) proxy.targetPort = Number(server.url.split(':')[1])

afterAll(async () => {
  await server?.close()
  await proxy.close()
})

describe.skipIf(server === undefined).each(kafkaClients)(`${suite}, by %s`, (client) => {
  let folder: string
  let topic: string
  let count = 0
  const logs: EventLog[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vigil-log-kafka-'))
    topic = `failing-${client}-${count++}`
  })
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()))
    await rm(folder, { recursive: true })
  })
  const open = async (name = 'own'): Promise<EventLog> => {
    const place = { folder: join(folder, name), partitions: 2, latenessMs: 600_000 }
    const log = await openKafkaLog({ ...place, url: `kafka://127.0.0.1:${proxy.port}/?topic=${topic}`, client })
    logs.push(log)
    return log
  }

  it('loses nothing that was acknowledged, and keeps the order, when the broker is killed and comes back', async () => {
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
    const writers = Array.from({ length: 32 }, (_, writer) => append(writer))
    await until(() => acknowledged.size > 600)
    await server!.kill()
    await until(() => !log.health.isReady)
    await server!.restart()
    await until(() => log.health.isReady)
    const before = acknowledged.size
    await until(() => acknowledged.size > before + 200)
    isEnough = true
    await Promise.all(writers)
    const { next } = await log.bounds(0)
    const woken = log.waitFor(0, next, new AbortController().signal)
    await appendedAtLast(log, events([{ id: 'last' }]))
    await woken
    await log.close()
    const again = await open()
    for (const partition of [0, 1]) {
      const stored = (await bodies(again, partition)).filter((body) => body !== 'body of last')
      const expected = [...acknowledged].filter(([id]) => Number(id.split('-')[0]) % 2 === partition)
      expect(new Set(stored)).toEqual(new Set(expected.map(([id]) => `body of ${id}`)))
      const byOffset = expected.sort(([, a], [, b]) => a - b).map(([id]) => `body of ${id}`)
      // One that came through late may stand twice; its first place is the one that was told.
      expect([...new Set(stored)]).toEqual(byOffset)
    }
  }, 120_000)

  it.each(['request', 'answer'] as const)(
    'appends once what is sent again after the %s was cut off',
    async (what) => {
      const log = await open()
      const request = events([
        { id: 'cut', body: 'the one that is cut' },
        { id: 'with it', partition: 1 },
      ])
      proxy.cutNext(what, 'the one that is cut')
      await expect(log.append(request)).rejects.toMatchObject({ _tag: 'LogUnavailable', reason: 'unreachable' })
      const again = await appendedAtLast(log, request)
      expect(again.isDuplicate[0]).toBe(what === 'answer')
      expect(await bodies(log, 0)).toEqual(['the one that is cut'])
      expect(await bodies(log, 1)).toEqual(['body of with it'])
      await until(() => log.health.isReady)
    },
    60_000,
  )

  it('wakes readers at the end by what others append after its own connections were cut', async () => {
    const log = await open()
    const other = await open('other')
    const { next } = await log.bounds(0)
    const waiting = log.waitFor(0, next, new AbortController().signal)
    proxy.cutAll()
    await appendedAtLast(other, events([{ id: 'a' }]))
    await waiting
    expect(await bodies(log)).toEqual(['body of a'])
  }, 60_000)
})
