import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { ActorEntry, Commit, CommitResult, Stage } from '#shared/protocol/commit'
import { MemoryCheckpointStore } from './checkpoint-store-memory.ts'
import { CheckpointDatabase, defaultTuning, type Tuning } from './checkpoint-store-sqlite-database.ts'
import { packActors, packNames, unpackMarks } from './checkpoint-store-sqlite-entries.ts'
import { judgeError } from './checkpoint-store-sqlite-failure.ts'
import { packList, unpackList } from './checkpoint-store-sqlite-messages.ts'
import { openFile } from './checkpoint-store-sqlite-open.ts'
import { appendedOf, commitOf, entryOf, textBytes, texts } from './testing/checkpoint-store-samples.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** The database without its thread, on a disk that can be made full. */
class Sqlite {
  readonly folder = mkdtempSync(join(tmpdir(), 'vigil-checkpoints-'))
  readonly #tuning: Tuning
  #file: DatabaseSync
  #database: CheckpointDatabase

  constructor(tuning: Tuning) {
    folders.push(this.folder)
    this.#tuning = tuning
    this.#file = openFile(this.folder)
    this.#database = new CheckpointDatabase(this.folder, tuning, this.#file)
  }

  setFull(isFull: boolean): void {
    // Below its present size the file keeps that size.
    this.#file.exec(`PRAGMA max_page_count = ${isFull ? 1 : 2 ** 30}`)
  }

  reopen(): void {
    this.#database.close()
    this.#file = openFile(this.folder)
    this.#database = new CheckpointDatabase(this.folder, this.#tuning, this.#file)
  }

  claim(epoch: number) {
    return this.#database.claim(0, epoch)
  }

  stage(stage: Stage) {
    return this.#database.stage({ ...stage, actors: packActors(stage.actors) })
  }

  commit(commit: Commit): CommitResult {
    const numbers = Float64Array.from(commit.outbox, ({ number }) => number)
    const list = packList(commit.outbox.map(({ bytes }) => bytes))
    return this.#database.commit({ ...commit, actors: packActors(commit.actors), outbox: { numbers, list } })
  }

  load(generation: number): (string | undefined)[] {
    const { counts, pieces } = this.#database.load(0, generation, packNames(names), names.length)
    const all = unpackList(pieces)
    let at = 0
    return [...counts].map((count) => {
      const [base, ...appended] = all.slice(at, at + count)
      at += count
      return count === 0 ? undefined : texts({ base, appended })
    })
  }

  marked(generation: number) {
    return unpackMarks(this.#database.marked(0, generation))
  }

  outbox() {
    const { numbers, list } = this.#database.outbox(0)
    return unpackList(list).map((bytes, i) => ({ number: numbers[i], bytes }))
  }

  close(): void {
    this.#database.close()
  }
}

const names = ['a', 'b', 'c', 'dž', 'e'].map((key) => ({ population: 0, key }))

const entries = fc.array(
  fc.record({
    key: fc.constantFrom(...names.map(({ key }) => key)),
    generation: fc.constantFrom(0, 0, 0, 1),
    form: fc.constantFrom<'base' | 'appended'>('base', 'appended', 'appended'),
    isMarked: fc.boolean(),
    length: fc.oneof({ weight: 9, arbitrary: fc.nat(80) }, { weight: 1, arbitrary: fc.nat(20_000) }),
  }),
  { maxLength: 8 },
)

const action = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('claim' as const), more: fc.integer({ min: -1, max: 1 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('stage' as const),
      ahead: fc.integer({ min: 1, max: 2 }),
      part: fc.nat(2),
      epochsBack: fc.constantFrom(0, 0, 0, 1),
      // Parts with bases alone are taken over where they lie.
      entries: fc.oneof(
        entries,
        entries.map((list) => list.map((entry) => ({ ...entry, form: 'base' as const }))),
      ),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      form: fc.constantFrom('next', 'next', 'next', 'next', 'next', 'again', 'fenced', 'conflict'),
      missingParts: fc.constantFrom(0, 0, 0, 0, 0, 0, 1),
      entries,
      alerts: fc.nat(2),
      delivered: fc.nat(3),
      dropped: fc.oneof(
        { weight: 20, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.constantFrom([0], [1]) },
      ),
      isFull: fc.constantFrom(false, false, false, true),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
)

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

/** Does the same in both stores, and compares what they answer and all that they hold. */
async function compare(actions: readonly Action[], tuning: Tuning): Promise<void> {
  const memory = new MemoryCheckpointStore()
  const sqlite = new Sqlite(tuning)
  let [epoch, commits, values, alerts] = [5, 0, 0, 0]
  const staged = new Map<string, Set<number>>()
  const idOf = (number: number): string | undefined => (number === 0 ? undefined : `commit-${number}`)
  const made = (list: readonly (typeof entries extends fc.Arbitrary<readonly (infer T)[]> ? T : never)[]) => {
    return list.map(({ key, generation, form, isMarked, length }): ActorEntry => {
      const rest = { generation, hasBook: isMarked, deadline: isMarked ? values : Number.POSITIVE_INFINITY }
      const value = `${++values}`.padEnd(length, '.')
      return form === 'base' ? entryOf(key, value, rest) : appendedOf(key, value, rest)
    })
  }
  await memory.claim(0, epoch)
  sqlite.claim(epoch)
  // Without bases, few commits of appended entries would come about.
  const firsts = names.flatMap(({ key }) => [0, 1].map((generation) => entryOf(key, 'first', { generation })))
  await memory.commit(commitOf('commit-1', { epoch, actors: firsts }))
  sqlite.commit(commitOf('commit-1', { epoch, actors: firsts }))
  commits = 1
  for (const each of actions) {
    if (each.kind === 'reopen') sqlite.reopen()
    else if (each.kind === 'claim') {
      const answer = await memory.claim(0, epoch + each.more)
      expect(sqlite.claim(epoch + each.more)).toEqual(answer)
      if (each.more > 0) staged.clear()
      epoch = Math.max(epoch, epoch + each.more)
    } else if (each.kind === 'stage') {
      const id = `commit-${commits + each.ahead}`
      const stage = { partition: 0, epoch: epoch - each.epochsBack, id, part: each.part, actors: made(each.entries) }
      const answer = await memory.stage(stage)
      expect(sqlite.stage(stage)).toBe(answer)
      if (answer === 'staged') staged.set(id, (staged.get(id) ?? new Set()).add(each.part))
    } else {
      const number = each.form === 'again' ? commits : commits + 1
      const id = `commit-${number}`
      const commit = commitOf(id, {
        epoch: each.form === 'fenced' ? epoch - 1 : epoch,
        previous: each.form === 'conflict' ? 'another' : idOf(number - 1),
        manifest: { id, position: values, tailDigest: values, owner: textBytes(id) },
        stagedParts: partsInOrder(staged.get(id)) + each.missingParts,
        actors: made(each.entries),
        outbox: Array.from({ length: each.alerts }, () => ({ number: ++alerts, bytes: textBytes(`alert ${alerts}`) })),
        deliveredUpTo: alerts - each.delivered,
        droppedGenerations: each.dropped,
      })
      sqlite.setFull(each.isFull)
      const found = await outcome(() => sqlite.commit(commit))
      sqlite.setFull(false)
      if (found === 'disk-full') expect(each.isFull).toBe(true)
      else {
        expect(found).toBe(await outcome(() => memory.commit(commit)))
        if (found === 'ok') commits = number
      }
    }
    for (const generation of [0, 1]) {
      expect(sqlite.load(generation)).toEqual((await memory.load(0, generation, names)).actors.map(texts))
      const marked = [...(await memory.marked(0, generation)).actors].sort(byKey)
      expect(sqlite.marked(generation).sort(byKey)).toEqual(marked)
    }
    expect(sqlite.outbox().map(plain)).toEqual((await memory.outbox(0)).entries.map(plain))
  }
  sqlite.reopen()
  for (const generation of [0, 1])
    expect(sqlite.load(generation)).toEqual((await memory.load(0, generation, names)).actors.map(texts))
  const claim = await memory.claim(0, epoch)
  expect(JSON.stringify(sqlite.claim(epoch))).toBe(JSON.stringify(claim))
  sqlite.close()
}

function partsInOrder(parts = new Set<number>()): number {
  let count = 0
  while (parts.has(count)) count++
  return count
}

const byKey = (a: { readonly key: string }, b: { readonly key: string }): number => (a.key < b.key ? -1 : 1)

const plain = ({ number, bytes }: { readonly number: number; readonly bytes: Uint8Array }) => [number, ...bytes]

/** What is answered, or the kind of the error. */
async function outcome(work: () => CommitResult | Promise<CommitResult>): Promise<string> {
  try {
    return await work()
  } catch (error) {
    const failure = judgeError(error)?.failure
    if (failure === undefined) throw error
    return failure.kind === 'invariant' ? 'invariant' : failure.reason
  }
}

describe('the checkpoint store in SQLite', () => {
  test.each([
    ['with one hash for all names and cleaning with each commit', { segmentBytes: 256, slackBytes: 0, hashMask: 0 }],
    ['with a few hashes and rare cleaning', { segmentBytes: 4_096, slackBytes: 60_000, hashMask: 3 }],
    ['as it is delivered', defaultTuning],
  ])('answers and holds what the one in memory does, %s', async (_, tuning) => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 30, maxLength: 60, size: 'max' }), (actions) =>
        compare(actions, tuning),
      ),
      { numRuns: 40, timeout: 5_000, interruptAfterTimeLimit: 8_000 },
    )
  })

  test('P2: has the newer base after it was opened anew, although its part was staged before the older one was committed', () => {
    const sqlite = new Sqlite(defaultTuning)
    sqlite.claim(1)
    sqlite.stage({ partition: 0, epoch: 1, id: 'c2', part: 0, actors: [entryOf('a', 'second')] })
    sqlite.commit(commitOf('c1', { actors: [entryOf('a', 'first')] }))
    sqlite.commit(commitOf('c2', { previous: 'c1', stagedParts: 1 }))
    sqlite.reopen()
    expect(sqlite.load(0)[0]).toBe('second')
    sqlite.close()
  })

  test('P2: takes a part of bases over where it lies, and has it after it was opened anew', () => {
    const sqlite = new Sqlite(defaultTuning)
    sqlite.claim(1)
    sqlite.commit(commitOf('c1', { actors: [entryOf('a', 'first')] }))
    sqlite.stage({ partition: 0, epoch: 1, id: 'c2', part: 0, actors: [entryOf('a', 'second')] })
    sqlite.stage({ partition: 0, epoch: 1, id: 'c2', part: 1, actors: [appendedOf('a', 'third'), entryOf('b', 'B')] })
    sqlite.commit(commitOf('c2', { previous: 'c1', stagedParts: 2, actors: [appendedOf('a', 'fourth')] }))
    for (let round = 0; round < 2; round++) {
      expect(sqlite.load(0).slice(0, 2)).toEqual(['second,third,fourth', 'B'])
      sqlite.reopen()
    }
    sqlite.close()
  })

  test('takes no more than about twice the live bytes, whatever is replaced, and gives the rest to later commits', () => {
    const sqlite = new Sqlite({ segmentBytes: 65_536, slackBytes: 2 ** 20, hashMask: -1 })
    const value = 'x'.repeat(1_000)
    sqlite.claim(1)
    let commits = 0
    let state = 1
    const draw = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    const commit = (actors: readonly ActorEntry[]) => {
      const previous = commits === 0 ? undefined : `c${commits}`
      commits++
      expect(sqlite.commit(commitOf(`c${commits}`, { previous, actors }))).toBe('ok')
    }
    const actorCount = 2_000
    commit(Array.from({ length: actorCount }, (_, i) => entryOf(`k${i}`, value)))
    // 20 MB in bases, of actors of which nine in ten are never touched again: these have to be carried on.
    for (let round = 0; round < 200; round++)
      commit(Array.from({ length: 100 }, () => entryOf(`k${draw(actorCount / 10)}`, value)))
    const liveBytes = actorCount * 1_060
    expect(statSync(join(sqlite.folder, 'checkpoints.db')).size).toBeLessThan(2.5 * liveBytes + 2 * 2 ** 20)
    sqlite.close()
  })
})
