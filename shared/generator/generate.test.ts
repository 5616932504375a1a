import { describe, expect, it } from 'vitest'
import { compareEvents } from '../domain/event-order.ts'
import { dayMs, hourMs } from './calendar.ts'
import type { BankEvent, FraudKind, LabelledEvent } from './event.ts'
import { fraudKinds } from './event.ts'
import type { GeneratorOptions } from './generate.ts'
import { generate } from './generate.ts'

const start = Date.UTC(2026, 0, 5)
const small: GeneratorOptions = { seed: 7, customers: 150, days: 10, start }

const lines = (options: GeneratorOptions): string[] => Array.from(generate(options), (one) => JSON.stringify(one))

/** Three months of two thousand customers: the stream that the shipped rules are measured on. */
const quarter: readonly LabelledEvent[] = [...generate({ seed: 1, customers: 2_000, days: 90, start })]

const byCase = (kind: FraudKind): Map<string, BankEvent[]> => {
  const cases = new Map<string, BankEvent[]>()
  for (const { event, label } of quarter) {
    if (label?.kind !== kind) continue
    const events = cases.get(label.case) ?? []
    cases.set(label.case, events)
    events.push(event)
  }
  return cases
}

describe('the stream', () => {
  it('is the same, byte for byte, for the same seed', () => {
    expect(lines(small)).toEqual(lines(small))
  })

  it('is another for another seed', () => {
    expect(lines({ ...small, seed: 8 })).not.toEqual(lines(small))
  })

  it('tells a seed from one that differs above 32 bits', () => {
    expect(lines({ ...small, seed: 7 + 2 ** 33 })).not.toEqual(lines(small))
  })

  it('stands in order of time and id, each id once', () => {
    let before = { at: Number.NEGATIVE_INFINITY, id: '' }
    let disorder = 0
    for (const { event, atMs } of quarter) {
      if (compareEvents(before, { at: atMs, id: event.id }) >= 0) disorder++
      before = { at: atMs, id: event.id }
    }
    expect(disorder).toBe(0)
    expect(new Set(quarter.map(({ event }) => event.id)).size).toBe(quarter.length)
  })

  it('gives the time twice: as text in the event and as a number beside it', () => {
    for (const { event, atMs } of generate(small)) expect(Date.parse(event.at)).toBe(atMs)
  })

  it('ends before start plus days', () => {
    expect(quarter[quarter.length - 1].atMs).toBeLessThan(start + 90 * dayMs)
  })

  it('is cut short by a number of events', () => {
    const cut = lines({ seed: 7, customers: 150, start, events: 500 })
    expect(cut).toHaveLength(500)
    expect(lines(small).slice(0, 500)).toEqual(cut)
  })

  it('goes on without days and events', () => {
    const endless = generate({ seed: 3, customers: 20, start })
    let last = 0
    for (let i = 0; i < 20_000; i++) last = endless.next().value?.atMs ?? 0
    expect(last).toBeGreaterThan(start + 200 * dayMs)
  })

  it('marks its ids with a prefix', () => {
    const [first] = generate({ ...small, idPrefix: 'run2-' })
    expect(first.event.id).toBe('run2-1')
  })

  it.each([
    { seed: -1 },
    { seed: 0.5 },
    { customers: 0 },
    { start: 0.5 },
    { days: -1 },
    { events: -1 },
    { historyDays: 60 },
    { fraud: -0.1 },
  ])('refuses %o', (wrong) => {
    expect(() => generate({ ...small, ...wrong }).next()).toThrow(RangeError)
  })
})

describe('events', () => {
  it('hold amounts with two decimals, above zero', () => {
    const wrong = quarter.filter(({ event }) => {
      if (event.type !== 'transaction' && event.type !== 'transfer') return false
      return !(event.amount > 0) || Math.round(event.amount * 100) / 100 !== event.amount
    })
    expect(wrong).toEqual([])
  })

  it('do not show their label', () => {
    const names = new Set(quarter.flatMap(({ event }) => Object.keys(event)))
    expect([...names].filter((name) => /fraud|label|case/.test(name))).toEqual([])
  })

  it('have a place where the card was present, and none online', () => {
    for (const { event } of quarter)
      if (event.type === 'transaction') expect(event.place !== undefined).toBe(event.channel !== 'ecommerce')
  })

  it('come in all types', () => {
    const types = new Set(quarter.map(({ event }) => event.type))
    expect([...types].sort()).toEqual(['login', 'profile_change', 'transaction', 'transfer', 'travel_notice'])
  })
})

describe('fraud', () => {
  it('is 0.2 to 0.6 % of all events', () => {
    const share = quarter.filter(({ label }) => label !== null).length / quarter.length
    expect(share).toBeGreaterThan(0.002)
    expect(share).toBeLessThan(0.006)
  })

  it.each(fraudKinds)('comes in two dozen cases of %s or more', (kind) => {
    expect(byCase(kind).size).toBeGreaterThanOrEqual(24)
  })

  it('is absent when its factor is 0', () => {
    for (const { label } of generate({ ...small, days: 60, fraud: 0 })) expect(label).toBe(null)
  })

  it('grows with its factor', () => {
    const count = (fraud: number): number =>
      [...generate({ ...small, days: 30, fraud })].filter(({ label }) => label !== null).length
    expect(count(20)).toBeGreaterThan(4 * count(1))
  })

  it('wakes dormant accounts only after 60 days without a use of their own', () => {
    const lastUse = new Map<string, { atMs: number; inCase: string | undefined }>()
    for (const { event, atMs, label } of quarter) {
      const account = event.type === 'transfer' ? event.debtor : event.account
      const before = lastUse.get(account)
      if (label?.kind === 'dormant-account' && before?.inCase !== label.case)
        expect(atMs - (before?.atMs ?? 0)).toBeGreaterThan(60 * dayMs)
      lastUse.set(account, { atMs, inCase: label?.case })
    }
  })

  it('pays most of what a mule collected out again within a day', () => {
    for (const events of byCase('mule-account').values()) {
      const incoming = events.filter((event) => event.type === 'transfer' && !event.device)
      const outgoing = events.filter((event) => !incoming.includes(event))
      if (outgoing.length === 0) continue
      expect(new Set(incoming.map((event) => event.type === 'transfer' && event.debtor)).size).toBeGreaterThanOrEqual(5)
      expect(Date.parse(outgoing[0].at) - Date.parse(incoming[incoming.length - 1].at)).toBeLessThan(24 * hourMs)
    }
  })
})
