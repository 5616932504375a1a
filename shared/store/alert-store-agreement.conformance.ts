import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { AlertDelivery, AlertFilter, AlertStore } from './alert-store.ts'
import { MemoryAlertStore } from './alert-store-memory.ts'
import { alert, event } from './testing/alert-store-samples.ts'

/** Whatever is delivered, every alert store shows what the one in memory shows. @param emptyStore as of `testAlertStore` */
export function testAgreement(emptyStore: () => Promise<AlertStore>): void {
  it('agrees with the memory store, and no page loses or repeats what stood at the first', async () => {
    const runs = 40
    let runsOverPages = 0
    await fc.assert(
      fc.asyncProperty(
        batch(8),
        fc.array(batch(0), { maxLength: 8 }),
        filter,
        fc.integer({ min: 1, max: 3 }),
        async (start, between, filter, limit) => {
          const [store, memory] = [await emptyStore(), new MemoryAlertStore()]
          const deliver = async (alerts: readonly AlertDelivery[]): Promise<void> => {
            for (const each of [store, memory]) await each.deliver({ alerts, decisions: [] })
          }
          await deliver(start)
          const expected = (await memory.alerts({ ...filter, limit: 1_000 })).lines
          if (expected.length > limit && between.length > 0) runsOverPages++
          const rest = [...between]
          const shown: string[] = []
          let cursor: string | undefined
          do {
            const page = await store.alerts({ ...filter, limit, cursor })
            shown.push(...page.lines)
            expect(shown).toEqual(expected.slice(0, shown.length))
            cursor = page.nextCursor
            await deliver(rest.shift() ?? [])
          } while (cursor !== undefined)
          expect(shown).toEqual(expected)
          for (const alerts of rest) await deliver(alerts)
          expect((await store.alerts({ ...filter, limit: 1_000 })).lines).toEqual(
            (await memory.alerts({ ...filter, limit: 1_000 })).lines,
          )
          const lines = async (each: AlertStore): Promise<string[]> =>
            (await each.revisions(0, filter, 1_000)).revisions.map(({ line }) => line)
          expect(await lines(store)).toEqual(await lines(memory))
        },
      ),
      { numRuns: runs },
    )
    // Filters that let hardly any alert pass would make all of this say nothing.
    expect(runsOverPages).toBeGreaterThan(runs / 10)
  })
}

const severities = ['low', 'high']

/** Few ids and times, so that revisions meet: repeats, out of order, withdrawn, moved in time, with other events. */
const batch = (minLength: number) =>
  fc.array(
    fc
      .record({
        id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'),
        revision: fc.integer({ min: 1, max: 4 }),
        status: fc.constantFrom(...statuses),
        severity: fc.constantFrom(...severities),
        at: fc.integer({ min: 0, max: 3 }),
        events: fc.array(fc.constantFrom('e1', 'e2'), { maxLength: 2 }),
      })
      .map(({ id, events, ...rest }) => alert(id, { ...rest, events: events.map((name) => event(name)) })),
    { minLength, maxLength: 16 },
  )

const statuses = ['raised', 'amended', 'withdrawn'] as const

/** Mostly none or one, so that several pages are left. */
const filter: fc.Arbitrary<AlertFilter> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.record({ severity: fc.constantFrom(...severities) }),
  fc.record({ status: fc.constantFrom(...statuses) }),
  fc.record({ event: fc.constantFrom('e1', 'e2') }),
  fc.record({ from: fc.integer({ min: 0, max: 2 }), to: fc.integer({ min: 2, max: 4 }) }),
  fc.record({ severity: fc.constantFrom(...severities), event: fc.constantFrom('e1', 'e2') }),
)
