// What is left when the log has let its oldest records go, and the checkpoints are lost: snapshots.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EventLog, TrimmableLog } from '#shared/log/event-log'
import { openNatsLog } from '#shared/log/event-log-nats'
import { openSqliteLog } from '#shared/log/event-log-sqlite'
import { MemoryAlertStore } from '#shared/store/alert-store-memory'
import type { CheckpointPages, CheckpointStore } from '#shared/store/checkpoint-store'
import { MemoryCheckpointStore } from '#shared/store/checkpoint-store-memory'
import { RedisCheckpointStore } from '#shared/store/checkpoint-store-redis'
import { SqliteCheckpointStore } from '#shared/store/checkpoint-store-sqlite'
import { MemorySnapshotPlace } from '#shared/store/snapshot-place'
import { FolderSnapshotPlace } from '#shared/store/snapshot-place-folder'
import { serverFor } from '../../tests/support/servers.ts'
import type { KeepingOptions } from './keeping.ts'
import type { Service } from './service.ts'
import { atRest, findings, latenessMs, patience, ready, rows, type Stores, send, start } from './testing/small-bank.ts'

interface World extends Stores {
  readonly log: EventLog & TrimmableLog
  readonly checkpoints: CheckpointStore & CheckpointPages
}

let folder: string
let open: { close(): Promise<unknown> }[]
let notices: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-snapshots-'))
  open = []
  notices = []
})
afterEach(async () => {
  for (const resource of open.reverse()) await resource.close()
  rmSync(folder, { recursive: true })
})

async function embedded(name: string, partitions = 1, checkpoints = 'checkpoints'): Promise<World> {
  const log = await openSqliteLog({ folder: join(folder, name), partitions, latenessMs })
  const store = new SqliteCheckpointStore(join(folder, name, checkpoints))
  open.push(log, store)
  return { partitions, log, checkpoints: store, alerts: new MemoryAlertStore() }
}

/** With little memory, so that most accounts come from the store. */
async function started(world: World, keeping: Partial<KeepingOptions> = {}): Promise<Service> {
  const service = start(world, {
    memoryBytesMax: 32_768,
    keeping: { snapshots: undefined, retention: undefined, ...keeping },
    onNotice: (_, text) => notices.push(text),
  })
  open.push({ close: () => service.stop(0) })
  await ready(service)
  return service
}

const snapshotsOf = ({ checkpoints: store }: World, place: MemorySnapshotPlace | FolderSnapshotPlace) => ({
  snapshots: { place, everyMs: 150, store },
})

const [older, newer, newest, last] = [rows(0, 800), rows(800, 900), rows(900, 1_300), rows(1_300, 1_600)]
const all = [...older, ...newer, ...newest, ...last]

let calmFindings: readonly unknown[] | undefined
async function calmly(): Promise<readonly unknown[]> {
  if (calmFindings !== undefined) return calmFindings
  const log = await openSqliteLog({ folder: join(folder, 'calm'), partitions: 1, latenessMs })
  const world = { partitions: 1, log, checkpoints: new MemoryCheckpointStore(), alerts: new MemoryAlertStore() }
  open.push(log)
  const service = await started(world)
  await send(service, all)
  await atRest(service)
  await service.stop(20_000)
  calmFindings = await findings(world.alerts)
  return calmFindings
}

/** @returns keys of manifests */
const manifests = async (place: MemorySnapshotPlace | FolderSnapshotPlace, partition = 0): Promise<readonly string[]> =>
  (await place.list(`partition-${partition}/`)).filter((key) => key.endsWith('manifest.json')).sort()

/** Does some work, and waits for a snapshot of each partition that began after all that was there before. */
async function snapshotted(
  place: MemorySnapshotPlace | FolderSnapshotPlace,
  work: () => Promise<unknown>,
  partitions = 1,
): Promise<void> {
  const all = async (): Promise<readonly (readonly string[])[]> =>
    Promise.all(Array.from({ length: partitions }, (_, partition) => manifests(place, partition)))
  const before = new Set((await all()).flat())
  await work()
  await vi.waitFor(async () => {
    for (const each of await all()) expect(each.some((key) => !before.has(key))).toBe(true)
  }, patience)
}

/** A third of what came goes from the log: windows look back at all of it, and what alerts to come cite is left. */
async function trimmed({ log, partitions }: World): Promise<void> {
  for (let partition = 0; partition < partitions; partition++) {
    const { first, next } = await log.bounds(partition)
    const before = first + Math.floor((next - first) / 3)
    await log.trim(partition, { before, receivedBefore: Date.now() + 1 })
    expect((await log.bounds(partition)).first).toBeGreaterThan(first)
  }
}

/** Begins with an empty store of checkpoints, and takes the rest of the rows. */
async function goOnWithoutCheckpoints(world: World, place: MemorySnapshotPlace | FolderSnapshotPlace): Promise<void> {
  const checkpoints = new SqliteCheckpointStore(join(folder, 'lost', 'empty'))
  open.push(checkpoints)
  const lost = { ...world, checkpoints }
  const service = await started(lost, snapshotsOf(lost, place))
  await send(service, last)
  await atRest(service)
}

describe('checkpoints that are lost after the log has let old records go', () => {
  it('come again from the newest snapshot and the log behind it, with every alert as it was', {
    timeout: 90_000,
  }, async () => {
    const calm = await calmly()
    const place = new FolderSnapshotPlace(join(folder, 'snapshots'))
    const world = await embedded('lost')
    const service = await started(world, snapshotsOf(world, place))
    await send(service, older)
    await atRest(service)
    await snapshotted(place, () => send(service, newer))
    await atRest(service)
    await trimmed(world)
    await send(service, newest.slice(0, 200))
    await service.stop(0)
    const later = await started(world)
    await send(later, newest.slice(200))
    await atRest(later)
    await later.stop(20_000)
    notices = []

    await goOnWithoutCheckpoints(world, place)
    expect(notices).toEqual([expect.stringContaining('the state is that of the snapshot')])
    expect(await findings(world.alerts)).toEqual(calm)
  })

  it('come from an older one where the newest are torn, damaged or of another log', { timeout: 90_000 }, async () => {
    const calm = await calmly()
    const place = new MemorySnapshotPlace()
    const foreign = await embedded('foreign')
    const other = await started(foreign, snapshotsOf(foreign, place))
    await send(other, older.slice(0, 600))
    await atRest(other)
    await snapshotted(place, () => send(other, older.slice(600, 700)))
    await other.stop(0)
    const foreignObjects = [...place.objects]
    place.objects.clear()

    const world = await embedded('lost')
    const service = await started(world, snapshotsOf(world, place))
    await send(service, older)
    await atRest(service)
    await snapshotted(place, () => send(service, newer.slice(0, 50)))
    await snapshotted(place, () => send(service, newer.slice(50)))
    await atRest(service)
    await trimmed(world)
    await snapshotted(place, () => send(service, newest))
    await service.stop(20_000)
    const own = await manifests(place)
    // The newest is damaged, the one before it torn, and two of another log are said to be newer.
    const [second, first] = own.slice(-2)
    const chunk = first.replace('manifest.json', 'actors-000000')
    place.objects.set(chunk, Buffer.from(place.objects.get(chunk) ?? []).fill(1, 100, 200))
    place.objects.set(second, (place.objects.get(second) ?? new Uint8Array()).subarray(0, 200))
    for (const [key, bytes] of foreignObjects) place.objects.set(key.replace(/\/\d+/, '/0000000000009999'), bytes)
    notices = []

    await goOnWithoutCheckpoints(world, place)
    expect(notices.slice(0, -1).every((text) => text.includes('is passed over'))).toBe(true)
    for (const word of ['another record', 'its manifest does not have its checksum', 'does not have its checksum'])
      expect(notices.join('\n')).toContain(word)
    expect(notices.at(-1)).toContain('the state is that of the snapshot')
    expect(await findings(world.alerts)).toEqual(calm)
  })

  it('are judged again from what the log has where there is no snapshot, and that is told', {
    timeout: 60_000,
  }, async () => {
    const world = await embedded('lost')
    const service = await started(world)
    await send(service, older)
    await atRest(service)
    await trimmed(world)
    await service.stop(20_000)
    const store = new SqliteCheckpointStore(join(folder, 'lost', 'empty'))
    open.push(store)
    const next = await started({ ...world, checkpoints: store })
    await send(next, newer)
    await atRest(next)
    expect(notices).toEqual([expect.stringContaining('there is no checkpoint and no snapshot')])
    expect(next.counts.events).toBeGreaterThan(300)
  })
})

describe('a service with a short retention', () => {
  it('lets the log go as far as its checkpoint and its newest snapshot allow, and starts again', {
    timeout: 60_000,
  }, async () => {
    const place = new MemorySnapshotPlace()
    const world = await embedded('short')
    const keeping = { ...snapshotsOf(world, place), retention: { log: world.log, ms: 100 } }
    const service = await started(world, keeping)
    await send(service, older)
    await atRest(service)
    await vi.waitFor(async () => {
      const { first, next } = await world.log.bounds(0)
      expect(first).toBeGreaterThan(1)
      expect(next - first).toBeLessThan(200)
    }, patience)
    await service.stop(20_000)
    const again = await started(world, keeping)
    await send(again, newer)
    await atRest(again)
    expect(again.counts.events).toBeGreaterThan(50)
    expect(notices).toEqual([])
  })

  it('keeps everything as long as there is no snapshot of it', { timeout: 60_000 }, async () => {
    const world = await embedded('kept')
    const place = new MemorySnapshotPlace()
    place.put = async () => Promise.reject(new Error('away'))
    const service = await started(world, { ...snapshotsOf(world, place), retention: { log: world.log, ms: 1 } })
    await send(service, newer)
    await vi.waitFor(() => expect(notices.filter((text) => text.includes('away')).length).toBeGreaterThan(2), patience)
    expect((await world.log.bounds(0)).first).toBe(1)
  })
})

const suite = 'snapshots of a service on Redis and NATS'
const [redisUrl, natsUrl] = [await serverFor(suite, 'redis'), await serverFor(suite, 'nats')]

describe.skipIf(redisUrl === undefined || natsUrl === undefined)(suite, () => {
  it.each([1, 2])(
    'give a Redis that lost its data its state back while the service runs (%i partitions)',
    { timeout: 90_000 },
    async (partitions) => {
      const calm = await calmly()
      const [tenant, stream] = [randomUUID(), `S${randomUUID()}`]
      const log = await openNatsLog({
        url: `${natsUrl}/?stream=${stream}`,
        folder: join(folder, 'nats'),
        partitions,
        latenessMs,
      })
      const checkpoints = new RedisCheckpointStore({ url: redisUrl ?? '', tenant })
      const admin = new Redis(redisUrl ?? '')
      open.push(log, checkpoints, { close: async () => admin.disconnect() })
      const world = { partitions, log, checkpoints, alerts: new MemoryAlertStore() }
      const place = new FolderSnapshotPlace(join(folder, 'snapshots'))
      const service = await started(world, snapshotsOf(world, place))
      await send(service, older)
      await atRest(service)
      await snapshotted(place, () => send(service, newer), partitions)
      await atRest(service)
      await trimmed(world)
      await send(service, newest)
      const keys = await admin.keys(`vigil:{${tenant}:*`)
      await admin.del(...keys)
      await send(service, last)
      await atRest(service)
      expect(
        notices.filter((text) => text.includes('the state is that of the snapshot')).length,
      ).toBeGreaterThanOrEqual(partitions)
      expect(await findings(world.alerts)).toEqual(calm)
    },
  )
})
