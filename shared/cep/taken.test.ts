import { expect, test } from 'vitest'
import { large, probe, small, strike, Watch, Writer } from './testing/watch.ts'

test('a condition reads what the run has taken, without the event being judged', () => {
  const writer = new Writer()
  const seen: string[] = []
  const steps = [
    writer.step('begin', 'probe', small, { times: { from: 2, to: null } }),
    writer.step('next', 'strike', (activity, run) => {
      const { taken } = run
      seen.push(`${taken.count(0)} ${taken.first(0)} ${taken.last(0)} ${taken.position(0, 1)} ${taken.position(0, 9)}`)
      seen.push(`${taken.count(1)} ${taken.last(1)}`)
      return large(activity, run)
    }),
  ]
  new Watch(writer, steps).seeAll([probe, probe, strike])
  expect(seen).toEqual(['2 1 2 2 -1', '0 -1'])
})

test('branches see their own events only', () => {
  const writer = new Writer()
  const steps = [
    writer.step('begin', 'probe', small, { times: { from: 1, to: null }, inner: 'any' }),
    writer.step('followedBy', 'strike', ({ amount }, run) => {
      const sum = run.in('probe').reduce((total, activity) => total + activity.amount, 0)
      return amount === 100 * sum
    }),
  ]
  const watch = new Watch(writer, steps)
  watch.seeAll([
    { ...probe, amount: 1 },
    { ...probe, amount: 1.5 },
    { ...strike, amount: 150 },
  ])
  expect(watch.news()).toEqual(['matched probe 2, strike 3'])
})

test('positions are not written where there is no room for them', () => {
  const writer = new Writer()
  const room = new Uint32Array(1)
  let count = 0
  const steps = [
    writer.step('begin', 'probe', small, { times: { from: 2, to: 2 } }),
    writer.step('next', 'strike', (_, run) => {
      count = run.taken.positions(0, room)
      return true
    }),
  ]
  new Watch(writer, steps).seeAll([probe, probe, strike])
  expect([count, room[0]]).toEqual([2, 0])
})
