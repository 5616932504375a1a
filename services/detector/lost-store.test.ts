// The store of checkpoints loses all that it had while the service runs.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openSqliteLog } from '#shared/log/event-log-sqlite'
import { MemoryAlertStore } from '#shared/store/alert-store-memory'
import type { CheckpointStore } from '#shared/store/checkpoint-store'
import { MemoryCheckpointStore } from '#shared/store/checkpoint-store-memory'
import { RedisCheckpointStore } from '#shared/store/checkpoint-store-redis'
import { type OwnServer, ownServerFor } from '../../tests/support/servers.ts'
import type { Service } from './service.ts'
import { atRest, findings, latenessMs, patience, ready, rows, type Stores, send, start } from './testing/small-bank.ts'

const suite = 'a Redis that loses its data under the service'
const server = await ownServerFor(suite, 'redis')
afterAll(() => server?.close())

let folder: string
let open: { close(): Promise<void> }[]
let notices: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-lost-store-'))
  open = []
  notices = []
})
afterEach(async () => {
  for (const resource of open.reverse()) await resource.close()
  rmSync(folder, { recursive: true })
})

async function world(name: string, partitions: number, checkpoints: CheckpointStore): Promise<Stores> {
  const log = await openSqliteLog({ folder: join(folder, name), partitions, latenessMs })
  open.push(log, checkpoints)
  return { partitions, log, checkpoints, alerts: new MemoryAlertStore() }
}

/** With little memory, so that most accounts come from the store. */
async function started(stores: Stores): Promise<Service> {
  const service = start(stores, { memoryBytesMax: 32_768, onNotice: (_, text) => notices.push(text) })
  open.push({ close: () => service.stop(0) })
  await ready(service)
  return service
}

const [firstHalf, secondHalf] = [rows(0, 600), rows(600, 1_200)]

async function calmly(partitions: number): Promise<readonly unknown[]> {
  const stores = await world('calm', partitions, new MemoryCheckpointStore())
  const service = await started(stores)
  await send(service, firstHalf)
  await send(service, secondHalf)
  await atRest(service)
  await service.stop(20_000)
  return findings(stores.alerts)
}

describe.skipIf(server === undefined)(suite, () => {
  const { url, kill, restart } = server as OwnServer
  let admin: Redis
  beforeEach(() => {
    admin = new Redis(url)
    // It is killed under this one, too.
    admin.on('error', () => {})
    open.push({ close: async () => admin.disconnect() })
  })

  it.each([
    ['FLUSHALL', 1],
    ['FLUSHALL', 2],
    ['killed, and started empty', 1],
  ] as const)(
    'is made whole by the running service, and no alert is lost or doubled (%s, %i partitions)',
    { timeout: 90_000 },
    async (how, partitions) => {
      const calm = await calmly(partitions)
      expect(calm.length).toBeGreaterThan(200)
      const stores = await world('lost', partitions, new RedisCheckpointStore({ url, tenant: randomUUID() }))
      const service = await started(stores)
      await send(service, firstHalf)
      await admin.flushall()
      if (how !== 'FLUSHALL') {
        await kill()
        await restart()
      }
      await send(service, secondHalf)
      await atRest(service)
      await service.stop(20_000)
      expect(await findings(stores.alerts)).toEqual(calm)
      expect(notices.length).toBeGreaterThan(0)
      expect(notices.length).toBeLessThanOrEqual(2 * partitions)
    },
  )

  it('while nothing is sent is noticed by the next commit', { timeout: 60_000 }, async () => {
    const stores = await world('idle', 1, new RedisCheckpointStore({ url, tenant: randomUUID() }))
    const service = await started(stores)
    await send(service, firstHalf)
    await atRest(service)
    await admin.flushall()
    await send(service, secondHalf.slice(0, 1))
    await vi.waitFor(() => expect(notices.length).toBe(1), patience)
    await ready(service)
  })
})
