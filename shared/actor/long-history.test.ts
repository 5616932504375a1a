// One account with more events than a bank's busiest: rings that grow and let go, indexes in place of scans, bounds that are reached.
import { describe, expect, it } from 'vitest'
import {
  type BankEvent,
  bankRules,
  featuresRule,
  hour,
  minute,
  PoisonedArena,
  run,
  second,
  transaction,
} from '../../tests/support/bank.ts'
import { limits } from '../domain/limits.ts'

const roomy = (): PoisonedArena => new PoisonedArena(512 * 2 ** 20)

function purchases(count: number, fields: (i: number) => Partial<BankEvent> & { readonly at: number }): BankEvent[] {
  return Array.from({ length: count }, (_, i) => transaction({ id: `t${i}`, ...fields(i) }))
}

describe('a history at its bound', () => {
  const more = 1_000
  const rules = bankRules({
    strike: `
pattern:
  - begin: probe
    where: channel == "probe"
  - followedBy: strike
    where: channel == "web"
within: 30d
message: "{probe.merchant.id} at {probe.at}"`,
    first: `
features:
  shop: { first: merchant.id, over: 300d, current: exclude }
  n: { count: all, over: 300d }
  elapsed: { elapsed: all, where: channel == "probe" }
when: channel == "web"
message: "{shop}"`,
  })
  const events = [
    transaction({ id: 'probe', at: 0, channel: 'probe', merchant: { id: 'm' } }),
    ...purchases(limits.recordsPerActorMax + more - 2, (i) => ({ at: (i + 1) * second, merchant: { id: `m${i}` } })),
    transaction({ id: 'strike', at: 300_000 * second, channel: 'web' }),
  ]
  const found = run(rules, events, { order: 'arrival', arena: roomy() })

  it('lets go of its oldest records, one for each that comes, and counts them', () => {
    expect(found.engine.truncatedRecords).toBe(more)
    expect(found.alerts).toMatchObject([{ rule: 'first', features: { n: limits.recordsPerActorMax } }])
  })

  it('gives texts of records that it still has', () => {
    expect(found.alerts[0].message).toBe(`m${more - 1}`)
  })

  it('ends the runs that have taken what is gone, and counts them as refused', () => {
    const strike = found.engine.ruleCounts[1]
    expect(found.alerts.map(({ rule }) => rule)).toEqual(['first'])
    expect(strike).toEqual({ faults: 0, refused: 1 })
  })

  it('still tells how long ago what is gone was', () => {
    expect(found.alerts[0].features['elapsed']).toBe(300_000 * second)
  })
})

describe('a history of 200,000 events', () => {
  const day = 86_400
  const rules = bankRules({
    look: featuresRule({
      n: '{ count: all, over: 1d }',
      total: '{ sum: amount, over: 1d }',
      shops: '{ distinct: merchant.id, over: 2h }',
      largest: '{ max: amount, over: 2h }',
      usual: '{ avg: amount, over: 1d, delay: 1h }',
      last10: '{ sum: amount, events: 10, where: amount > 5 }',
    }),
  })
  const amountOf = (i: number): number => (i * 7919) % 1000
  const shopOf = (i: number): number => (i * i) % 211

  it('computes at its end what a look at its windows gives', () => {
    const events = purchases(200_000, (i) => ({
      at: i * 10 * second,
      amount: amountOf(i) / 100,
      merchant: { id: `m${shopOf(i)}` },
    }))
    const { features, engine } = run(rules, events, { wantsFeatures: true, arena: roomy() })
    const last = 199_999
    const window = (seconds: number, delaySeconds = 0): number[] =>
      Array.from({ length: seconds / 10 }, (_, k) => last - delaySeconds / 10 - k)
    const sum = (indexes: readonly number[]): number => indexes.reduce((total, i) => total + amountOf(i), 0)
    const above5 = window(day).filter((i) => amountOf(i) > 500)
    expect(features[`look A t${last}`]).toEqual({
      n: day / 10,
      total: sum(window(day)),
      shops: new Set(window(7200).map(shopOf)).size,
      largest: Math.max(...window(7200).map(amountOf)),
      usual: sum(window(day, 3600)) / (day / 10) / 100,
      last10: sum(above5.slice(0, 10)),
    })
    expect(engine.truncatedRecords).toBe(0)
  })
})

describe('an account with more events within the lateness than are looked at one by one', () => {
  const rules = bankRules({
    look: featuresRule({ shops: '{ distinct: merchant.id, over: 5m }', n: '{ count: all, over: 5m }' }),
  })
  const events = purchases(3_000, (i) => ({ at: Math.floor(i / 3) * second, merchant: { id: `m${(i * i) % 97}` } }))

  it('knows its repeats and conflicts all the same', () => {
    const again = [
      events[2_999],
      events[2_000],
      { ...events[1_500], amount: 11 },
      { ...events[2_500], at: 900 * second },
    ]
    const { outcomes } = run(rules, [...events, ...again], { order: 'arrival' })
    expect(outcomes.slice(events.length)).toEqual(['duplicate', 'duplicate', 'conflict', 'conflict'])
    expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(events.length)
  })

  it('cools down, and is busy again', () => {
    const later = purchases(300, (i) => ({ at: 5 * hour + i * second, merchant: { id: `m${i}` } })).map((event) => ({
      ...event,
      id: `later-${event.id}`,
    }))
    const quiet = purchases(300, (i) => ({ at: hour + i * 30 * second })).map((event) => ({
      ...event,
      id: `q-${event.id}`,
    }))
    const { outcomes, features } = run(rules, [...events, ...quiet, ...later, later[10], later[299]], {
      order: 'arrival',
      wantsFeatures: true,
    })
    expect(outcomes.slice(-2)).toEqual(['duplicate', 'duplicate'])
    expect(features['look A later-t299']).toEqual({ shops: 300, n: 300 })
  })

  it('finds the same whatever came late', () => {
    const arrival = events.map((event, i) => ({ event, at: event.at + ((i * 7919) % 60) * second }))
    const shuffled = arrival.sort((a, b) => a.at - b.at).map(({ event }) => event)
    const sorted = run(rules, events, { wantsFeatures: true, latenessMs: minute })
    const arrived = run(rules, shuffled, { wantsFeatures: true, latenessMs: minute, order: 'arrival' })
    expect(arrived.outcomes.every((outcome) => outcome === 'applied')).toBe(true)
    expect(arrived.features).toEqual(sorted.features)
  })
})
