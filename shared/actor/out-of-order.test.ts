import { describe, expect, it } from 'vitest'
import {
  type BankEvent,
  bankRules,
  featuresRule,
  login,
  minute,
  run,
  second,
  transaction,
  withoutRevisions,
} from '../../tests/support/bank.ts'
import { seededRandom } from '../../tests/support/random.ts'

const purchase = (id: string, atMinutes: number, fields: Readonly<Record<string, unknown>> = {}): BankEvent =>
  transaction({ id, at: atMinutes * minute, ...fields })

/** What was told, in few words. */
const words = (revisions: ReturnType<typeof run>['revisions']): string[] =>
  revisions.map(({ rule, events, status, revision }) => `${rule} ${events} ${status} ${revision}`)

describe('an event out of order', () => {
  it('is put in its place, and what follows is judged again', () => {
    const rules = bankRules({
      spree: `features: { n: { count: all, over: 10m } }\nwhen: n >= 3\nmessage: "{n} purchases"`,
    })
    const late = purchase('2', 2)
    const { revisions } = run(rules, [purchase('1', 1), purchase('3', 3), purchase('4', 4), late], { order: 'arrival' })
    expect(words(revisions)).toEqual(['spree 4 raised 1', 'spree 3 raised 1', 'spree 4 amended 2'])
    expect(revisions.map(({ message }) => message)).toEqual(['3 purchases', '3 purchases', '4 purchases'])
  })

  it('withdraws what it makes untrue, and what it makes true again is raised again', () => {
    const rules = bankRules({
      quiet: `
pattern:
  - begin: spend
    where: amount > 100
  - next: more
    where: amount > 100`,
    })
    const events = [purchase('1', 1, { amount: 200 }), purchase('5', 5, { amount: 200 })]
    const between = purchase('3', 3, { amount: 1 })
    const earlier = purchase('2', 2, { amount: 200 })
    const { revisions, alerts } = run(rules, [...events, between, earlier], { order: 'arrival' })
    expect(words(revisions)).toEqual([
      'quiet spend: 1, more: 5 raised 1',
      'quiet spend: 1, more: 5 withdrawn 2',
      'quiet spend: 1, more: 2 raised 1',
    ])
    expect(alerts.map(({ events }) => events)).toEqual(['spend: 1, more: 2'])
  })

  it('of one instant goes before those with greater ids', () => {
    const rules = bankRules({ look: featuresRule({ n: '{ count: all, over: 1m }' }) })
    const events = ['10', '9', 'b', 'a'].map((id) => purchase(id, 1))
    const { features } = run(rules, events, { order: 'arrival', wantsFeatures: true })
    expect(Object.entries(features).map(([name, { n }]) => `${name} ${n}`)).toEqual(
      expect.arrayContaining(['look A 9 1', 'look A a 2', 'look A b 3', 'look A 10 4']),
    )
  })

  it('before all others of a window bounded in number is in it', () => {
    const rules = bankRules({ look: featuresRule({ least: '{ min: amount, events: 1 }' }) })
    const rest = [login({ id: '1', at: 4 * minute }), purchase('2', 10, { amount: 4 }), purchase('3', 8, { amount: 7 })]
    const first = purchase('0', 1, { amount: 3 })
    const { features } = run(rules, [...rest, first], {
      order: 'arrival',
      wantsFeatures: true,
      latenessMs: 30 * minute,
    })
    expect(['0', '3', '2'].map((id) => features[`look A ${id}`]['least'])).toEqual([300, 700, 400])
  })
})

describe('a trailing absence', () => {
  const rules = bankRules({
    abandoned: `
on: [transaction, login]
pattern:
  - begin: login
    where: type == "login"
  - notFollowedBy: purchase
    where: type == "transaction"
within: 5m
message: "{key} bought nothing after {login.at}"`,
  })

  it('is told of its own account, whichever account moves the time', () => {
    const events = [login({ id: '1', at: 0 }), purchase('2', 60, { account: 'B' })]
    const [alert] = run(rules, events).alerts
    expect(alert).toMatchObject({
      key: 'A',
      at: 5 * minute,
      events: 'login: 1',
      message: 'A bought nothing after 1970-01-01T00:00:00.000Z',
    })
  })

  it('is told at once where time has passed it before it could begin', () => {
    const events = [purchase('2', 60, { account: 'B' }), login({ id: '1', at: 0 })]
    const { alerts } = run(rules, events, { order: 'arrival' })
    expect(withoutRevisions(alerts)).toEqual(withoutRevisions(run(rules, events).alerts))
    expect(alerts).toHaveLength(1)
  })

  it('is withdrawn when what was missing arrives after all', () => {
    const events = [login({ id: '1', at: 0 }), purchase('3', 7, { account: 'B' }), purchase('2', 4)]
    expect(words(run(rules, events, { order: 'arrival' }).revisions)).toEqual([
      'abandoned login: 1 raised 1',
      'abandoned login: 1 withdrawn 2',
    ])
  })

  it('whose time has not passed at the end is not told', () => {
    expect(run(rules, [login({ id: '1', at: 0 })], { until: 5 * minute - 1 }).alerts).toEqual([])
    expect(run(rules, [login({ id: '1', at: 0 })], { until: 5 * minute }).alerts).toHaveLength(1)
  })

  it('told before the lateness of its account began is withdrawn all the same', () => {
    const both = bankRules({
      soon: patternOf('3m'),
      later: patternOf('50m'),
    })
    const events = [login({ id: '1', at: 0 }), purchase('3', 60, { account: 'B' }), purchase('2', 1)]
    const { revisions, alerts } = run(both, events, { order: 'arrival', latenessMs: 2 * minute })
    expect(words(revisions)).toEqual([
      'soon login: 1 raised 1',
      'later login: 1 raised 1',
      'soon login: 1 withdrawn 2',
      'later login: 1 withdrawn 2',
    ])
    expect(alerts).toEqual([])
  })

  it('is told once, though an event before the next one comes later', () => {
    const soon = bankRules({ soon: patternOf('3m'), all: 'on: login\nwhen: success' })
    const events = [
      login({ id: '1', at: 0 }),
      login({ id: '2', at: 2 * minute }),
      login({ id: '9', at: 11 * minute }),
      login({ id: '8', at: 11 * minute }),
    ]
    const { revisions } = run(soon, events, { order: 'arrival', latenessMs: 2 * minute })
    expect(words(revisions.filter(({ rule }) => rule === 'soon'))).toEqual([
      'soon login: 1 raised 1',
      'soon login: 2 raised 1',
    ])
  })

  it('at the end of a group needs no further event either', () => {
    const grouped = bankRules({
      grouped: `
on: [transaction, login]
pattern:
  - begin: login
    where: type == "login"
  - followedBy: once
    group:
      - begin: purchase
        where: type == "transaction"
      - notFollowedBy: another
        where: type == "transaction"
within: 10m`,
    })
    const events = [login({ id: '1', at: 0 }), purchase('2', 1)]
    expect(words(run(grouped, events, { until: 60 * minute }).revisions)).toEqual([
      'grouped login: 1, purchase: 2 raised 1',
    ])
  })
})

const patternOf = (within: string): string => `
on: [transaction, login]
pattern:
  - begin: login
    where: type == "login"
  - notFollowedBy: purchase
    where: type == "transaction"
within: ${within}`

describe('runs that stay open long', () => {
  const rules = bankRules({
    drain: `
pattern:
  - begin: a
    where: amount < 5
  - followedBy: b
    where: channel == "web" && amount > a.amount
  - followedBy: c
    where: channel == "atm" && amount > 3 * b.amount
within: 50m
skip: past-last`,
  })

  it('go back many times, by few records and by many', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = seededRandom(seed)
      const events = Array.from({ length: 400 }, (_, i) =>
        transaction({
          id: `r${i}`,
          at: i * 10 * second,
          amount: Math.floor(random() * 12),
          channel: ['pos', 'pos', 'pos', 'web', 'atm'][Math.floor(random() * 5)],
        }),
      )
      const sent = events.map((event, i) => ({
        event,
        at: i + (random() < 0.2 ? random() * 150 : random() * 4),
      }))
      const arrival = sent.sort((a, b) => a.at - b.at).map(({ event }) => event)
      const sorted = run(rules, events)
      const arrived = run(rules, arrival, { order: 'arrival', latenessMs: 30 * minute })
      expect(arrived.outcomes.every((outcome) => outcome === 'applied')).toBe(true)
      expect(withoutRevisions(arrived.alerts)).toEqual(withoutRevisions(sorted.alerts))
      expect(sorted.alerts.length).toBeGreaterThan(3)
    }
  })
})

describe('a pattern that ends in an absence next to it', () => {
  it('is one alert, whichever event completes it', () => {
    const rules = bankRules({
      alone: `
pattern:
  - begin: first
    where: channel == "web"
  - notNext: again
    where: channel == "web"`,
    })
    const events = [
      transaction({ id: '1', at: minute, channel: 'web' }),
      transaction({ id: '3', at: minute }),
      transaction({ id: '2', at: minute }),
    ]
    const { revisions } = run(rules, events, { order: 'arrival' })
    expect(words(revisions)).toEqual(['alone first: 1 raised 1'])
  })

  const rules = bankRules({
    alone: `
pattern:
  - begin: first
    where: channel == "web" && amount > 10
  - notNext: again
    where: channel == "web"`,
  })
  const begin = purchase('1', 1, { channel: 'web', amount: 100 })
  const again = (id: string, atMinutes: number): BankEvent => purchase(id, atMinutes, { channel: 'web', amount: 1 })

  it('is raised again with its next revision, where it was withdrawn and another event completes it', () => {
    const events = [begin, purchase('4', 4), again('3', 3), purchase('2', 2)]
    const { revisions } = run(rules, events, { order: 'arrival' })
    expect(words(revisions)).toEqual([
      'alone first: 1 raised 1',
      'alone first: 1 withdrawn 2',
      'alone first: 1 raised 3',
    ])
  })

  it('can be withdrawn as long as an event may come before the one that completed it', () => {
    const events = [
      begin,
      purchase('3', 8),
      { ...begin, id: '4', at: 11.5 * minute },
      purchase('5', 11.6),
      again('2', 5),
    ]
    const { alerts } = run(rules, events, { order: 'arrival' })
    expect(withoutRevisions(alerts)).toEqual(withoutRevisions(run(rules, events).alerts))
  })
})
