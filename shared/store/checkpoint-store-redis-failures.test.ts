import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type OwnServer, ownServerFor } from '../../tests/support/servers.ts'
import { CuttingProxy } from '../../tests/support/servers-proxy.ts'
import { MemoryCheckpointStore } from './checkpoint-store-memory.ts'
import { RedisCheckpointStore } from './checkpoint-store-redis.ts'
import { appendedOf, commitOf, entryOf, textBytes, texts } from './testing/checkpoint-store-samples.ts'

const suite = 'failures under the checkpoint store in Redis'
const server = await ownServerFor(suite, 'redis')
afterAll(() => server?.close())

const names = ['a', 'b'].map((key) => ({ population: 0, key }))
const portOf = (url: string): number => Number(new URL(url).port)

describe.skipIf(server === undefined)(suite, () => {
  const { url, kill, restart } = server as OwnServer
  let tenant = ''
  let admin: Redis
  const opened: { close(): Promise<unknown> }[] = []

  const storeAt = (at = url, replicas = 0): RedisCheckpointStore => {
    const store = new RedisCheckpointStore({ url: at, tenant, replicas })
    opened.push(store)
    return store
  }
  const held = async (store: RedisCheckpointStore) => (await store.load(0, 0, names)).actors.map(texts)

  beforeEach(() => {
    tenant = randomUUID()
    admin = new Redis(url)
    // It is killed under this one, too.
    admin.on('error', () => {})
  })
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close()
    admin.disconnect()
  })

  describe('a connection that is cut', () => {
    async function behindProxy() {
      const proxy = await CuttingProxy.open(portOf(url))
      opened.push(proxy)
      const store = storeAt(`redis://127.0.0.1:${proxy.port}`)
      await store.claim(0, 1)
      await store.commit(commitOf('c1', { actors: [entryOf('a', 'A0'), entryOf('b', 'B0')] }))
      return { proxy, store }
    }
    const next = commitOf('c2', {
      previous: 'c1',
      stagedParts: 1,
      actors: [appendedOf('a', 'A1')],
      outbox: [{ number: 1, bytes: textBytes('x') }],
    })
    const part = { partition: 0, epoch: 1, id: 'c2', part: 0, actors: [appendedOf('b', 'B1')] }
    const unreachable = { _tag: 'StoreUnavailable', reason: 'unreachable' }

    test('D1: behind a commit leaves its outcome unknown: sent again, it is known, and took effect once', async () => {
      const { proxy, store } = await behindProxy()
      await store.stage(part)
      proxy.cutNext('answer')
      await expect(store.commit(next)).rejects.toMatchObject(unreachable)
      expect(await held(store)).toEqual(['A0,A1', 'B0,B1'])
      expect(await store.commit(next)).toBe('already')
      expect(await held(store)).toEqual(['A0,A1', 'B0,B1'])
      expect((await store.outbox(0)).entries).toHaveLength(1)
    })

    test('D1: before a commit leaves its outcome unknown: sent again, it takes effect', async () => {
      const { proxy, store } = await behindProxy()
      await store.stage(part)
      proxy.cutNext('request')
      await expect(store.commit(next)).rejects.toMatchObject(unreachable)
      expect(await held(store)).toEqual(['A0', 'B0'])
      expect(await store.commit(next)).toBe('ok')
      expect(await held(store)).toEqual(['A0,A1', 'B0,B1'])
    })

    test.each(['request', 'answer'] as const)('at the %s of a claim, a part or a read does no harm', async (what) => {
      const { proxy, store } = await behindProxy()
      for (const ask of [() => store.claim(0, 2), () => store.stage({ ...part, epoch: 2 }), () => held(store)]) {
        await ask()
        proxy.cutNext(what)
        await expect(ask()).rejects.toMatchObject(unreachable)
        await ask()
      }
      expect(await store.commit({ ...next, epoch: 2 })).toBe('ok')
      expect(await held(store)).toEqual(['A0,A1', 'B0,B1'])
    })
  })

  test('C1: a server killed by -9 in the midst of commits has what was answered, or one more, when it is back', async () => {
    const [store, model] = [storeAt(), new MemoryCheckpointStore()]
    for (const each of [store, model]) await each.claim(0, 1)
    const commitNumber = (number: number) => {
      const key = names[number % 2].key
      const actor = number <= 2 ? entryOf(key, `${number}`) : appendedOf(key, `${number}`)
      return commitOf(`c${number}`, { previous: number === 1 ? undefined : `c${number - 1}`, actors: [actor] })
    }
    let number = 0
    for (const answeredInRound of [0, 3, 7, 20]) {
      for (let i = 0; i < answeredInRound; i++) {
        number++
        expect(await store.commit(commitNumber(number))).toBe('ok')
        await model.commit(commitNumber(number))
      }
      number++
      const [outcome] = await Promise.allSettled([store.commit(commitNumber(number)), kill()])
      await expect(store.claim(0, 1)).rejects.toMatchObject({ reason: 'unreachable' })
      await restart()
      expect(['ok', 'already']).toContain(await store.commit(commitNumber(number)))
      if (outcome.status === 'fulfilled') expect(outcome.value).toBe('ok')
      await model.commit(commitNumber(number))
      expect(await held(store)).toEqual((await model.load(0, 0, names)).actors.map(texts))
    }
    expect(await storeAt().claim(0, 1)).toMatchObject({ kind: 'claimed', manifest: { id: `c${number}` } })
  }, 20_000)

  test('D2: after FLUSHALL whatever is read says so, and the next owner begins anew', async () => {
    const store = storeAt()
    await store.claim(0, 1)
    await store.commit(commitOf('c1', { actors: [entryOf('a', 'A')] }))
    await admin.flushall()
    for (const ask of [() => store.load(0, 0, names), () => store.marked(0, 0), () => store.outbox(0)])
      expect(await ask()).toMatchObject({ lastCommit: { id: undefined } })
    expect(await store.commit(commitOf('c2', { previous: 'c1', actors: [appendedOf('a', 'B')] }))).toBe('conflict')
    const nextOwner = storeAt()
    expect(await nextOwner.claim(0, 2)).toEqual({ kind: 'claimed', manifest: undefined })
    expect(await nextOwner.commit(commitOf('d1', { epoch: 2, actors: [entryOf('a', 'A')] }))).toBe('ok')
    expect(await store.commit(commitOf('c2', { previous: 'c1' }))).toBe('fenced')
  })

  test('C2: after FLUSHALL not even the first commit of one who claimed before passes', async () => {
    const store = storeAt()
    await store.claim(0, 1)
    await admin.flushall()
    expect(await store.commit(commitOf('c1', { actors: [entryOf('a', 'A')] }))).toBe('conflict')
  })

  test('D2: a read that a commit overtakes says so', async () => {
    const proxy = await CuttingProxy.open(portOf(url))
    opened.push(proxy)
    const store = storeAt(`redis://127.0.0.1:${proxy.port}`)
    await store.claim(0, 1)
    await store.commit(commitOf('c1', { actors: [entryOf('a', 'A')] }))
    await held(store)
    const release = proxy.holdNext('bases:0')
    const read = store.load(0, 0, names)
    expect(await store.commit(commitOf('c2', { previous: 'c1', actors: [appendedOf('a', 'B')] }))).toBe('ok')
    release()
    const { actors, lastCommit } = await read
    expect([lastCommit.id, ...actors.map(texts)]).toEqual(['c2', 'A,B', undefined])
  })

  test('D2: a server that fell back behind the last commit says so', async () => {
    const store = storeAt()
    await store.claim(0, 1)
    await store.commit(commitOf('c1', { actors: [entryOf('a', 'A')] }))
    await store.commit(commitOf('c2', { previous: 'c1', actors: [appendedOf('a', 'B')] }))
    await admin.hset(`vigil:{${tenant}:0}:manifest`, 'id', 'c1')
    expect(await store.load(0, 0, names)).toMatchObject({ lastCommit: { id: 'c1' } })
    expect(await store.commit(commitOf('c3', { previous: 'c2' }))).toBe('conflict')
  })

  test('D1: a commit whose script the server forgot is refused once, and taken then', async () => {
    const store = storeAt()
    await store.claim(0, 1)
    await admin.script('FLUSH')
    await expect(store.commit(commitOf('c1'))).rejects.toMatchObject({ reason: 'unreachable' })
    expect(await store.commit(commitOf('c1'))).toBe('ok')
  })

  test('D1: a commit sent again is written behind what it did before, as only own writes are waited for', async () => {
    await storeAt().claim(0, 1)
    expect(await storeAt().commit(commitOf('c1'))).toBe('ok')
    const fileBytes = async () => Number(/aof_current_size:(\d+)/.exec(await admin.info('persistence'))?.[1])
    const before = await fileBytes()
    expect(await storeAt().commit(commitOf('c1'))).toBe('already')
    expect(await fileBytes()).toBeGreaterThan(before)
  })

  describe('a server that is not fit', () => {
    const fit = {
      appendonly: 'yes',
      'maxmemory-policy': 'noeviction',
      appendfsync: 'always',
      maxmemory: '0',
      requirepass: '',
    }
    afterEach(async () => {
      for (const [setting, value] of Object.entries(fit)) await admin.config('SET', setting, value)
    })

    test.each([
      ['without an append-only file', 'appendonly', 'no'],
      ['that evicts', 'maxmemory-policy', 'allkeys-lru'],
      ['that never syncs', 'appendfsync', 'no'],
    ] as const)('%s is refused with the remedy, and used when it is mended', async (_, setting, bad) => {
      const store = storeAt()
      await admin.config('SET', setting, bad)
      await expect(store.claim(0, 1)).rejects.toMatchObject({
        _tag: 'StoreUnavailable',
        reason: 'unreachable',
        message: expect.stringContaining(`CONFIG SET ${setting} ${fit[setting]}`),
      })
      await admin.config('SET', setting, fit[setting])
      expect(await store.claim(0, 1)).toMatchObject({ kind: 'claimed' })
    })

    test('that turns its append-only file off while it is used is noticed by the next commit', async () => {
      const store = storeAt()
      await store.claim(0, 1)
      await admin.config('SET', 'appendonly', 'no')
      await expect(store.commit(commitOf('c1'))).rejects.toMatchObject({
        _tag: 'StoreUnavailable',
        message: expect.stringContaining('CONFIG SET appendonly yes'),
      })
      await admin.config('SET', 'appendonly', 'yes')
      expect(await store.commit(commitOf('c1'))).toBe('already')
    })

    test('without memory left takes nothing of a commit, and says what to do', async () => {
      const store = storeAt()
      await store.claim(0, 1)
      await admin.config('SET', 'maxmemory', '1')
      const commit = commitOf('c1', { actors: [entryOf('a', 'A')] })
      await expect(store.commit(commit)).rejects.toMatchObject({
        reason: 'disk-full',
        message: expect.stringContaining('raise maxmemory'),
      })
      await admin.config('SET', 'maxmemory', '0')
      expect(await held(store)).toEqual([undefined, undefined])
      expect(await store.commit(commit)).toBe('ok')
    })

    test('that wants a password is refused, and the message holds none', async () => {
      await admin.config('SET', 'requirepass', 'right')
      const message = async (store: RedisCheckpointStore) => String(await store.claim(0, 1).catch((error) => error))
      expect(await message(storeAt())).toContain('check user and password')
      const wrong = await message(storeAt(url.replace('//', '//:hidden@')))
      expect(wrong).toContain('check user and password')
      expect(wrong).not.toContain('hidden')
      expect(await storeAt(url.replace('//', '//default:right@')).claim(0, 1)).toMatchObject({ kind: 'claimed' })
    })

    /** One that answers each command in the same way, whatever it holds. */
    async function standIn(info: string, synced: string): Promise<RedisCheckpointStore> {
      const fake = createServer((socket) =>
        socket
          .on('data', (bytes) => {
            for (const [, command] of `${bytes}`.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
              if (/info/i.test(command)) socket.write(`$${info.length}\r\n${info}\r\n`)
              else if (/evalsha/i.test(command)) socket.write('*1\r\n$2\r\nok\r\n')
              else socket.write(/waitaof/i.test(command) ? synced : '+OK\r\n')
            }
          })
          .on('error', () => {}),
      ).listen(0, '127.0.0.1')
      await once(fake, 'listening')
      const store = storeAt(`redis://127.0.0.1:${(fake.address() as AddressInfo).port}`, 2)
      opened.push({ close: async () => fake.close() })
      return store
    }
    const fitInfo = 'redis_version:7.2.4\r\nrole:master\r\naof_enabled:1\r\nmaxmemory_policy:noeviction'

    test.each([
      ['that is too old', 'redis_version:7.0.15', '', /version 7\.0\.15.*use Redis 7\.2 or newer, or Valkey/],
      ['whose disk is too slow', fitInfo, '*2\r\n:0\r\n:2\r\n', 'did not reach the disk'],
      ['whose replicas are too slow', fitInfo, '*2\r\n:1\r\n:1\r\n', '1 of 2 replicas'],
    ])('%s does not answer a commit', async (_, info, synced, message) => {
      await expect((await standIn(info, synced)).commit(commitOf('c1'))).rejects.toThrow(message)
    })

    test('is fit in all these tests but for its one fault', async () => {
      expect(await (await standIn(fitInfo, '*2\r\n:1\r\n:2\r\n')).commit(commitOf('c1'))).toBe('ok')
    })

    test('that is not there is unreachable', async () => {
      const holder = createServer().listen(0, '127.0.0.1')
      await once(holder, 'listening')
      const { port } = holder.address() as AddressInfo
      holder.close()
      await once(holder, 'close')
      await expect(storeAt(`redis://127.0.0.1:${port}`).claim(0, 1)).rejects.toThrow(/ECONNREFUSED.*is it running/)
    })

    test.each(['', 'localhost:6379', 'http://127.0.0.1', 'redis://127.0.0.1/name'])(
      'is not named by the URL "%s"',
      (bad) => {
        expect(() => new RedisCheckpointStore({ url: bad, tenant })).toThrow('URL of Redis must')
      },
    )
  })

  test('answers a commit only when as many replicas as asked for have it on disk', async () => {
    const replica = await ownServerFor(`${suite}, a replica`, 'redis')
    if (replica === undefined) return
    const replicaAdmin = new Redis(replica.url)
    opened.push({ close: async () => replicaAdmin.disconnect() }, replica)
    // Otherwise it waits some seconds for more replicas to come.
    await admin.config('SET', 'repl-diskless-sync-delay', '0')
    await storeAt().claim(0, 1)
    let isAnswered = false
    const commit = storeAt(url, 1)
      .commit(commitOf('c1', { actors: [entryOf('a', 'A')] }))
      .finally(() => {
        isAnswered = true
      })
    await vi.waitFor(async () => expect(await admin.hget(`vigil:{${tenant}:0}:manifest`, 'id')).toBe('c1'))
    expect(isAnswered).toBe(false)
    await expect(storeAt(replica.url).claim(0, 2)).resolves.toMatchObject({ kind: 'claimed' })
    await replicaAdmin.replicaof('127.0.0.1', portOf(url))
    expect(await commit).toBe('ok')
    await expect(storeAt(replica.url).claim(0, 3)).rejects.toThrow('it is a replica')
  }, 20_000)
})
