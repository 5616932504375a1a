import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EventLog } from './event-log.ts'
import { openSqliteLog } from './event-log-sqlite.ts'
import { trimmableLogConformance } from './event-log-trim.conformance.ts'
import { fault, makeFaults } from './sqlite-log-faults.ts'
import { openLogFile } from './sqlite-log-schema.ts'
import { appended, bodies, events } from './testing/log-content.ts'

const makeFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'vigil-log-'))

const variants: readonly [string, Parameters<typeof openSqliteLog>[1]][] = [
  ['SqliteEventLog', {}],
  [
    'SqliteEventLog with its index of ids partly in the database and hashes that collide',
    { idHashBits: 2, recentIdsMax: 5 },
  ],
]
for (const [name, testing] of variants)
  trimmableLogConformance(name, async (options) => {
    const folder = await makeFolder()
    const openLog = () => openSqliteLog({ folder, ...options }, testing)
    const remove = (): Promise<void> => rm(folder, { recursive: true })
    return { log: await openLog(), reopen: openLog, remove, tellsRepeatsForever: true }
  })

describe('the log on SQLite', () => {
  let folder: string
  let log: EventLog | undefined
  const options = { partitions: 2, latenessMs: 600_000 }
  const faults = makeFaults()
  const openLog = async (): Promise<EventLog> => {
    log = await openSqliteLog({ folder, ...options }, { faults, recentIdsMax: 10 })
    return log
  }
  beforeEach(async () => {
    folder = await makeFolder()
    faults.fill(0)
  })
  afterEach(async () => {
    await log?.close()
    log = undefined
    await rm(folder, { recursive: true })
  })

  describe.each([
    ['there is no room', fault.isFull, 'disk-full'],
    ['it may only be read', fault.isReadOnly, 'read-only'],
  ] as const)('when %s', (_, which, reason) => {
    it('refuses, leaves nothing behind, and goes on with the next append', async () => {
      const live = await openLog()
      await appended(live, events([{ id: 'a' }]))
      Atomics.store(faults, which, 1)
      const large = 'x'.repeat(20_000)
      const requests = Array.from({ length: 20 }, (_, i) => events([{ id: `e${i}`, body: large }, { id: `f${i}` }]))
      const results = await Promise.allSettled(requests.map((request) => live.append(request)))
      for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { reason } })
      expect(live.health).toMatchObject({ isReady: false, reason, detail: expect.stringContaining('log.db') })
      expect(await bodies(live)).toEqual(['body of a'])
      expect(await live.find(['a', 'e1', 'f1'])).toHaveLength(1)

      Atomics.store(faults, which, 0)
      const again = await Promise.all(requests.map((request) => appended(live, request)))
      expect(again.flatMap(({ isDuplicate }) => isDuplicate)).not.toContain(true)
      expect(again.flatMap(({ offsets }) => offsets)).toEqual(Array.from({ length: 40 }, (_, i) => i + 2))
      expect(live.health).toEqual({ isReady: true })
      await live.close()
      expect(await bodies(await openLog())).toHaveLength(41)
    })

    it('still answers repeats and reads', async () => {
      const live = await openLog()
      await appended(live, events([{ id: 'a' }]))
      await live.close()
      const again = await openLog()
      Atomics.store(faults, which, 1)
      expect(await appended(again, events([{ id: 'a' }]))).toMatchObject({ isDuplicate: [true] })
      expect(await bodies(again)).toEqual(['body of a'])
    })

    it('notices by itself that it can append again', async () => {
      const live = await openLog()
      Atomics.store(faults, which, 1)
      await expect(live.append(events([{ id: 'a', body: 'x'.repeat(100_000) }]))).rejects.toMatchObject({ reason })
      Atomics.store(faults, which, 0)
      await vi.waitUntil(() => live.health.isReady, { timeout: 5_000, interval: 20 })
    })

    it('stays unready while nothing changes', async () => {
      const live = await openLog()
      Atomics.store(faults, which, 1)
      await expect(live.append(events([{ id: 'a', body: 'x'.repeat(100_000) }]))).rejects.toMatchObject({ reason })
      const before = live.health
      await vi.waitUntil(() => live.health !== before, { timeout: 5_000, interval: 20 })
      expect(live.health).toMatchObject({ isReady: false, reason })
    })
  })

  // A killed process leaves what it wrote to the system, so that only the setting tells whether a power cut would, too.
  it('has SQLite wait for the disk with each transaction', () => {
    const { database } = openLogFile(folder, 1)
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    expect(database.prepare('PRAGMA locking_mode').get()).toEqual({ locking_mode: 'exclusive' })
    database.close()
  })

  it('rejects all that waits when its thread dies, and everything after', async () => {
    const live = await openLog()
    await appended(live, events([{ id: 'a' }]))
    const { next } = await live.bounds(0)
    const waiting = live.waitFor(0, next, new AbortController().signal)
    Atomics.store(faults, fault.isDying, 1)
    const asked = [waiting, ...['b', 'c'].map((id) => live.append(events([{ id }])))]
    await new Promise(setImmediate)
    asked.push(live.append(events([{ id: 'd' }])))
    for (const result of await Promise.allSettled(asked))
      expect(result).toMatchObject({ status: 'rejected', reason: { _tag: 'LogUnavailable', reason: 'unreachable' } })
    expect(live.health).toMatchObject({ isReady: false, reason: 'unreachable' })
    await expect(live.find(['a'])).rejects.toMatchObject({ reason: 'unreachable' })
    await live.close()
    Atomics.store(faults, fault.isDying, 0)
    expect(await bodies(await openLog())).toEqual(['body of a'])
  })

  it('loses nothing that it answered when its process is killed, and keeps no half of a request', async () => {
    const answered = new Set<number>()
    let next = 0
    for (let round = 0; round < 3; round++) {
      const child = fork(new URL('event-log-sqlite.kill-child.ts', import.meta.url), [folder, `${next}`])
      const exited = once(child, 'exit')
      const enough = new Promise<void>((resolve) => {
        let count = 0
        child.on('message', (number: number) => {
          answered.add(number)
          if (++count === 150) resolve()
        })
      })
      await Promise.race([enough, exited])
      child.kill('SIGKILL')
      await exited
      next = Math.max(...answered) + 100
    }
    expect(answered.size).toBeGreaterThanOrEqual(450)
    const live = await openLog()
    const [zero, one] = [await bodies(live, 0), await bodies(live, 1)]
    const stored = new Set([...zero, ...one])
    expect(stored.size).toBe(zero.length + one.length)
    const numbers = new Set([...stored].map((body) => Number.parseInt(body, 10)))
    expect(stored.size).toBe(numbers.size * 3)
    expect([...answered].filter((number) => !numbers.has(number))).toEqual([])
    const ids = [...numbers].flatMap((number) => [0, 1, 2].map((i) => `${number}-${i}`))
    expect(await live.find(ids)).toHaveLength(ids.length)
    const repeat = events(
      ids.map((id, i) => ({
        id,
        ...[
          { at: 1, digest: 1 },
          { at: 2, digest: 2, partition: 1 },
          { at: 3, digest: 3 },
        ][i % 3],
      })),
    )
    expect((await appended(live, repeat)).isDuplicate).not.toContain(false)
  })

  it('reads what is no longer in memory from the file, and both in one order', async () => {
    const live = await openLog()
    const body = 'x'.repeat(50_000)
    for (let i = 0; i < 10; i++)
      await appended(
        live,
        events(Array.from({ length: 30 }, (_, n) => ({ id: `${i}-${n}`, body: `${i * 30 + n} ${body}` }))),
      )
    expect((await bodies(live)).map((text) => Number.parseInt(text, 10))).toEqual(
      Array.from({ length: 300 }, (_, n) => n),
    )
  })

  it('appends what was asked for at one moment in the order of asking', async () => {
    const live = await openLog()
    await Promise.all(Array.from({ length: 300 }, (_, i) => appended(live, events([{ id: `${i}`, body: `${i}` }]))))
    expect(await bodies(live)).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`))
  })

  it('refuses to let more wait than it can write in some seconds', async () => {
    const live = await openLog()
    const body = 'x'.repeat(2 ** 20)
    const results = await Promise.allSettled(
      Array.from({ length: 140 }, (_, i) => live.append(events([{ id: `${i}`, body }]))),
    )
    const refused = results.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(12)
    expect(refused[0]).toMatchObject({ reason: { _tag: 'LogUnavailable', message: 'too much waits to be appended' } })
    expect((await live.bounds(0)).next).toBe(129)
  })

  describe('refuses to open', () => {
    const file = (): string => join(folder, 'log.db')
    const refusal = (message: RegExp) =>
      expect(openLog()).rejects.toMatchObject({ _tag: 'LogRefused', message: expect.stringMatching(message) })

    it('a file that is no database', async () => {
      await writeFile(file(), 'something else entirely '.repeat(1_000))
      await refusal(/log\.db is damaged or not a database.*Put back a copy/)
    })

    it('the database of another program, and leaves it as it is', async () => {
      const other = new DatabaseSync(file())
      other.exec('CREATE TABLE accounts (id TEXT); PRAGMA user_version = 1')
      other.close()
      await refusal(/log\.db belongs to another program\. Move it away/)
      const again = new DatabaseSync(file())
      expect(again.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' })
      again.close()
    })

    it('a log whose file was damaged', async () => {
      const live = await openLog()
      await appended(live, events(Array.from({ length: 200 }, (_, i) => ({ id: `e${i}`, body: 'x'.repeat(500) }))))
      await live.close()
      const handle = await open(file(), 'r+')
      const { size } = await handle.stat()
      await handle.write(Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096)
      await handle.close()
      await refusal(/log\.db is damaged/)
    })

    it('a log of a newer format, or of another number of partitions', async () => {
      await (await openLog()).close()
      await expect(openSqliteLog({ folder, ...options, partitions: 3 })).rejects.toMatchObject({
        _tag: 'LogRefused',
        message: expect.stringMatching(/log\.db was made with 2 partitions, not with 3/),
      })
      const newer = new DatabaseSync(file())
      newer.exec('PRAGMA user_version = 2')
      newer.close()
      await refusal(/log\.db has format 2, and this version reads format 1/)
    })

    it('a log that is open elsewhere', async () => {
      const live = await openLog()
      await expect(openSqliteLog({ folder, ...options })).rejects.toMatchObject({
        _tag: 'LogUnavailable',
        reason: 'unreachable',
        message: expect.stringMatching(/log\.db: is in use by another process/),
      })
      await appended(live, events([{ id: 'a' }]))
    })

    it('a folder that is a file', async () => {
      await writeFile(join(folder, 'file'), '')
      await expect(openSqliteLog({ folder: join(folder, 'file'), ...options })).rejects.toMatchObject({
        _tag: 'LogUnavailable',
        message: expect.stringMatching(/its folder is a file/),
      })
    })

    // Whoever may do everything may also write what is marked as read-only.
    it.skipIf(process.getuid?.() === 0)('a log in a file that may only be read', async () => {
      await (await openLog()).close()
      await chmod(file(), 0o444)
      await expect(openLog()).rejects.toMatchObject({ _tag: 'LogUnavailable', reason: 'read-only' })
    })
  })
})
