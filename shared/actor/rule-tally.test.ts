import { describe, expect, it } from 'vitest'
import { bankRules, login, run, second, transaction } from '../../tests/support/bank.ts'
import { RuleTally } from './rule-tally.ts'

const rules = bankRules({
  large: 'on: transaction\nwhen: amount > 100',
  divided: 'on: transaction\nwhen: double(amount) / double(items) > 4.0',
  probe: `
on: transaction
pattern:
  - begin: first
    where: amount < 5
  - next: second
    where: amount > 100`,
})

const ruleOf = (name: string): number => rules.rules.findIndex((rule) => rule.name === name)

describe('the tally of rules', () => {
  it('counts what each rule worked out, found and failed at, and nothing for events that it does not see', () => {
    const { tally } = run(rules, [
      transaction({ at: 0, amount: 1, items: 1 }),
      login({ at: second }),
      transaction({ at: 2 * second, amount: 250, items: 1 }),
      transaction({ at: 3 * second, amount: 20, items: 0 }),
    ]).engine
    expect(tally.evaluations[ruleOf('large')]).toBe(3)
    expect(tally.hits[ruleOf('large')]).toBe(1)
    expect(tally.hits[ruleOf('probe')]).toBe(1)
    expect(tally.badValue[ruleOf('divided')]).toBe(1)
    expect(tally.outOfFuel[ruleOf('divided')]).toBe(0)
    expect(tally.badValue[ruleOf('large')]).toBe(0)
  })

  it('does not count a pattern of which nothing is open and nothing begins', () => {
    const { tally } = run(rules, [transaction({ at: 0, amount: 20, items: 1 })]).engine
    expect(tally.evaluations[ruleOf('probe')]).toBe(0)
  })

  it('reads the clock for one event in many, and lets it stand for all of them', () => {
    let readings = 0
    const tally = new RuleTally(2, () => readings++)
    const before = readings
    for (let event = 0; event < 2 * 509; event++) {
      tally.begin()
      if (tally.beginTime()) for (const rule of [0, 1]) tally.addTime(rule)
      tally.end()
    }
    // A reading takes 1 ms here, which is no rule's.
    expect(readings - before).toBe(2 * 3)
    expect([...tally.time]).toEqual([0, 0])
  })

  it('takes the time of a reading off, so that what is left is the rule', () => {
    let now = 0
    const tally = new RuleTally(2, () => now++)
    tally.begin()
    tally.beginTime()
    now += 4
    tally.addTime(0)
    tally.addTime(1)
    expect([...tally.time]).toEqual([4 * 509, 0])
  })

  it('reads no clock where none is given', () => {
    const tally = new RuleTally(1, undefined)
    tally.begin()
    expect(tally.beginTime()).toBe(false)
  })
})
