import { afterEach, describe, expect, it, vi } from 'vitest'
import { type BankEvent, bankRules, hour, run, transaction } from '../../tests/support/bank.ts'
import { Fuel } from '../cep/fuel.ts'
import { Arena } from '../memory/arena.ts'
import { costedEvents, costOf, type RuleCost } from './rule-cost.ts'

const { refill } = Fuel.prototype

const ofOne = (lines: string): RuleCost => costOf(bankRules({ rule: lines }))[0]

const probeThenStrike = (options: string): string => `
pattern:
  - begin: probe
    where: amount < 5
    times: 3+
  - followedBy: strike
    where: amount > 100 && amount > 20 * avg(probe.amount)
${options}`

/** Twenty events within 30 days for each account, so that all are in the windows of every rule. */
function month(accounts: number, fields: (i: number) => Partial<BankEvent>): BankEvent[] {
  return Array.from({ length: costedEvents * accounts }, (_, i) => {
    const [round, account] = [Math.floor(i / accounts), i % accounts]
    return transaction({ id: String(i), at: round * 35 * hour + account, account: `A${account}`, ...fields(round) })
  })
}

describe('bytes for an account', () => {
  const rules = {
    conditionAlone: 'when: amount > 100',
    averages: `
features: { usual: { avg: amount, over: 30d, current: exclude }, n: { count: all, over: 1h } }
when: n > 3 && amount > 4 * usual`,
    allKinds: `
features:
  shops: { distinct: merchant.id, over: 30d }
  largest: { max: amount, over: 30d }
  risks: { stddev: risk, over: 7d }
  shop: { last: merchant.id, over: 30d }
  pause: { elapsed: all }
when: shops > 3 && shop != merchant.id && largest > amount && risks > 0.0 && pause > duration("1h")`,
    telling: 'features: { n: { count: all, over: 30d } }\nwhen: n > 100\nmessage: "{merchant.id}, {channel}, {amount}"',
  }

  it.each(Object.entries(rules))('are those that the arena gives it: %s', (_, lines) => {
    const accounts = 1024
    const arena = new Arena(2 ** 28)
    run(
      bankRules({ rule: lines }),
      month(accounts, (i) => ({ risk: i / 7, merchant: { id: `shop ${i % 9}` } })),
      { arena },
    )
    const { atEvents } = ofOne(lines).bytesPerAccount
    const real = (arena.usedWords * 4) / accounts
    expect(real).toBeLessThanOrEqual(atEvents)
    // A window of less than the whole month keeps fewer events, and a maximum as few as come near it.
    expect(real).toBeGreaterThan(atEvents * 0.9)
  })

  it('with open runs are at most those that are foretold, and nearly those if each event does its worst', () => {
    const accounts = 256
    const arena = new Arena(2 ** 28)
    const lines = probeThenStrike('within: 31d\nskip: past-last')
    run(
      bankRules({ rule: lines }),
      month(accounts, () => ({ amount: 1 })),
      { arena },
    )
    const { atEvents, openRuns } = ofOne(lines).bytesPerAccount
    const real = (arena.usedWords * 4) / accounts
    expect(real).toBeLessThanOrEqual((atEvents + openRuns) * 1.1)
    expect(real).toBeGreaterThan((atEvents + openRuns) * 0.9)
  })

  it('of rules that share what they keep are less than the sum of theirs', () => {
    const both = { one: rules.averages, two: rules.averages.replace('n > 3', 'n > 5') }
    const arena = new Arena(2 ** 28)
    run(
      bankRules(both),
      month(1024, () => ({})),
      { arena },
    )
    const [one, two] = costOf(bankRules(both)).map(({ bytesPerAccount }) => bytesPerAccount.atEvents)
    expect((arena.usedWords * 4) / 1024).toBeLessThan((one + two) * 0.6)
  })
})

describe('operations for an event', () => {
  afterEach(() => vi.restoreAllMocks())

  /** The most that an event has used. */
  function measured(lines: string, events: readonly BankEvent[]): number {
    let most = 0
    const fuels = new Set<Fuel>()
    vi.spyOn(Fuel.prototype, 'refill').mockImplementation(function (this: Fuel) {
      if (fuels.has(this)) most = Math.max(most, this.used)
      fuels.add(this)
      refill.call(this)
    })
    run(bankRules({ rule: lines }), events)
    for (const fuel of fuels) most = Math.max(most, fuel.used)
    return most
  }

  const worst = month(1, (i) => ({ amount: i === costedEvents - 1 ? 2000 : 1 }))

  it.each([
    ['a loop', probeThenStrike('within: 31d'), 0.5],
    ['a loop, of which a match skips the rest', probeThenStrike('within: 31d\nskip: past-last'), 0.02],
    ['any later event', 'pattern:\n  - begin: a\n  - followedByAny: b\nwithin: 31d', 0.5],
    ['a rule that is never at rest', 'pattern:\n  - begin: a\n  - next: b\nwithin: 31d', 0.5],
    [
      'a group',
      `
pattern:
  - begin: pair
    times: 2+
    group: [{ begin: one, where: amount < 5 }, { followedBy: two, where: amount < 5 && one.amount < 5 }]
  - followedBy: end
    where: amount > 100
within: 31d`,
      0.05,
    ],
  ])('are never more than foretold, and not much less: %s', (_, lines, share) => {
    const used = measured(lines, worst)
    const { operations } = ofOne(lines).workPerEvent
    expect(used).toBeLessThanOrEqual(operations)
    expect(used).toBeGreaterThan(operations * share)
  })

  it('of a condition that reads the runs are foretold, too', () => {
    const [reading, plain] = ['20 * avg(probe.amount)', '2000'].map((limit) =>
      probeThenStrike('within: 31d').replace('amount > 20 * avg(probe.amount)', `amount > 5 && 3 > ${limit}`),
    )
    const silent = month(1, (i) => ({ amount: i === costedEvents - 1 ? 200 : 1 }))
    const more = measured(reading, silent) - measured(plain, silent)
    const foretold = ofOne(reading).workPerEvent.operations - ofOne(plain).workPerEvent.operations
    expect(more).toBeGreaterThan(1000)
    expect(more).toBeLessThanOrEqual(foretold)
    expect(more).toBeGreaterThan(foretold / 10)
  })

  it('grow with the events of a loop, and with what reads them', () => {
    const once = ofOne(probeThenStrike('within: 1h').replace('times: 3+', 'times: 3')).workPerEvent
    const loop = ofOne(probeThenStrike('within: 1h')).workPerEvent
    const reading = ofOne(probeThenStrike('within: 1h').replace('avg(probe.amount)', 'probe.amount')).workPerEvent
    expect(loop.operations).toBeGreaterThan(3 * once.operations)
    expect(loop.operations).toBeGreaterThan(reading.operations)
    expect(loop).toMatchObject({ runs: 173, matches: 153 })
  })
})

describe('the dearest part', () => {
  it.each([
    ['message', 'features: { n: { count: all, over: 1h } }\nwhen: n > 2\nmessage: "{channel} {terminal} {n}"', 6, 10],
    [
      'feature "shops" (distinct over 1h)',
      'features:\n  n: { count: all, over: 1h }\n  shops: { distinct: merchant.id, over: 1h }\nwhen: shops > n',
      6,
      3,
    ],
    ['runs by step "probe" (times: 3+)', probeThenStrike('within: 1h').trim(), 7, 12],
    [
      'runs by group "pair" (times: 1+)',
      'pattern:\n  - begin: first\n  - followedBy: pair\n    times: 1+\n    group:\n      - begin: a\n      - followedBy: b\nwithin: 1h',
      7,
      12,
    ],
  ])('is %s, with its place', (construct, lines, line, column) => {
    expect(ofOne(lines).dearest).toMatchObject({ name: construct, place: { line, column } })
  })
})
