import { expect, test } from 'vitest'
import type { Inner, Times } from './pattern.ts'
import { coffee, large, login, probe, small, strike, transfer, Watch, Writer } from './testing/watch.ts'

const pair = [probe, strike]

function pairs(options: { times?: Times; inner?: Inner; optional?: boolean }): Watch {
  const writer = new Writer()
  const steps = [writer.step('begin', 'probe', small), writer.step('next', 'strike', large)]
  return new Watch(writer, [
    writer.step('begin', 'login', login),
    writer.group('followedBy', steps, options),
    writer.step('followedBy', 'transfer', transfer),
  ])
}

test('a group is taken as a whole, in order', () => {
  expect(
    pairs({})
      .seeAll([{ kind: 'login' }, coffee, ...pair, { kind: 'transfer' }])
      .news(),
  ).toEqual(['matched login 1, probe 3, strike 4, transfer 5'])
  expect(
    pairs({})
      .seeAll([{ kind: 'login' }, probe, coffee, strike, { kind: 'transfer' }])
      .news(),
  ).toEqual([])
})

test('rounds are counted, and their events are those of their steps', () => {
  const events = [{ kind: 'login' } as const, ...pair, ...pair, { kind: 'transfer' } as const]
  expect(
    pairs({ times: { from: 2, to: 2 } })
      .seeAll(events)
      .news(),
  ).toEqual(['matched login 1, probe 2, strike 3, probe 4, strike 5, transfer 6'])
})

test('strict rounds follow each other at once', () => {
  const events = [{ kind: 'login' } as const, ...pair, coffee, ...pair, { kind: 'transfer' } as const]
  expect(
    pairs({ times: { from: 2, to: 2 }, inner: 'strict' })
      .seeAll(events)
      .news(),
  ).toEqual([])
  expect(
    pairs({ times: { from: 2, to: 2 } })
      .seeAll(events)
      .news(),
  ).toHaveLength(1)
})

test('an optional group may be left out', () => {
  expect(
    pairs({ optional: true })
      .seeAll([{ kind: 'login' }, coffee, { kind: 'transfer' }])
      .news(),
  ).toEqual(['matched login 1, transfer 3'])
})

test('a loop over a group reports each number of rounds', () => {
  const writer = new Writer()
  const steps = [writer.step('begin', 'probe', small), writer.step('next', 'strike', large)]
  const watch = new Watch(writer, [writer.group('begin', steps, { times: { from: 1, to: null } })])
  expect(watch.seeAll([...pair, ...pair]).news()).toEqual([
    'matched probe 1, strike 2',
    'matched probe 1, strike 2, probe 3, strike 4',
    'matched probe 3, strike 4',
  ])
})

test('a loop over a group of optional steps comes to an end', () => {
  const writer = new Writer()
  const steps = [
    writer.step('begin', 'probe', small, { optional: true }),
    writer.step('followedBy', 'strike', large, { optional: true }),
  ]
  const watch = new Watch(writer, [writer.group('begin', steps, { times: { from: 1, to: null } })])
  expect(watch.see(probe).news()).toContain('matched probe 1')
})
