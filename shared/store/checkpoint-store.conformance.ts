import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ActorEntry } from '#shared/protocol/commit'
import type { CheckpointStore } from './checkpoint-store.ts'
import { appendedOf, commitOf, entryOf, text, textBytes, texts } from './testing/checkpoint-store-samples.ts'

/** Registers the tests that every checkpoint store passes. @param open a store without anything in it */
export function testCheckpointStore(name: string, open: () => Promise<CheckpointStore>): void {
  describe(`${name}, as every checkpoint store,`, () => {
    let store: CheckpointStore
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const load = async (key: string, { partition = 0, generation = 0, population = 0 } = {}) =>
      texts((await store.load(partition, generation, [{ population, key }])).actors[0])

    test('has nothing of a partition that nobody claimed', async () => {
      expect(await store.claim(3, 5)).toEqual({ kind: 'claimed', manifest: undefined })
      const lastCommit = { id: undefined }
      expect(await store.load(3, 0, [{ population: 0, key: 'DE1' }])).toEqual({ actors: [undefined], lastCommit })
      expect(await store.marked(3, 0)).toEqual({ actors: [], lastCommit })
      expect(await store.outbox(3)).toEqual({ entries: [], lastCommit })
    })

    test('gives back bases with what was appended to them, by the names asked for', async () => {
      await store.claim(0, 1)
      expect(await store.commit(commitOf('c1', { actors: [entryOf('a', 'A0'), entryOf('b', 'B0')] }))).toBe('ok')
      const appended = [appendedOf('a', 'A1'), appendedOf('a', 'A2'), entryOf('c', 'C0'), appendedOf('c', '')]
      expect(await store.commit(commitOf('c2', { previous: 'c1', actors: appended }))).toBe('ok')
      const names = ['c', 'a', 'nobody', 'b', 'a'].map((key) => ({ population: 0, key }))
      expect((await store.load(0, 0, names)).actors.map(texts)).toEqual([
        'C0,',
        'A0,A1,A2',
        undefined,
        'B0',
        'A0,A1,A2',
      ])
    })

    test('C5: says with all that is read which commit was the last one', async () => {
      await store.claim(0, 1)
      for (const [id, previous] of [
        ['c1', undefined],
        ['c2', 'c1'],
      ] as const) {
        await store.commit(commitOf(id, { previous, actors: [entryOf('a', id)] }))
        const read = [store.load(0, 0, [{ population: 0, key: 'a' }]), store.marked(0, 0), store.outbox(0)]
        for (const { lastCommit } of await Promise.all(read)) expect(lastCommit).toEqual({ id })
      }
    })

    test('replaces all of an actor by a new base', async () => {
      await store.claim(0, 1)
      await store.commit(commitOf('c1', { actors: [entryOf('a', 'old'), appendedOf('a', 'more')] }))
      await store.commit(commitOf('c2', { previous: 'c1', actors: [entryOf('a', 'new')] }))
      expect(await load('a')).toBe('new')
    })

    test('keeps actors apart by partition, generation, population and every unit of the key', async () => {
      const keys = ['a', '', 'a\0', 'ä', '\u{1f600}', '\ud83d', 'ab', 'a b', 'x'.repeat(256), 'ž'.repeat(255)]
      for (const partition of [0, 1]) {
        await store.claim(partition, 1)
        const actors = [7, 8].flatMap((generation) =>
          [0, 3].flatMap((population) =>
            keys.map((key, i) =>
              entryOf(key, `${partition} ${generation} ${population} ${i}`, { generation, population }),
            ),
          ),
        )
        await store.commit(commitOf(`c${partition}`, { partition, actors }))
      }
      for (const [i, key] of keys.entries())
        for (const where of [
          { partition: 0, generation: 7, population: 3 },
          { partition: 1, generation: 8, population: 0 },
        ])
          expect(await load(key, where)).toBe(`${where.partition} ${where.generation} ${where.population} ${i}`)
    })

    test('keeps payloads of any size to the byte', async () => {
      await store.claim(0, 1)
      const sizes = [0, 1, 15, 16, 17, 8_143, 8_144, 8_145, 100_000, 3_000_000]
      const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 0xff)
      const actors = sizes.flatMap((size) => [
        { ...entryOf(`k${size}`, ''), bytes: bytesOf(size) },
        { ...appendedOf(`k${size}`, ''), bytes: bytesOf(size + 1) },
      ])
      await store.commit(commitOf('c1', { actors }))
      const { actors: saved } = await store.load(
        0,
        0,
        sizes.map((size) => ({ population: 0, key: `k${size}` })),
      )
      sizes.forEach((size, i) => {
        expect(Buffer.compare(saved[i]?.base ?? new Uint8Array(), bytesOf(size))).toBe(0)
        expect(Buffer.compare(saved[i]?.appended[0] ?? new Uint8Array(), bytesOf(size + 1))).toBe(0)
      })
    })

    test('has copied all bytes when a call returns', async () => {
      await store.claim(0, 1)
      const [bytes, owner, alert] = [textBytes('mine'), textBytes('mine'), textBytes('mine')]
      const commit = commitOf('c1', { actors: [{ ...entryOf('a', ''), bytes }], outbox: [{ number: 1, bytes: alert }] })
      const result = store.commit({ ...commit, manifest: { ...commit.manifest, owner } })
      for (const each of [bytes, owner, alert]) each.fill(0)
      expect(await result).toBe('ok')
      expect(await load('a')).toBe('mine')
      expect((await store.outbox(0)).entries.map((entry) => text(entry.bytes))).toEqual(['mine'])
      const claim = await store.claim(0, 1)
      expect(claim.kind === 'claimed' && claim.manifest && text(claim.manifest.owner)).toBe('mine')
    })

    test('claims for the same epoch again and for a higher one, and gives the last manifest each time', async () => {
      const manifest = { id: 'c1', position: 17, tailDigest: 0xfedcba98, owner: textBytes('mine') }
      await store.claim(0, 4)
      await store.commit({ ...commitOf('c1', { epoch: 4 }), manifest })
      for (const epoch of [4, 9, 9]) {
        const claim = await store.claim(0, epoch)
        const owner = claim.kind === 'claimed' && claim.manifest && text(claim.manifest.owner)
        expect(claim).toMatchObject({ kind: 'claimed', manifest: { id: 'c1', position: 17, tailDigest: 0xfedcba98 } })
        expect(owner).toBe('mine')
      }
    })

    test('C2: fences who claims, stages or commits with a lower epoch', async () => {
      await store.claim(0, 4)
      await store.claim(0, 9)
      expect(await store.claim(0, 8)).toEqual({ kind: 'fenced', epoch: 9 })
      expect(await store.stage({ partition: 0, epoch: 4, id: 'c1', part: 0, actors: [entryOf('a', 'A')] })).toBe(
        'fenced',
      )
      expect(await store.commit(commitOf('c1', { epoch: 4, actors: [entryOf('a', 'A')] }))).toBe('fenced')
      expect(await load('a')).toBeUndefined()
      expect(await store.claim(0, 9)).toEqual({ kind: 'claimed', manifest: undefined })
    })

    test('knows the last commit again, and does nothing', async () => {
      await store.claim(0, 1)
      await store.commit(
        commitOf('c1', { actors: [entryOf('a', 'A')], outbox: [{ number: 1, bytes: textBytes('x') }] }),
      )
      const again = commitOf('c1', { actors: [appendedOf('a', 'B')], outbox: [{ number: 2, bytes: textBytes('y') }] })
      expect(await store.commit(again)).toBe('already')
      expect(await load('a')).toBe('A')
      expect((await store.outbox(0)).entries).toHaveLength(1)
    })

    test('C3: refuses a commit that does not follow the last one', async () => {
      await store.claim(0, 1)
      expect(await store.commit(commitOf('c1', { previous: 'c0', actors: [entryOf('a', 'A')] }))).toBe('conflict')
      expect(await load('a')).toBeUndefined()
      await store.commit(commitOf('c1'))
      await store.commit(commitOf('c2', { previous: 'c1' }))
      for (const previous of [undefined, 'c1', 'c3'])
        expect(await store.commit(commitOf('c4', { previous, actors: [entryOf('a', 'A')] }))).toBe('conflict')
      expect(await store.commit(commitOf('c1'))).toBe('conflict')
      expect(await load('a')).toBeUndefined()
    })

    test('C4: shows nothing of a staged part before its commit, and then its parts in order before the rest', async () => {
      await store.claim(0, 1)
      await store.commit(commitOf('c1', { actors: [entryOf('a', 'A0'), entryOf('b', 'B0')] }))
      const stage = (part: number, actors: ActorEntry[]) =>
        store.stage({ partition: 0, epoch: 1, id: 'c2', part, actors })
      expect(await stage(0, [appendedOf('a', 'A1'), entryOf('b', 'B1', { hasBook: true })])).toBe('staged')
      expect(await stage(1, [entryOf('c', 'C0'), appendedOf('a', 'A2')])).toBe('staged')
      expect(await stage(2, [])).toBe('staged')
      expect(await load('a')).toBe('A0')
      expect(await load('b')).toBe('B0')
      expect(await load('c')).toBeUndefined()
      expect((await store.marked(0, 0)).actors).toEqual([])
      const actors = [appendedOf('a', 'A3'), appendedOf('c', 'C1')]
      expect(await store.commit(commitOf('c2', { previous: 'c1', stagedParts: 3, actors }))).toBe('ok')
      expect(await load('a')).toBe('A0,A1,A2,A3')
      expect(await load('b')).toBe('B1')
      expect(await load('c')).toBe('C0,C1')
      expect((await store.marked(0, 0)).actors).toHaveLength(1)
    })

    test('leaves a part as it is that is staged again, in whatever order parts come', async () => {
      await store.claim(0, 1)
      const stage = (part: number, value: string) =>
        store.stage({
          partition: 0,
          epoch: 1,
          id: 'c1',
          part,
          actors: [entryOf('a', value), entryOf(`k${part}`, value)],
        })
      for (const [part, value] of [
        [1, 'one'],
        [0, 'zero'],
        [1, 'again'],
      ] as const)
        expect(await stage(part, value)).toBe('staged')
      expect(await store.commit(commitOf('c1', { stagedParts: 2 }))).toBe('ok')
      expect(await load('a')).toBe('one')
      expect(await load('k0')).toBe('zero')
    })

    test('takes parts that were staged before another commit came for newer than it', async () => {
      await store.claim(0, 1)
      await store.stage({ partition: 0, epoch: 1, id: 'c2', part: 0, actors: [entryOf('a', 'second')] })
      await store.commit(commitOf('c1', { actors: [entryOf('a', 'first'), entryOf('b', 'B')] }))
      await store.stage({ partition: 0, epoch: 1, id: 'c2', part: 1, actors: [appendedOf('b', 'more')] })
      expect(await load('a')).toBe('first')
      expect(await store.commit(commitOf('c2', { previous: 'c1', stagedParts: 2 }))).toBe('ok')
      expect(await load('a')).toBe('second')
      expect(await load('b')).toBe('B,more')
    })

    test('drops at a claim what was staged under another epoch, and refuses a commit whose parts are missing', async () => {
      await store.claim(0, 1)
      await store.stage({ partition: 0, epoch: 1, id: 'c1', part: 0, actors: [entryOf('a', 'A')] })
      await store.claim(0, 1)
      await store.claim(0, 2)
      expect(await store.commit(commitOf('c1', { epoch: 2, stagedParts: 1 }))).toBe('conflict')
      expect(await load('a')).toBeUndefined()
      expect(await store.stage({ partition: 0, epoch: 2, id: 'c1', part: 0, actors: [entryOf('a', 'B')] })).toBe(
        'staged',
      )
      await store.claim(0, 2)
      expect(await store.commit(commitOf('c1', { epoch: 2, stagedParts: 1 }))).toBe('ok')
      expect(await load('a')).toBe('B')
    })

    test('names actors with a deadline or a part in the book, as their newest entries say', async () => {
      await store.claim(0, 1)
      const actors = [
        entryOf('plain', ''),
        entryOf('deadline', '', { deadline: 1_700_000_000_000.5 }),
        entryOf('book ž', '', { hasBook: true }),
        entryOf('over', '', { deadline: 5, hasBook: true }),
        entryOf('elsewhere', '', { generation: 1, deadline: 1 }),
      ]
      await store.commit(commitOf('c1', { actors }))
      const later = [appendedOf('over', 'x'), appendedOf('plain', 'x', { deadline: 0 })]
      await store.commit(commitOf('c2', { previous: 'c1', actors: later }))
      const marked = [...(await store.marked(0, 0)).actors].sort((a, b) => (a.key < b.key ? -1 : 1))
      expect(marked).toEqual([
        { population: 0, key: 'book ž', deadline: Number.POSITIVE_INFINITY, hasBook: true },
        { population: 0, key: 'deadline', deadline: 1_700_000_000_000.5, hasBook: false },
        { population: 0, key: 'plain', deadline: 0, hasBook: false },
      ])
    })

    test('keeps the outbox in order until its entries are delivered', async () => {
      await store.claim(0, 1)
      const outbox = [3, 5, 9].map((number) => ({ number, bytes: textBytes(`alert ${number}`) }))
      await store.commit(commitOf('c1', { outbox }))
      await store.commit(
        commitOf('c2', { previous: 'c1', outbox: [{ number: 10, bytes: textBytes('') }], deliveredUpTo: 5 }),
      )
      const left = (await store.outbox(0)).entries.map(({ number, bytes }) => [number, text(bytes)])
      expect(left).toEqual([
        [9, 'alert 9'],
        [10, ''],
      ])
      await store.commit(
        commitOf('c3', { previous: 'c2', outbox: [{ number: 11, bytes: textBytes('x') }], deliveredUpTo: 11 }),
      )
      expect((await store.outbox(0)).entries).toEqual([])
    })

    test('drops generations, those entries included that came with the same commit', async () => {
      await store.claim(0, 1)
      await store.commit(commitOf('c1', { actors: [entryOf('a', 'old'), entryOf('a', 'new', { generation: 1 })] }))
      const actors = [appendedOf('a', 'more'), entryOf('b', 'B')]
      await store.commit(commitOf('c2', { previous: 'c1', actors, droppedGenerations: [0, 5] }))
      expect(await load('a')).toBeUndefined()
      expect(await load('b')).toBeUndefined()
      expect(await load('a', { generation: 1 })).toBe('new')
      await store.commit(commitOf('c3', { previous: 'c2', actors: [entryOf('b', 'again')] }))
      expect(await load('a')).toBeUndefined()
      expect(await load('b')).toBe('again')
    })

    test('C1: refuses an appended entry without a base and numbers that do not rise, and takes nothing of that commit', async () => {
      await store.claim(0, 1)
      await store.commit(
        commitOf('c1', { actors: [entryOf('a', 'A')], outbox: [{ number: 4, bytes: textBytes('x') }] }),
      )
      const partly = [entryOf('new', 'N'), appendedOf('a', 'B'), appendedOf('nobody', 'x')]
      await expect(store.commit(commitOf('c2', { previous: 'c1', actors: partly }))).rejects.toThrow('no base')
      const outbox = [{ number: 4, bytes: textBytes('y') }]
      const repeated = commitOf('c2', { previous: 'c1', actors: [appendedOf('a', 'B')], outbox })
      await expect(store.commit(repeated)).rejects.toThrow('do not rise')
      expect(await load('new')).toBeUndefined()
      expect(await load('a')).toBe('A')
      expect(
        await store.commit(commitOf('c2', { previous: 'c1', actors: [appendedOf('a', 'C'), entryOf('new', 'M')] })),
      ).toBe('ok')
      expect(await load('a')).toBe('A,C')
      expect(await load('new')).toBe('M')
    })

    test('does what was asked before it closes, and nothing after', async () => {
      await store.claim(0, 1)
      const last = store.commit(commitOf('c1', { actors: [entryOf('a', 'A')] }))
      const closed = store.close()
      expect(await last).toBe('ok')
      await closed
      await store.close()
      await expect(store.claim(0, 2)).rejects.toMatchObject({ _tag: 'StoreUnavailable', reason: 'closed' })
      await expect(store.load(0, 0, [])).rejects.toMatchObject({ _tag: 'StoreUnavailable', reason: 'closed' })
    })
  })
}
