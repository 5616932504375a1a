import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { Random } from '#shared/generator/random'
import type { ActorEntry, Commit, OutboxEntry } from '#shared/protocol/commit'
import type { RestoreResult } from '#shared/protocol/owner-io'
import { decodeRestoring, encodeOwnerState } from '#shared/protocol/owner-state'
import { StoreUnavailable } from '#shared/store/checkpoint-store'
import { MemoryCheckpointStore } from '#shared/store/checkpoint-store-memory'
import { manifestName, partitionPrefix, snapshotName } from '#shared/store/snapshot-format'
import { MemorySnapshotPlace, SnapshotPlaceUnavailable } from '#shared/store/snapshot-place'
import { SnapshotRestore, snapshotHeads } from '#shared/store/snapshot-reader'
import { PartitionSnapshots } from './partition-snapshots.ts'

const names = Array.from({ length: 2_000 }, (_, i) => ({ population: i % 3, key: `K${i}` }))

/** An owner that commits, and what the store held after each of its commits, by position. */
class Committer {
  readonly held = new Map<
    number,
    { readonly actors: readonly (string | undefined)[]; readonly outbox: readonly number[] }
  >()
  readonly #snapshots: PartitionSnapshots
  readonly #store: MemoryCheckpointStore
  readonly #random: Random
  #known = new Set<string>()
  #position = 0
  #previous: string | undefined
  #nextEntry = 1
  generations = [1]

  constructor(snapshots: PartitionSnapshots, store: MemoryCheckpointStore, seed: number) {
    this.#snapshots = snapshots
    this.#store = store
    this.#random = new Random(seed)
  }

  /** Some actors, in parts and a rest; entries come and go. */
  async commit(count: number): Promise<void> {
    const position = ++this.#position
    const id = `c${position}`
    const part = { partition: 0, epoch: 1, id }
    const entries = Array.from({ length: count }, () => this.#entry(position))
    const third = Math.floor(count / 3)
    for (const [i, from] of [0, third].entries())
      await this.#snapshots.stage({ ...part, part: i, actors: entries.slice(from, from + third) })
    const outbox: OutboxEntry[] = [{ number: this.#nextEntry++, bytes: Buffer.from(id) }]
    const generations = this.generations.map((number) => ({ number, from: 0, upTo: 1, partition: new Uint8Array([7]) }))
    const owner = encodeOwnerState({ generations, nextEntry: this.#nextEntry, movedAt: 5 })
    const commit: Commit = {
      ...part,
      previous: this.#previous,
      manifest: { id, position, tailDigest: 3 * position, owner },
      stagedParts: 2,
      actors: entries.slice(2 * third),
      outbox,
      deliveredUpTo: Math.max(0, this.#nextEntry - 4),
      droppedGenerations: [],
    }
    expect(await this.#snapshots.commit(commit)).toBe('ok')
    this.#previous = id
    this.held.set(position, await heldBy(this.#store))
  }

  #entry(position: number): ActorEntry {
    const name = names[this.#random.integer(0, names.length - 1)]
    const isKnown = this.#known.has(name.key)
    this.#known.add(name.key)
    const form = isKnown && this.#random.chance(0.8) ? 'appended' : 'base'
    const [deadline, hasBook] = [
      this.#random.chance(0.2) ? position : Number.POSITIVE_INFINITY,
      this.#random.chance(0.2),
    ]
    return { ...name, generation: 1, form, deadline, hasBook, bytes: Buffer.from(`${position} ${name.key}`) }
  }
}

async function heldBy(store: MemoryCheckpointStore) {
  const { actors } = await store.load(0, 1, names)
  const marks = new Map((await store.marked(0, 1)).actors.map((mark) => [mark.key, `${mark.deadline} ${mark.hasBook}`]))
  return {
    actors: actors.map(
      (actor, i) =>
        actor &&
        `${[actor.base, ...actor.appended].map((bytes) => Buffer.from(bytes)).join()} ${marks.get(names[i].key)}`,
    ),
    outbox: (await store.outbox(0)).entries.map(({ number }) => number),
  }
}

let place: MemorySnapshotPlace
let store: MemoryCheckpointStore
let snapshots: PartitionSnapshots
let owner: Committer
beforeEach(async () => {
  place = new MemorySnapshotPlace()
  store = new MemoryCheckpointStore()
  snapshots = new PartitionSnapshots({ partition: 0, place, store })
  owner = new Committer(snapshots, store, 1)
  await snapshots.claim(0, 1)
})

async function restored(
  name: string,
): Promise<{ readonly into: MemoryCheckpointStore; readonly result: RestoreResult }> {
  const into = new MemoryCheckpointStore()
  await into.claim(0, 9)
  const restore = { name, epoch: 9, previous: undefined, leftovers: [] }
  return { into, result: await new SnapshotRestore({ place, store: into, partition: 0 }, restore).run() }
}

describe('a snapshot of a partition', () => {
  it.each([1, 2, 3, 4])(
    'is what its store held after one commit, whatever comes meanwhile (N1; seed %i)',
    async (seed) => {
      owner = new Committer(snapshots, store, seed)
      await owner.commit(3_000)
      for (let round = 0; round < 3; round++) {
        let isTaken = false
        const taken = snapshots.take(1_000 + round).finally(() => {
          isTaken = true
        })
        for (let commits = 0; !isTaken && commits < 10_000; commits++) {
          await owner.commit(new Random(commits).integer(3, 400))
          if (commits % 3 === 0) await sleep(1)
        }
        expect(await taken).toBeUndefined()
        await owner.commit(30)
      }
      const heads = await snapshotHeads(place, 0)
      expect(heads).toHaveLength(3)
      for (const { name, place: found } of heads) {
        const { into, result } = await restored(name)
        expect(result.kind).toBe('whole')
        const { position, tailDigest } = found ?? { position: 0, tailDigest: 0 }
        expect(tailDigest).toBe(3 * position)
        const { actors, outbox } = await heldBy(into)
        const expected = owner.held.get(position)
        expect(actors).toEqual(expected?.actors)
        expect(outbox).toEqual(expected?.outbox)
      }
    },
  )

  it('stays where those of an earlier, longer log have higher positions, and these go one by one', async () => {
    const keyOf = (i: number): string =>
      `${partitionPrefix(0)}${snapshotName(1_000_000 - i, 100 + i, 'aaaa')}/${manifestName}`
    const earlier = [0, 1, 2, 3].map(keyOf)
    for (const key of earlier) await place.put(key, new Uint8Array(1))
    await owner.commit(10)
    await snapshots.take(1_000)
    const manifests = (): readonly string[] => [...place.objects.keys()].filter((key) => key.endsWith(manifestName))
    expect(manifests()).toEqual([...earlier.slice(1), expect.stringContaining('-1000-')])
  })

  it('stays where the clock says that others were taken later, until the next one is there', async () => {
    const earlier = [0, 1, 2, 3].map(
      (i) => `${partitionPrefix(0)}${snapshotName(i, 5_000 + i, 'aaaa')}/${manifestName}`,
    )
    for (const key of earlier) await place.put(key, new Uint8Array(1))
    const manifests = (): readonly string[] => [...place.objects.keys()].filter((key) => key.endsWith(manifestName))
    for (const now of [1_000, 2_000]) {
      await owner.commit(10)
      await snapshots.take(now)
      expect(manifests()).toEqual([...earlier, expect.stringContaining(`-${now}-`)])
    }
  })

  it('is not taken where nothing has come since the last one, and the newest four stay', async () => {
    await owner.commit(10)
    expect(await snapshots.take(1)).toBeUndefined()
    const before = [...place.objects.keys()]
    expect(await snapshots.take(2)).toBeUndefined()
    expect([...place.objects.keys()]).toEqual(before)
    for (let i = 0; i < 5; i++) {
      await owner.commit(10)
      await snapshots.take(3 + i)
    }
    expect((await snapshotHeads(place, 0)).map((head) => head.place?.position)).toEqual([6, 5, 4, 3])
    expect(place.objects.size).toBe(4 * 3)
  })

  it('is given up where the partition begins anew, or its rules change, and leaves nothing behind (N3)', async () => {
    await owner.commit(2_000)
    const page = store.page.bind(store)
    store.page = async (...ask) => {
      store.page = page
      await snapshots.claim(0, 1)
      return page(...ask)
    }
    expect(await snapshots.take(1)).toContain('begun anew')
    await owner.commit(10)
    store.page = async (...ask) => {
      store.page = page
      owner.generations = [1, 2]
      await owner.commit(10)
      return page(...ask)
    }
    expect(await snapshots.take(2)).toContain('rules have changed')
    expect(place.objects.size).toBe(0)
    expect(await snapshots.take(3)).toBeUndefined()
  })

  it('fails with its place, and is taken the next time', async () => {
    await owner.commit(10)
    const put = place.put.bind(place)
    place.put = async () => Promise.reject(new SnapshotPlaceUnavailable('away'))
    await expect(snapshots.take(1)).rejects.toThrow('away')
    expect(snapshots.newestPosition).toBeUndefined()
    place.put = put
    await owner.commit(10)
    expect(await snapshots.take(2)).toBeUndefined()
    expect(snapshots.newestPosition).toBe(2)
  })
})

describe('a snapshot that is brought back', () => {
  it('says until it is whole that it is not, and a part that is damaged ends it', async () => {
    await owner.commit(500)
    await snapshots.take(1)
    const [{ name }] = await snapshotHeads(place, 0)
    const chunk = `partition-0/${name}/outbox-000000`
    place.objects.set(chunk, Buffer.from('x'))
    const { into, result } = await restored(name)
    expect(result).toMatchObject({ kind: 'damaged', leftovers: [1], detail: expect.stringContaining('outbox-000000') })
    const claimed = await into.claim(0, 10)
    const found = claimed.kind === 'claimed' ? claimed.manifest : undefined
    expect(found?.id).toBe(result.kind === 'damaged' ? result.previous : '')
    expect(decodeRestoring(found?.owner ?? new Uint8Array())).toEqual([1])
    place.objects.delete(chunk)
    expect((await restored(name)).result).toMatchObject({ kind: 'damaged', detail: expect.stringContaining('lacks') })
  })

  it('goes on when it is asked for again, after its place or the store has failed between its commits', async () => {
    await owner.commit(2_000)
    await snapshots.take(1)
    const [{ name }] = await snapshotHeads(place, 0)
    const into = new MemoryCheckpointStore()
    await into.claim(0, 9)
    const restoring = new PartitionSnapshots({ partition: 0, place, store: into })
    const restore = { name, epoch: 9, previous: undefined, leftovers: [] }
    const [get, commit] = [place.get.bind(place), into.commit.bind(into)]
    place.get = async (key) => {
      if (!key.endsWith('outbox-000000')) return get(key)
      place.get = get
      throw new SnapshotPlaceUnavailable('away')
    }
    // Each commit takes effect, and its answer is lost.
    const known = new Set<string>()
    into.commit = async (each) => {
      const result = await commit(each)
      if (known.has(each.id)) return result
      known.add(each.id)
      throw new StoreUnavailable('unreachable', 'no answer')
    }
    const troubles: string[] = []
    let result: RestoreResult | undefined
    while (result === undefined && troubles.length < 10)
      result = await restoring.restore(restore).catch((error: Error) => void troubles.push(error.message))
    expect(troubles).toEqual(['no answer', 'no answer', 'away', 'no answer'])
    expect(result?.kind).toBe('whole')
    expect(restoring.newestPosition).toBe(1)
    expect(await heldBy(into)).toEqual(owner.held.get(1))
  })

  it('is refused to whoever has lost the partition', async () => {
    await owner.commit(500)
    await snapshots.take(1)
    const [{ name }] = await snapshotHeads(place, 0)
    const into = new MemoryCheckpointStore()
    await into.claim(0, 10)
    const restore = { name, epoch: 9, previous: undefined, leftovers: [] }
    expect(await new SnapshotRestore({ place, store: into, partition: 0 }, restore).run()).toEqual({ kind: 'fenced' })
    const behind = { ...restore, epoch: 10, previous: 'another' }
    expect(await new SnapshotRestore({ place, store: into, partition: 0 }, behind).run()).toEqual({ kind: 'conflict' })
  })
})
