import { describe, expect, it } from 'vitest'
import { type BankEvent, bankRules, minute, run, transaction } from '../../tests/support/bank.ts'

const purchase = (id: string, atMinutes: number, fields: Readonly<Record<string, unknown>> = {}): BankEvent =>
  transaction({ id, at: atMinutes * minute, ...fields })

/** Rule and event of each alert that stands. */
const alertsOf = ({ alerts }: ReturnType<typeof run>): string[] => alerts.map(({ rule, events }) => `${rule} ${events}`)

const most = Number.MAX_SAFE_INTEGER

describe('a fault', () => {
  it('of a condition costs its rule that event, and no other rule or event anything', () => {
    const rules = bankRules({
      price: 'when: double(amount) / double(items) > 4.0',
      steady: 'when: amount > 0',
    })
    const found = run(rules, [
      purchase('1', 1, { items: 2 }),
      purchase('2', 2, { items: 0 }),
      purchase('3', 3, { items: 1 }),
    ])
    expect(alertsOf(found)).toEqual(['price 1', 'steady 1', 'steady 2', 'price 3', 'steady 3'])
    expect(found.faults).toEqual({ price: 1, steady: 0 })
  })

  it('stands behind what settles the condition first', () => {
    const rules = bankRules({
      guarded: 'when: items > 0 && double(amount) / double(items) > 4.0',
      listed: `when: 'channel == "web" && int(tags[0]) > 5'`,
      either: `when: 'channel == "pos" || int(tags[0]) > 5'`,
    })
    const found = run(rules, [
      purchase('1', 1, { items: 0, tags: ['seven'] }),
      purchase('2', 2, { items: 2, tags: ['7'], channel: 'web' }),
      purchase('3', 3, { items: 2, tags: ['seven'], channel: 'web' }),
    ])
    expect(alertsOf(found)).toEqual(['either 1', 'either 2', 'guarded 2', 'listed 2', 'guarded 3'])
    expect(found.faults).toEqual({ guarded: 0, listed: 1, either: 1 })
  })

  it('of what a feature aggregates costs the event alone, and only where the feature counts it', () => {
    const rules = bankRules({
      counted: `features: { price: { avg: double(amount) / double(items), over: 1h } }\nwhen: price > 0.0`,
      filtered: `
features:
  price: { avg: double(amount) / double(items), over: 1h, where: items > 0 }
when: price > 0.0`,
    })
    const found = run(
      rules,
      [purchase('1', 1, { items: 2 }), purchase('2', 2, { items: 0 }), purchase('3', 3, { items: 1 })],
      { wantsFeatures: true },
    )
    expect(alertsOf(found)).toEqual(['counted 1', 'filtered 1', 'filtered 2', 'counted 3', 'filtered 3'])
    expect(found.faults).toEqual({ counted: 1, filtered: 0 })
    expect(found.features['counted A 3']).toEqual({ price: 7.5 })
  })

  it('of a filter costs the event alone', () => {
    const rules = bankRules({
      dear: `
features:
  n: { count: all, over: 1h, where: double(amount) / double(items) > 4.0 }
when: n >= 1`,
    })
    const found = run(rules, [
      purchase('1', 1, { items: 2 }),
      purchase('2', 2, { items: 0 }),
      purchase('3', 3, { items: 9 }),
    ])
    expect(alertsOf(found)).toEqual(['dear 1', 'dear 3'])
    expect(found.faults).toEqual({ dear: 1 })
  })

  it('of a sum beyond its type ends when the window allows', () => {
    const rules = bankRules({
      total: 'features: { n: { sum: items, over: 5m } }\nwhen: n > 0',
      mean: 'features: { n: { avg: items, over: 5m } }\nwhen: n > 0.0',
      count: 'features: { n: { count: all, over: 5m } }\nwhen: n > 0',
    })
    const found = run(
      rules,
      [1, 2, 3, 6].map((at) => purchase(String(at), at, { items: most })),
    )
    expect(alertsOf(found).filter((text) => !text.startsWith('count'))).toEqual(['mean 1', 'total 1'])
    const later = run(rules, [
      ...[1, 2].map((at) => purchase(String(at), at, { items: most })),
      purchase('3', 6, { items: 1 }),
      purchase('4', 8, { items: 5 }),
    ])
    // At 6 the first has left, and the second with 1 more is still too much.
    expect(alertsOf(later).filter((text) => text.startsWith('total'))).toEqual(['total 1', 'total 4'])
    expect(later.faults).toEqual({ total: 2, mean: 2, count: 0 })
  })

  it('of a message leaves the hit', () => {
    const rules = bankRules({ price: `when: amount > 0\nmessage: "{double(amount) / double(items)} apiece"` })
    const [alert] = run(rules, [purchase('1', 1, { items: 0 })]).alerts
    expect(alert.message).toBe('– apiece')
  })

  it('of a pattern leaves its runs as they were', () => {
    const rules = bankRules({
      probe: `
pattern:
  - begin: small
    where: amount < 5
  - followedBy: large
    where: double(amount) / double(items) > 10.0
within: 1h`,
    })
    const found = run(rules, [
      purchase('1', 1, { amount: 1 }),
      purchase('2', 2, { items: 0 }),
      purchase('3', 3, { items: 1, amount: 50 }),
    ])
    expect(alertsOf(found)).toEqual(['probe small: 1, large: 3'])
    expect(found.faults).toEqual({ probe: 1 })
  })
})

describe('a fault before a rewind', () => {
  const rules = bankRules({
    spree: `
features: { n: { sum: items, over: 1m } }
pattern:
  - begin: pos
    where: channel == "pos"
  - followedBy: web
    where: channel == "web" && n >= 0
within: 1h`,
  })

  it('of an event that is judged again stays where it was', () => {
    const events = [
      purchase('1', 0, { items: 1 }),
      purchase('2', 5, { items: most, channel: 'atm' }),
      purchase('3', 5, { items: most }),
      purchase('5', 20, { items: 1, channel: 'web' }),
      purchase('4', 18, { items: 1, channel: 'atm' }),
    ]
    for (const order of ['sorted', 'arrival'] as const)
      expect(alertsOf(run(rules, events, { order }))).toEqual(['spree pos: 1, web: 5'])
  })

  it('of the newest event does not fall on those before it', () => {
    const events = [
      purchase('1', 0, { items: 1 }),
      purchase('5', 20, { items: most, channel: 'atm' }),
      purchase('6', 20, { items: most, channel: 'atm' }),
      purchase('4', 18, { items: 1, channel: 'web' }),
    ]
    for (const order of ['sorted', 'arrival'] as const)
      expect(alertsOf(run(rules, events, { order }))).toEqual(['spree pos: 1, web: 4'])
  })
})
