import { describe, expect, it } from 'vitest'
import { Engine } from '#shared/actor/engine'
import { usedFields } from '#shared/actor/used-fields'
import { sha256Hex } from '#shared/domain/digest'
import { EventBatch } from '#shared/domain/event-batch'
import { limits } from '#shared/domain/limits'
import { Arena } from '#shared/memory/arena'
import { JsonCodec } from '#shared/wire/json-codec'
import { type BankEvent, bankRules, hour, minute, transaction } from '../support/bank.ts'

/** What each revision cites, in the order of telling: `RULE EVENT STATUS: ids`. */
function cited(rules: Readonly<Record<string, string>>, events: readonly BankEvent[]): string[] {
  const ruleSet = bankRules(rules)
  const told: string[] = []
  const engine = new Engine({
    ruleSet,
    arena: new Arena(2 ** 24),
    latenessMs: 10 * minute,
    isSorted: false,
    tenant: 'test',
    hashKey: 7,
    sha256Hex,
    sink: {
      alert: ({ hit, status }) =>
        told.push(`${ruleSet.rules[hit.rule].name} ${hit.eventId} ${status}: ${engine.cited(hit).join(' ')}`),
    },
  })
  const batch = new EventBatch(ruleSet.events, usedFields(ruleSet), events.length)
  const codec = new JsonCodec(ruleSet.events)
  for (const [row, event] of events.entries()) {
    const bytes = new TextEncoder().encode(JSON.stringify(event))
    expect(codec.decode(bytes, 0, bytes.length, batch, row)).toBeUndefined()
    engine.apply(batch, row)
  }
  return told
}

const payment = (id: string, atMinutes: number, fields: Readonly<Record<string, unknown>> = {}): BankEvent =>
  transaction({ id, at: atMinutes * minute, ...fields })

describe('what the alert of a condition cites', () => {
  it('is all that its windows had, in order, its own event last', () => {
    const rules = { three: 'features: { n: { count: all, over: 1h } }\nwhen: n >= 3' }
    const events = [payment('a', 0), payment('b', 30), payment('c', 45), payment('d', 61)]
    expect(cited(rules, events)).toEqual(['three c raised: a b c', 'three d raised: b c d'])
  })

  it('is what the filter of a feature lets through, over all features of the rule', () => {
    const rules = {
      mixed: `
features:
  web: { count: all, over: 1h, where: channel == "web" }
  last: { max: amount, over: 10m }
when: web >= 2 && last > 0`,
    }
    const events = [
      payment('old', 0, { channel: 'web' }),
      payment('pos', 20),
      payment('near', 55),
      payment('own', 59, { channel: 'web' }),
    ]
    expect(cited(rules, events)).toEqual(['mixed own raised: old near own'])
  })

  it('is the last so many of a window that counts events', () => {
    const rules = { pair: 'features: { n: { sum: amount, events: 2 } }\nwhen: n >= 20 && amount > 10' }
    const events = [payment('a', 0), payment('b', 1), payment('c', 2, { amount: 11 })]
    expect(cited(rules, events)).toEqual(['pair c raised: b c'])
  })

  it('is its own event alone where nothing is counted', () => {
    const rules = { large: 'when: amount > 50' }
    expect(cited(rules, [payment('a', 0), payment('b', 1, { amount: 60 })])).toEqual(['large b raised: b'])
  })

  it('counts an event that came out of order', () => {
    const rules = { three: 'features: { n: { count: all, over: 1h } }\nwhen: n >= 3' }
    const events = [payment('a', 0), payment('c', 8), payment('d', 9), payment('b', 5)]
    expect(cited(rules, events)).toEqual(['three d raised: a c d', 'three c raised: a b c', 'three d amended: a b c d'])
  })

  it('is bounded: the newest stay', () => {
    const rules = { many: `features: { n: { count: all, over: 30d } }\nwhen: n == 200` }
    const events = Array.from({ length: 200 }, (_, i) => payment(`e${i}`, (i * hour) / minute))
    const [told] = cited(rules, events)
    const ids = told.split(': ')[1].split(' ')
    expect(ids).toHaveLength(limits.citedEventsMax)
    expect(ids.at(0)).toBe(`e${200 - limits.citedEventsMax}`)
    expect(ids.at(-1)).toBe('e199')
  })
})
