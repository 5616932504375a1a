import { describe, expect, it } from 'vitest'
import { type BankEvent, bankRules, run, second, transaction, withoutRevisions } from '../../tests/support/bank.ts'

/** 10,000 where VIGIL_TEST_CASES asks for more. */
const eventsCount = process.env['VIGIL_TEST_CASES'] === undefined ? 2_000 : 10_000

const bystanders = {
  steady: 'features: { n: { count: all, over: 1h } }\nwhen: amount > 100 && n > 3',
  pair: `
pattern:
  - begin: first
    where: amount > 100
  - next: second
    where: amount < 5
skip: past-last`,
}

/** Each probe doubles the runs, and each strike completes a match for each of them. */
const exploding = (strike: string): string => `
pattern:
  - begin: probe
    where: amount < 5
    times: 1+
    inner: "any"
  - followedByAny: strike
    where: ${strike}`

const purchases = (count: number): BankEvent[] =>
  Array.from({ length: count }, (_, i) =>
    transaction({ id: String(i + 1), at: i * second, amount: i % 100 === 99 ? 250 : 1 }),
  )

/** Alerts of rules that stay within their fuel. */
const steadyAlerts = ({ alerts }: ReturnType<typeof run>): unknown[] =>
  withoutRevisions(alerts.filter(({ rule }) => rule in bystanders))

describe('a rule that explodes', () => {
  it('is faulted for each event that costs too much, and changes nothing for the other rules', () => {
    const events = purchases(eventsCount)
    const alone = run(bankRules(bystanders), events)
    const together = run(bankRules({ ...bystanders, boom: exploding('amount < 5') }), events)
    expect(together.faults).toMatchObject({ steady: 0, pair: 0 })
    expect(together.faults['boom']).toBeGreaterThan(0.9 * eventsCount)
    expect(steadyAlerts(together)).toEqual(steadyAlerts(alone))
    expect(alone.alerts.length).toBeGreaterThan(10)
  }, 300_000)

  it('is faulted for the same events in any order of arrival, and finds the same', () => {
    const rules = bankRules({ boom: `${exploding('amount > 100')}\nwithin: 20s` })
    // Twelve probes make thousands of matches, three make seven.
    const events = [3, 12, 4, 13, 2].flatMap((probes, burst) =>
      Array.from({ length: probes + 1 }, (_, i) =>
        transaction({
          id: `${burst}${String(i).padStart(2, '0')}`,
          at: (burst * 40 + i) * second,
          amount: i === probes ? 250 : 1,
        }),
      ),
    )
    const sorted = run(rules, events)
    expect(sorted.faults).toEqual({ boom: 2 })
    expect(sorted.alerts).toHaveLength(7 + 15 + 3)
    for (const arrival of [events.toReversed(), [...events.slice(20), ...events.slice(0, 20)]])
      expect(withoutRevisions(run(rules, arrival, { order: 'arrival' }).alerts)).toEqual(
        withoutRevisions(sorted.alerts),
      )
  })

  it('is not silenced by how often its first step was done, where a match skips the others', () => {
    const rules = bankRules({
      strike: `
pattern:
  - begin: probe
    where: amount < 5
    times: 3+
  - followedBy: strike
    where: amount > 100 && amount > 20 * avg(probe.amount)
within: 1h
skip: past-last`,
    })
    const probes = Array.from({ length: 300 }, (_, i) => transaction({ id: String(i + 1), at: i * second, amount: 1 }))
    const found = run(rules, [...probes, transaction({ id: '1000', at: 400 * second, amount: 250 })])
    expect(found).toMatchObject({ faults: { strike: 0 }, alerts: [{ rule: 'strike' }] })
  })
})
