import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CheckpointPages, CheckpointStore } from './checkpoint-store.ts'
import { appendedOf, commitOf, entryOf, text, texts } from './testing/checkpoint-store-samples.ts'

/** Registers the tests that every store passes that can be read through. */
export function testCheckpointPages(name: string, open: () => Promise<CheckpointStore & CheckpointPages>): void {
  describe(`${name}, read through page by page,`, () => {
    let store: CheckpointStore & CheckpointPages
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    /** All actors of generation 1, and what each page said of the last commit. @param between is done once, after the first page */
    async function readThrough(between?: () => Promise<unknown>) {
      const [found, commits] = [new Map<string, string>(), new Set<string | undefined>()]
      let cursor: string | undefined
      do {
        const page = await store.page(0, 1, cursor)
        for (const { population, key, base, appended, deadline, hasBook } of page.actors)
          found.set(`${population} ${key}`, `${texts({ base, appended })} ${deadline} ${hasBook}`)
        commits.add(page.lastCommit.id)
        if (cursor === undefined) await between?.()
        cursor = page.next
      } while (cursor !== undefined)
      return { found, commits: [...commits] }
    }
    const many = Array.from({ length: 3_000 }, (_, i) =>
      entryOf(`k${i}`, `base ${i} ${'.'.repeat(200)}`, { generation: 1, population: i % 3 }),
    )

    test('gives every actor of the generation with all that is saved of it, and its marks', async () => {
      await store.claim(0, 1)
      await store.commit(commitOf('c1', { actors: [...many, entryOf('elsewhere', 'x', { generation: 2 })] }))
      const changed = many
        .slice(0, 500)
        .map(({ key, population }) =>
          appendedOf(key, 'more', { generation: 1, population, deadline: 17, hasBook: true }),
        )
      await store.commit(commitOf('c2', { previous: 'c1', actors: changed }))
      const { found, commits } = await readThrough()
      expect(commits).toEqual(['c2'])
      const expected = many.map(({ key, population, bytes }, i) => {
        const [more, marks] = i < 500 ? [',more', '17 true'] : ['', 'Infinity false']
        return [`${population} ${key}`, `${text(bytes)}${more} ${marks}`] as const
      })
      expect([...found].sort()).toEqual(expected.sort())
    })

    test('gives at least those that were there all the while, and says when a commit came between', async () => {
      await store.claim(0, 1)
      await store.commit(commitOf('c1', { actors: many }))
      const changes = Array.from({ length: 200 }, (_, i) => entryOf(`new ${i}`, 'N', { generation: 1 }))
      const { found, commits } = await readThrough(() =>
        store.commit(commitOf('c2', { previous: 'c1', actors: changes })),
      )
      expect(commits).toEqual(['c1', 'c2'])
      for (const { key, population } of many) expect(found.has(`${population} ${key}`), key).toBe(true)
    })

    test('has one page of nothing for a generation that nobody saved', async () => {
      expect(await store.page(0, 1, undefined)).toEqual({ actors: [], next: undefined, lastCommit: { id: undefined } })
    })
  })
}
