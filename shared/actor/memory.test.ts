import { describe, expect, it } from 'vitest'
import { type BankEvent, bankRules, feed, PoisonedArena, run, second, transaction } from '../../tests/support/bank.ts'

/** A million where VIGIL_TEST_CASES asks for more. */
const eventsMax = process.env['VIGIL_TEST_CASES'] === undefined ? 60_000 : 1_000_000

/** Two hours of texts, runs that open and end, and absences. */
const rules = bankRules({
  shops: `
features:
  first: { first: merchant.id, over: 1h, current: exclude }
  last: { last: merchant.id, over: 30m, where: amount > 5 }
  n: { distinct: merchant.id, over: 2h }
  largest: { max: amount, over: 1h }
when: first == last && n > 1000`,
  strike: `
features: { last: { last: merchant.id, over: 1h, current: exclude } }
pattern:
  - begin: probe
    where: amount < 2
  - followedBy: strike
    where: amount > 9 && merchant.id != probe.merchant.id && last != merchant.id
  - notFollowedBy: end
    where: amount > 20
within: 10m
skip: past-last`,
})

/** From `from` on, one every second, over 50 accounts; some a little out of order, with ids that are kept as texts. */
function* purchases(from: number, to: number): Generator<BankEvent> {
  for (let i = from; i < to; i++) {
    const place = i % 7 === 3 ? i - 70 : i
    yield transaction({
      id: `4f0c-${i.toString(36)}-a-long-random-id-of-a-bank-x`,
      at: (place + 100) * second,
      account: `account-${(i * 7) % 50}`,
      amount: ((i * 7919) % 1100) / 100,
      merchant: { id: `merchant with a rather long name ${(i * 31) % 977}` },
    })
  }
}

describe('memory', () => {
  it('is given back as events leave their windows, however many come', () => {
    const arena = new PoisonedArena(256 * 2 ** 20)
    const first = run(rules, [...purchases(0, 20_000)], { order: 'arrival', arena })
    const used = arena.usedWords
    let most = 0
    for (let from = 20_000; from < eventsMax; from += 10_000) {
      feed(first.engine, rules, purchases(from, from + 10_000))
      most = Math.max(most, arena.usedWords)
    }
    // It rises until rings are full and falls when they let go.
    expect(most).toBeLessThan(used * 1.5)
    expect(first.revisions.length).toBeGreaterThan(100)
  }, 300_000)

  it('of events in order is about the same', () => {
    const arena = new PoisonedArena(256 * 2 ** 20)
    const inOrder = [...purchases(0, 20_000)]
    run(rules, inOrder, { arena })
    const arrived = new PoisonedArena(256 * 2 ** 20)
    run(rules, inOrder, { order: 'arrival', arena: arrived })
    // Where each ring stands when it was last full differs a little.
    expect(arena.usedWords).toBeLessThan(arrived.usedWords * 1.1)
  })

  it('of actors that leave is given back to the last word, however often they went back', () => {
    const wordsAfter = (events: readonly BankEvent[]): number => {
      const { engine, arena } = run(rules, events, { order: 'arrival', latenessMs: 1000 * second })
      const population = rules.events.keys.indexOf('account')
      for (const key of new Set(events.map(({ account }) => account as string)))
        engine.states.passivate({ population, key })
      return arena.usedWords
    }
    const events = [...purchases(0, 3_000)]
    // Far out of order: one in three waits for 500 others.
    const delayed = events.map((event, i) => ({ event, at: i % 3 === 0 ? i + 500.5 : i }))
    const arrival = delayed.sort((a, b) => a.at - b.at).map(({ event }) => event)
    expect(wordsAfter(arrival)).toBe(wordsAfter(events.slice(0, 1)))
  })
})
