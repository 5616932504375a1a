import { describe, expect, it } from 'vitest'
import {
  type BankEvent,
  bankRules,
  type Findings,
  hour,
  minute,
  run,
  transaction,
  transfer,
  withoutRevisions,
} from '../../tests/support/bank.ts'

const purchase = (atMinutes: number, fields: Readonly<Record<string, unknown>> = {}): BankEvent =>
  transaction({ id: String(atMinutes), at: atMinutes * minute, ...fields })

/** Rule and events of what stands. */
const standing = ({ alerts }: Findings): string[] => alerts.map(({ rule, events }) => `${rule} ${events}`)
const told = ({ revisions }: Findings): string[] =>
  revisions.map(({ rule, events, status, revision }) => `${rule} ${events} ${status} ${revision}`)

const scenario = (lines: string): Record<string, string> => ({
  'ring/scenario.yaml': `scenario: ring\ntitle: Ring\n${lines}`,
})

/** Both orders must find the same; gives what the order of arrival finds. */
function inAnyOrder(...[rules, events, options]: Parameters<typeof run>): Findings {
  const sorted = run(rules, events, { ...options, order: 'sorted' })
  const arrived = run(rules, events, { ...options, order: 'arrival' })
  expect(withoutRevisions(arrived.alerts)).toEqual(withoutRevisions(sorted.alerts))
  expect(arrived.decisions).toEqual(sorted.decisions)
  return arrived
}

describe('the id of an alert', () => {
  const rules = bankRules({ large: 'when: amount > 100' })

  it('is the same in every run, and another for another event, key or version', () => {
    const ids = [
      run(rules, [purchase(1, { amount: 200 })]),
      run(rules, [purchase(1, { amount: 300 }), purchase(9)]),
      run(rules, [purchase(2, { amount: 200 })]),
      run(rules, [purchase(1, { amount: 200, account: 'B' })]),
      run(bankRules({ large: 'when: amount > 101' }), [purchase(1, { amount: 200 })]),
    ].map(({ alerts }) => alerts[0].id)
    expect(ids[1]).toBe(ids[0])
    expect(new Set(ids).size).toBe(4)
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/)
  })

  it('of a key of two fields is one for each account', () => {
    const both = bankRules({ large: 'on: transfer\nwhen: amount > 100\nmessage: "{key}"' })
    const found = run(both, [
      transfer({ id: '1', at: 0, amount: 200 }),
      transfer({ id: '2', at: 1, amount: 200, creditor: 'A' }),
    ])
    expect(found.alerts.map(({ events, key, message }) => `${events} ${key} ${message}`)).toEqual([
      '1 A A',
      '1 B B',
      '2 A A',
    ])
    expect(new Set(found.alerts.map(({ id }) => id)).size).toBe(3)
  })
})

describe('revisions', () => {
  it('go from raised over amended to withdrawn and back, one number each', () => {
    const rules = bankRules({
      alone: 'features: { n: { count: all, over: 5m }, sum: { sum: amount, over: 5m } }\nwhen: n <= 2 && amount > 50',
    })
    const found = inAnyOrder(rules, [
      purchase(10, { amount: 60 }),
      purchase(9, { amount: 1 }),
      purchase(8, { amount: 1 }),
      purchase(3, { amount: 1 }),
    ])
    expect(told(found)).toEqual(['alone 10 raised 1', 'alone 10 amended 2', 'alone 10 withdrawn 3'])
  })

  it('are not told where nothing has changed', () => {
    const rules = bankRules({ large: 'when: amount > 50' })
    expect(told(inAnyOrder(rules, [purchase(10, { amount: 60 }), purchase(9), purchase(8)]))).toEqual([
      'large 10 raised 1',
    ])
  })
})

describe('a cooldown', () => {
  const rules = bankRules({ large: 'when: amount > 50\ncooldown: 10m' })
  const large = (at: number, account = 'A') => purchase(at, { amount: 60, account })

  it('lets no alert follow another of its rule and key until it is over', () => {
    const found = run(rules, [large(0), large(5), large(9), large(10), large(12), large(21), large(6, 'B')])
    expect(standing(found)).toEqual(['large 0', 'large 6', 'large 10', 'large 21'])
  })

  it('follows the order of events, not that of arrival', () => {
    const found = inAnyOrder(rules, [large(12), large(5), large(17)], { latenessMs: 10 * minute })
    expect(standing(found)).toEqual(['large 5', 'large 17'])
    expect(told(found)).toEqual(['large 12 raised 1', 'large 5 raised 1', 'large 12 withdrawn 2', 'large 17 raised 1'])
  })

  it('longer than the lateness still holds', () => {
    const slow = bankRules({ large: 'when: amount > 50\ncooldown: 2h' })
    const events = [0, 30, 61, 119, 120, 200, 180, 241].map((at) => large(at))
    expect(standing(inAnyOrder(slow, events, { latenessMs: 25 * minute }))).toEqual([
      'large 0',
      'large 120',
      'large 241',
    ])
  })

  it('does not mute by an alert that was withdrawn', () => {
    const first = bankRules({ pair: 'features: { n: { count: all, over: 3m } }\nwhen: n == 2\ncooldown: 10m' })
    const found = inAnyOrder(first, [purchase(1), purchase(3), purchase(6), purchase(8), purchase(2)])
    expect(standing(found)).toEqual(['pair 2'])
  })

  it('chooses among matches of one event by their events, also when one of them comes back', () => {
    const pattern = bankRules({
      strike: `
cooldown: 1h
pattern:
  - begin: a
    where: channel == "a"
  - followedBy: x
    where: channel == "x"
  - notFollowedBy: n
    where: channel == "n"
  - followedBy: b
    where: channel == "b" && amount > a.amount
within: 1h
skip: { to-first: x }`,
    })
    const steps = ['a 9', 'a 1', 'x 1', 'a 1', 'x 1', 'b 5', 'b 10'].map((text, i) => {
      const [channel, amount] = text.split(' ')
      return purchase(i < 6 ? i : 8, { channel, amount: Number(amount) })
    })
    const found = inAnyOrder(pattern, [...steps, purchase(7, { channel: 'n' })])
    expect(standing(found)).toEqual(['strike a: 1, x: 2, b: 5'])
  })
})

describe('a match that is held back', () => {
  const rules = bankRules({
    strike: `
pattern:
  - begin: low
    where: channel == "pos"
  - followedBy: high
    where: channel == "web" && amount > low.amount
within: 1h
skip: past-last`,
  })
  const events = [
    purchase(0, { amount: 9 }),
    purchase(1, { amount: 1 }),
    purchase(2, { amount: 5, channel: 'web' }),
    purchase(20, { amount: 10, channel: 'web' }),
  ]

  it('is raised at once, and withdrawn when an older one skips it', () => {
    expect(told(run(rules, events))).toEqual([
      'strike low: 1, high: 2 raised 1',
      'strike low: 1, high: 2 withdrawn 2',
      'strike low: 0, high: 20 raised 1',
    ])
  })

  it('may come back long after the lateness of its own event', () => {
    const reset = purchase(19, { amount: 8, channel: 'web' })
    const found = inAnyOrder(rules, [...events, reset], { latenessMs: 3 * minute })
    expect(standing(found)).toEqual(['strike low: 0, high: 20'])
    const earlier = bankRules({
      strike: `
pattern:
  - begin: low
    where: channel == "pos"
  - notFollowedBy: reset
    where: channel == "atm"
  - followedBy: high
    where: channel == "web" && amount > low.amount
within: 1h
skip: past-last`,
    })
    const undone = inAnyOrder(earlier, [...events, purchase(19, { channel: 'atm' })], { latenessMs: 3 * minute })
    expect(standing(undone)).toEqual(['strike low: 1, high: 2'])
  })
})

describe('a match that is found again at later events', () => {
  const rule = (skip: string) =>
    bankRules({
      burst: `
pattern:
  - begin: all
    times: 1+
    group:
      - begin: buy
        where: amount > 100
  - notNext: login
    where: channel == "login"
skip: ${skip}`,
    })
  const ats = [0, 1, 2, 3, 30, 31, 60]
  const events = ats.map((at) => purchase(at, { amount: at < 2 ? 200 : 1 }))
  const first = ['burst buy: 0 raised 1', 'burst buy: 0 1 raised 1', 'burst buy: 1 raised 1']

  it('is one alert, told once, however long ago that was', () => {
    expect(told(run(rule('none'), events))).toEqual(first)
    expect(told(run(rule('none'), events, { order: 'arrival', latenessMs: 5 * minute }))).toEqual(first)
  })

  it('is that alert, too, where an event comes out of order before the one at which it was found', () => {
    const [zero, one, two, three, ...others] = events
    expect(told(run(rule('none'), [zero, one, three, ...others, two], { order: 'arrival', latenessMs: hour }))).toEqual(
      first,
    )
  })

  it('is one alert where an event completes it, and time once more', () => {
    const rules = bankRules({
      quiet: `
pattern:
  - begin: buy
    where: amount > 100
  - followedBy: rest
    optional: true
    group:
      - begin: others
        group:
          - begin: web
            where: channel == "web"
            optional: true
      - notFollowedBy: login
        where: channel == "login"
within: 5m`,
    })
    const two = [purchase(0, { amount: 200 }), purchase(1)]
    for (const order of ['sorted', 'arrival'] as const)
      expect(told(run(rules, two, { order, until: hour }))).toEqual(['quiet buy: 0 raised 1'])
  })

  it('is held back once, and stands once', () => {
    const login = purchase(70, { channel: 'login' })
    for (const order of ['sorted', 'arrival'] as const) {
      const found = run(rule('{ to-first: login }'), [...events, login], { order, latenessMs: 5 * minute })
      expect(told(found)).toEqual(first)
      expect(found.engine.oldestUnsettledAt).toBe(Number.POSITIVE_INFINITY)
    }
  })
})

describe('a scenario', () => {
  const parts = {
    small: 'score: 30\nwhen: amount > 10\nreason: SMALL',
    large: 'score: 40\nwhen: amount > 100\nreason: LARGE',
    busy: 'score: 45\nby: terminal\nfeatures: { n: { count: all, over: 10m } }\nwhen: n >= 2\nreason: BUSY',
  }
  const all = 'rules: [small, large, busy]\n'

  it('adds scores up to 100 and alerts from its threshold on', () => {
    const rules = bankRules(parts, scenario(`${all}combine: sum\nthresholds: { alert: 70, review: 70, decline: 100 }`))
    const found = run(rules, [purchase(1, { amount: 50 }), purchase(2, { amount: 200 })], { wantsDecisions: true })
    expect(standing(found)).toEqual(['large 2', 'small 2'])
    expect(found.decisions['1']).toEqual({
      outcome: 'allow',
      score: 30,
      reasons: ['SMALL'],
      alerts: [],
      scenarios: { ring: 30 },
    })
    expect(found.decisions['2']).toMatchObject({ outcome: 'review', score: 70, reasons: ['LARGE', 'SMALL'] })
    expect(found.decisions['2'].alerts).toEqual(found.alerts.map(({ id }) => id).sort())
    const [third] = Object.values(
      run(
        rules,
        [1, 2].map((at) => purchase(at, { amount: 200, terminal: 'T' })),
        { wantsDecisions: true },
      ).decisions,
    ).slice(-1)
    expect(third).toMatchObject({ outcome: 'decline', score: 100 })
  })

  it('takes the highest score where it says so, and the gravest outcome reached', () => {
    const rules = bankRules(parts, scenario(`${all}combine: max\nthresholds: { challenge: 30, hold: 40, decline: 90 }`))
    const found = run(rules, [purchase(1, { amount: 200 }), purchase(2, { amount: 50 }), purchase(3)], {
      wantsDecisions: true,
    })
    expect(Object.values(found.decisions).map(({ outcome, score }) => `${outcome} ${score}`)).toEqual([
      'hold 40',
      'challenge 30',
      'allow 0',
    ])
  })

  it('joins what the account and the terminal find, whichever of them learns of it last', () => {
    const rules = bankRules(parts, scenario(`${all}combine: sum\nthresholds: { alert: 75 }`))
    const events = [
      purchase(4, { amount: 50, terminal: 'T' }),
      // Long after the lateness for account A, but not for terminal T.
      purchase(100, { amount: 50 }),
      purchase(3, { account: 'B', terminal: 'T' }),
    ]
    for (const wantsDecisions of [true, false])
      expect(standing(inAnyOrder(rules, events, { wantsDecisions }))).toEqual(['busy 4', 'small 4'])
  })

  it('counts a hit that a cooldown mutes', () => {
    const rules = bankRules(
      { ...parts, small: `${parts.small}\ncooldown: 1h` },
      scenario(`${all}combine: sum\nthresholds: { challenge: 30 }`),
    )
    const found = run(rules, [purchase(1, { amount: 50 }), purchase(2, { amount: 50 })], { wantsDecisions: true })
    expect(standing(found)).toEqual(['small 1'])
    expect(found.decisions['2']).toMatchObject({ outcome: 'challenge', score: 30, alerts: [] })
  })

  it('decides nothing by rules outside, nor for events that none of its rules sees', () => {
    const rules = bankRules(
      { ...parts, outside: 'when: amount > 0', small: `where: channel == "web"\n${parts.small}` },
      scenario('rules: [small]\ncombine: sum\nthresholds: { challenge: 30 }'),
    )
    const found = run(rules, [purchase(1), purchase(2, { channel: 'web' })], { wantsDecisions: true })
    expect(found.decisions).toEqual({ '2': { outcome: 'allow', score: 0, reasons: [], alerts: [], scenarios: {} } })
    expect(standing(found)).toEqual(['outside 1', 'outside 2'])
  })

  it('scores a match that time completed alone', () => {
    const silence = `
score: 60
pattern:
  - begin: buy
    where: amount > 100
  - notFollowedBy: more
    where: amount > 0
within: 5m`
    const rules = bankRules(
      { silence, large: parts.large },
      scenario('rules: [silence, large]\ncombine: sum\nthresholds: { alert: 60, decline: 60 }'),
    )
    const found = run(rules, [purchase(1, { amount: 200 })], { until: hour, wantsDecisions: true })
    expect(standing(found)).toEqual(['silence buy: 1'])
    expect(found.decisions['1']).toMatchObject({ outcome: 'allow', score: 40 })
  })
})

describe('an event that is late', () => {
  const rules = bankRules({
    account: 'features: { n: { count: all, over: 1h } }\nwhen: n >= 2',
    terminal: 'by: terminal\nfeatures: { n: { count: all, over: 1h } }\nwhen: n >= 2',
  })

  it('is left out by the actor for which it is, from the highest time less the lateness down', () => {
    const { outcomes, alerts } = run(rules, [purchase(30), purchase(20), purchase(21)], { order: 'arrival' })
    expect(outcomes).toEqual(['applied', 'late', 'applied'])
    expect(alerts.map(({ events }) => events)).toEqual(['30'])
  })

  it('is taken by others that are not so far', () => {
    const events = [purchase(5, { account: 'B', terminal: 'T' }), purchase(30), purchase(4, { terminal: 'T' })]
    const found = run(rules, [...events, events[2]], { order: 'arrival' })
    expect(found.outcomes).toEqual(['applied', 'applied', 'late', 'late'])
    expect(standing(found)).toEqual(['terminal 5'])
  })

  it('does not move time for others', () => {
    const { engine } = run(rules, [purchase(30), purchase(5)], { order: 'arrival' })
    expect(engine.now).toBe(30 * minute)
  })
})

describe('a known id', () => {
  const rules = bankRules({ all: 'when: amount > 0' })

  it('with the same content is a repeat, with another a conflict, and the first stays', () => {
    const first = purchase(5, { amount: 1 })
    const events = [first, { ...first }, { ...first, amount: 2 }, { ...first, at: 6 * minute }, { ...first, at: 1 }]
    const { outcomes, alerts } = run(rules, events, { order: 'arrival' })
    expect(outcomes).toEqual(['applied', 'duplicate', 'conflict', 'conflict', 'conflict'])
    expect(alerts).toHaveLength(1)
  })

  it('is another event once the lateness has passed between them', () => {
    const first = purchase(5)
    const again = (at: number) => ({ ...first, at: at * minute })
    expect(run(rules, [first, again(15)], { order: 'arrival' }).outcomes).toEqual(['applied', 'applied'])
    expect(run(rules, [first, { ...first, at: 15 * minute - 1 }], { order: 'arrival' }).outcomes).toEqual([
      'applied',
      'conflict',
    ])
  })
})
