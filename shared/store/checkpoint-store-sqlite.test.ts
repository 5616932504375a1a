import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, test } from 'vitest'
import { testCheckpointStore } from './checkpoint-store.conformance.ts'
import { MemoryCheckpointStore } from './checkpoint-store-memory.ts'
import { testCheckpointPages } from './checkpoint-store-pages.conformance.ts'
import { SqliteCheckpointStore } from './checkpoint-store-sqlite.ts'
import { openFile } from './checkpoint-store-sqlite-open.ts'
import { victimActors, victimCommit } from './checkpoint-store-sqlite-victim.ts'
import { appendedOf, commitOf, entryOf, texts } from './testing/checkpoint-store-samples.ts'

const folders: string[] = []
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-checkpoints-'))
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

testCheckpointStore('the checkpoint store in SQLite', async () => new SqliteCheckpointStore(newFolder()))
testCheckpointPages('the checkpoint store in SQLite', async () => new SqliteCheckpointStore(newFolder()))
testCheckpointStore(
  'the checkpoint store in SQLite, always cleaning and with one hash for all,',
  async () => new SqliteCheckpointStore(newFolder(), { segmentBytes: 64, slackBytes: 0, hashMask: 0 }),
)

describe('the checkpoint store in SQLite', () => {
  test('C1: after kill -9 in the midst of commits, holds exactly the last commit that was answered or one after it', async () => {
    const folder = newFolder()
    const child = spawn(process.execPath, [join(import.meta.dirname, 'checkpoint-store-sqlite-victim.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let answered = 0
    for await (const line of createInterface(child.stdout)) {
      answered = Number(line)
      if (answered === 40) child.kill('SIGKILL')
    }
    expect(answered).toBeGreaterThanOrEqual(40)
    const store = new SqliteCheckpointStore(folder)
    const claim = await store.claim(0, 2)
    const last = claim.kind === 'claimed' ? Number(claim.manifest?.position) : 0
    // One more may have taken effect without its answer.
    expect([answered, answered + 1]).toContain(last)
    const names = Array.from({ length: victimActors }, (_, i) => ({ population: 0, key: `k${i}` }))
    const model = new MemoryCheckpointStore()
    for (let number = 1; number <= last; number++) expect(await model.commit(victimCommit(number))).toBe('ok')
    expect((await store.load(0, 0, names)).actors.map(texts)).toEqual((await model.load(0, 0, names)).actors.map(texts))
    expect((await store.outbox(0)).entries).toHaveLength((await model.outbox(0)).entries.length)
    expect(await store.commit({ ...victimCommit(last + 1), epoch: 2 })).toBe('ok')
    await store.close()
  }, 20_000)

  test('is there again with all it had after it was closed', async () => {
    const folder = newFolder()
    const first = new SqliteCheckpointStore(folder)
    await first.claim(0, 3)
    await first.commit(commitOf('c1', { epoch: 3, actors: [entryOf('a', 'A0'), appendedOf('a', 'A1')] }))
    await first.stage({ partition: 0, epoch: 3, id: 'c2', part: 0, actors: [entryOf('b', 'B0')] })
    await first.close()
    const second = new SqliteCheckpointStore(folder)
    expect(await second.claim(0, 2)).toEqual({ kind: 'fenced', epoch: 3 })
    expect(await second.claim(0, 3)).toMatchObject({ kind: 'claimed', manifest: { id: 'c1' } })
    expect(await second.commit(commitOf('c2', { epoch: 3, previous: 'c1', stagedParts: 1 }))).toBe('ok')
    const names = ['a', 'b'].map((key) => ({ population: 0, key }))
    expect((await second.load(0, 0, names)).actors.map(texts)).toEqual(['A0,A1', 'B0'])
    await second.close()
  })

  test('says that another process has the file, and goes on by itself when it is free', async () => {
    const folder = newFolder()
    const other = openFile(folder)
    const store = new SqliteCheckpointStore(folder)
    await expect(store.claim(0, 1)).rejects.toMatchObject({ _tag: 'StoreUnavailable', reason: 'unreachable' })
    other.close()
    expect(await store.claim(0, 1)).toEqual({ kind: 'claimed', manifest: undefined })
    await store.close()
  })

  test('says what to do about a file that is no checkpoint file, and goes on by itself when it is gone', async () => {
    const folder = newFolder()
    const file = join(folder, 'checkpoints.db')
    writeFileSync(file, 'no database '.repeat(1_000))
    const store = new SqliteCheckpointStore(folder)
    await expect(store.claim(0, 1)).rejects.toThrow(/not a database.*delete/)
    rmSync(file)
    expect(await store.claim(0, 1)).toEqual({ kind: 'claimed', manifest: undefined })
    await store.close()
  })

  test('rejects all that wait when its thread ends, and starts another for the next request', async () => {
    const folder = newFolder()
    const store = new SqliteCheckpointStore(folder)
    await store.claim(0, 1)
    await store.commit(commitOf('c1', { actors: [entryOf('a', 'A')] }))
    // A value that SQLite cannot hold is a mistake that the thread does not foresee.
    const position = {} as unknown as number
    const manifest = { id: 'c2', position, tailDigest: 0, owner: new Uint8Array() }
    const broken = store.commit({ ...commitOf('c2', { previous: 'c1' }), manifest })
    const behind = store.load(0, 0, [{ population: 0, key: 'a' }])
    await expect(broken).rejects.toMatchObject({ _tag: 'StoreUnavailable', reason: 'unreachable' })
    await expect(behind).rejects.toMatchObject({ _tag: 'StoreUnavailable', reason: 'unreachable' })
    expect(texts((await store.load(0, 0, [{ population: 0, key: 'a' }])).actors[0])).toBe('A')
    await store.close()
  })
})
