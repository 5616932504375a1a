import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ActorEntry } from '#shared/protocol/commit'
import { serverFor } from '../../tests/support/servers.ts'
import type { CheckpointStore } from './checkpoint-store.ts'
import { MemoryCheckpointStore } from './checkpoint-store-memory.ts'
import { RedisCheckpointStore } from './checkpoint-store-redis.ts'
import { commitOf, entryOf, textBytes, texts } from './testing/checkpoint-store-samples.ts'

const suite = 'the checkpoint store in Redis beside the one in memory'
const url = (await serverFor(suite, 'redis')) ?? ''

const names = ['a', 'b', 'dž', '\ud83d'].map((key) => ({ population: 0, key }))

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
      entries,
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
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
)

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never
type Entries = typeof entries extends fc.Arbitrary<infer T> ? T : never

/** Does the same in both stores, and compares what they answer and all that they hold. */
async function compare(actions: readonly Action[]): Promise<void> {
  const tenant = randomUUID()
  const memory = new MemoryCheckpointStore()
  let redis = new RedisCheckpointStore({ url, tenant })
  let [epoch, commits, values, alerts] = [5, 1, 0, 0]
  const staged = new Map<string, Set<number>>()
  const made = (list: Entries): ActorEntry[] =>
    list.map(({ key, generation, form, isMarked, length }) =>
      entryOf(key, `${++values}`.padEnd(length, '.'), {
        generation,
        form,
        hasBook: isMarked,
        deadline: isMarked ? values : Number.POSITIVE_INFINITY,
      }),
    )
  const both = async <T>(ask: (store: CheckpointStore) => Promise<T>): Promise<T | string> => {
    const [expected, found] = [await outcome(ask(memory)), await outcome(ask(redis))]
    expect(found).toEqual(expected)
    return expected
  }
  await both((store) => store.claim(0, epoch))
  // Without bases, few commits of appended entries would come about.
  const firsts = names.flatMap(({ key }) => [0, 1].map((generation) => entryOf(key, 'first', { generation })))
  await both((store) => store.commit(commitOf('commit-1', { epoch, actors: firsts })))
  for (const each of actions) {
    if (each.kind === 'reopen') {
      await redis.close()
      redis = new RedisCheckpointStore({ url, tenant })
    } else if (each.kind === 'claim') {
      await both((store) => store.claim(0, epoch + each.more).then(plainClaim))
      if (each.more > 0) staged.clear()
      epoch = Math.max(epoch, epoch + each.more)
    } else if (each.kind === 'stage') {
      const id = `commit-${commits + each.ahead}`
      const stage = { partition: 0, epoch: epoch - each.epochsBack, id, part: each.part, actors: made(each.entries) }
      if ((await both((store) => store.stage(stage))) === 'staged')
        staged.set(id, (staged.get(id) ?? new Set()).add(each.part))
    } else {
      const number = each.form === 'again' ? commits : commits + 1
      const id = `commit-${number}`
      const commit = commitOf(id, {
        epoch: each.form === 'fenced' ? epoch - 1 : epoch,
        previous: each.form === 'conflict' ? 'another' : `commit-${number - 1}`,
        manifest: { id, position: values, tailDigest: values, owner: textBytes(id) },
        stagedParts: partsInOrder(staged.get(id)) + each.missingParts,
        actors: made(each.entries),
        outbox: Array.from({ length: each.alerts }, () => ({ number: ++alerts, bytes: textBytes(`alert ${alerts}`) })),
        deliveredUpTo: alerts - each.delivered,
        droppedGenerations: each.dropped,
      })
      if ((await both((store) => store.commit(commit))) === 'ok') commits = number
    }
    for (const generation of [0, 1]) {
      await both(async (store) => (await store.load(0, generation, names)).actors.map(texts))
      await both(async (store) => [...(await store.marked(0, generation)).actors].sort(byKey))
    }
    await both(async (store) => (await store.outbox(0)).entries.map(({ number, bytes }) => [number, ...bytes]))
  }
  await redis.close()
}

function partsInOrder(parts = new Set<number>()): number {
  let count = 0
  while (parts.has(count)) count++
  return count
}

const byKey = (a: { readonly key: string }, b: { readonly key: string }): number => (a.key < b.key ? -1 : 1)

/** With the owner's bytes as such, not as a buffer. */
const plainClaim = (claim: Awaited<ReturnType<CheckpointStore['claim']>>) =>
  claim.kind === 'claimed' && claim.manifest
    ? { ...claim, manifest: { ...claim.manifest, owner: [...claim.manifest.owner] } }
    : claim

/** What is answered, or what our mistake is called. */
async function outcome<T>(answer: Promise<T>): Promise<T | string> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Error && error.name === 'InvariantError') return error.name
    throw error
  }
}

describe.skipIf(url === '')(suite, () => {
  test('answers and holds the same', async () => {
    await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 40, size: 'max' }), compare), {
      numRuns: 30,
      timeout: 8_000,
      interruptAfterTimeLimit: 8_000,
    })
  }, 20_000)
})
