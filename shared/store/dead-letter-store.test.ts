import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DeadLetterStore, MemoryDeadLetterStore, type NewDeadLetter } from './dead-letter-store.ts'
import { SqliteDeadLetterStore } from './dead-letter-store-sqlite.ts'

const letter = (position: string, more: Partial<NewDeadLetter> = {}): NewDeadLetter => ({
  ...{ source: 'cards', position, row: 1, reason: 'bad-value', field: 'amount', message: 'no amount', digest: 'd' },
  ...{ bytes: Buffer.from(position), size: position.length, receivedAt: Date.now(), traceparent: '' },
  ...more,
})

const all = { source: undefined, reason: undefined, before: undefined, limit: 100 }

let folder: string
const open: DeadLetterStore[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-dead-letters-'))
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.close()))
  rmSync(folder, { recursive: true })
})

const opened = <T extends DeadLetterStore>(store: T): T => {
  open.push(store)
  return store
}

describe.each([
  ['in memory', () => new MemoryDeadLetterStore()],
  ['in SQLite', () => new SqliteDeadLetterStore(folder)],
])('dead letters %s', (_, make) => {
  it('are listed newest first, by source and reason, page after page', async () => {
    const store = opened(make())
    await store.add([
      letter('1'),
      letter('2', { source: 'core' }),
      letter('3', { reason: 'bad-json', field: undefined }),
    ])
    const positions = async (query: Partial<typeof all> | { before: number; source?: string }) =>
      (await store.list({ ...all, ...query })).map(({ position }) => position)
    expect(await positions({})).toEqual(['3', '2', '1'])
    const [newest] = await store.list({ ...all, limit: 1 })
    expect(newest).toMatchObject({ reason: 'bad-json', field: undefined, row: 1 })
    expect(newest).not.toHaveProperty('bytes')
    expect(Buffer.from((await store.letter(newest.id))?.bytes ?? []).toString()).toBe('3')
    expect(await positions({ before: newest.id })).toEqual(['2', '1'])
    expect((await store.list({ ...all, source: 'cards', reason: 'bad-value' })).map((l) => l.position)).toEqual(['1'])
  })

  it('are there once, however often their message is read', async () => {
    const store = opened(make())
    await store.add([letter('1')])
    await store.add([letter('1'), letter('1', { row: 2 }), letter('1', { digest: 'other' })])
    expect(await store.list(all)).toHaveLength(3)
  })

  it('are amended and removed', async () => {
    const store = opened(make())
    await store.add([letter('1'), letter('2')])
    const [second, first] = await store.list(all)
    await store.amend(second.id, { reason: 'missing-field', field: undefined, message: 'there is none' })
    await store.remove(first.id)
    await store.remove(first.id)
    expect(await store.list(all)).toEqual([
      { ...second, reason: 'missing-field', field: undefined, message: 'there is none' },
    ])
    expect(await store.letter(first.id)).toBeUndefined()
    expect(await store.letter(second.id)).toMatchObject({ reason: 'missing-field' })
  })
})

describe('dead letters in SQLite', () => {
  it('are there after the next start, under ids that no other letter gets', async () => {
    const store = new SqliteDeadLetterStore(folder)
    await store.add([letter('1'), letter('2')])
    const [{ id }] = await store.list(all)
    await store.remove(id)
    await store.close()
    const again = opened(new SqliteDeadLetterStore(folder))
    await again.add([letter('3')])
    const [third, first] = await again.list(all)
    expect([third.position, first.position]).toEqual(['3', '1'])
    expect(third.id).toBeGreaterThan(id)
  })

  it('are bounded by number and bytes: the oldest go, and are counted', async () => {
    const store = opened(new SqliteDeadLetterStore(folder, { lettersMax: 10, bytesMax: 40, keptMs: 60_000 }))
    expect(await store.add(Array.from({ length: 13 }, (_, i) => letter(`a${i}`)))).toBe(3)
    expect((await store.list(all)).at(-1)?.position).toBe('a3')
    expect(await store.add([letter('large', { bytes: Buffer.alloc(30) })])).toBe(7)
    expect((await store.list(all)).map(({ position }) => position)).toEqual(['large', 'a12', 'a11', 'a10'])
  })

  it('go when they are too old, at the next start at the latest', async () => {
    const store = new SqliteDeadLetterStore(folder)
    await store.add([letter('old', { receivedAt: Date.now() - 61_000 }), letter('new')])
    await store.close()
    const again = opened(new SqliteDeadLetterStore(folder, { lettersMax: 10, bytesMax: 40, keptMs: 60_000 }))
    expect((await again.list(all)).map(({ position }) => position)).toEqual(['new'])
  })

  it('tell why they cannot be kept where the folder cannot be used', async () => {
    const store = opened(new SqliteDeadLetterStore(join(folder, 'x\0y')))
    await expect(store.add([letter('1')])).rejects.toMatchObject({ name: 'DeadLettersUnavailable' })
  })
})
