import { describe, expect, test } from 'vitest'
import type { Where } from './testing/watch.ts'
import { coffee, probe, small, strike, Watch, Writer } from './testing/watch.ts'

const anyCard: Where = ({ kind }) => kind === 'card'

function probesThenAnything(options: { greedy: boolean; until?: Where }): Watch {
  const writer = new Writer()
  return new Watch(writer, [
    writer.step('begin', 'probe', small, { times: { from: 1, to: null }, ...options }),
    writer.step('followedBy', 'after', anyCard),
  ])
}

describe('greedy', () => {
  test('the next step gets only what the greedy one does not want', () => {
    expect(probesThenAnything({ greedy: true }).seeAll([probe, probe, strike]).news().sort()).toEqual([
      'matched probe 1 2, after 3',
      'matched probe 2, after 3',
    ])
  })

  test('without it, the next step may take what the loop would have taken', () => {
    expect(probesThenAnything({ greedy: false }).seeAll([probe, probe, strike]).news().sort()).toEqual([
      'matched probe 1 2, after 3',
      'matched probe 1, after 2',
      'matched probe 2, after 3',
    ])
  })

  test('has no effect at the end of a pattern', () => {
    const writer = new Writer()
    const watch = new Watch(writer, [
      writer.step('begin', 'probe', small, { times: { from: 1, to: null }, greedy: true }),
    ])
    expect(watch.seeAll([probe, probe]).news()).toEqual(['matched probe 1', 'matched probe 1 2', 'matched probe 2'])
  })

  test('a range takes as many as it may', () => {
    const writer = new Writer()
    const watch = new Watch(writer, [
      writer.step('begin', 'probe', small, { times: { from: 1, to: 2 }, greedy: true }),
      writer.step('next', 'after', anyCard),
    ])
    expect(watch.seeAll([probe, probe, coffee]).news()).toEqual([
      'matched probe 1 2, after 3',
      'matched probe 2, after 3',
    ])
  })
})

describe('until', () => {
  const atLeastFifty: Where = ({ amount }) => amount >= 50

  test('ends the loop, and the next step may take the event that ended it', () => {
    const writer = new Writer()
    const watch = new Watch(writer, [
      writer.step('begin', 'card', ({ amount }) => amount > 0, { times: { from: 1, to: null }, until: atLeastFifty }),
      writer.step('next', 'large', atLeastFifty),
    ])
    expect(watch.seeAll([probe, strike, strike]).news()).toEqual(['matched card 1, large 2'])
    expect(watch.handle).toBe(0)
  })

  test('leaves no run behind that waits for more', () => {
    const writer = new Writer()
    const watch = new Watch(writer, [
      writer.step('begin', 'probe', small, { times: { from: 1, to: null }, until: atLeastFifty }),
    ])
    expect(watch.seeAll([probe, coffee, probe]).matcher.openRuns(watch.handle)).toBeGreaterThan(0)
    expect(watch.see(strike).handle).toBe(0)
  })

  test('lets a greedy loop go', () => {
    const watch = probesThenAnything({ greedy: true, until: ({ at }) => at >= 10 })
    watch.seeAll([probe, { ...probe, at: 5 }, { ...probe, at: 10 }])
    expect(watch.news().sort()).toEqual(['matched probe 1 2, after 3', 'matched probe 2, after 3'])
  })

  test('is judged with what the run has taken', () => {
    const writer = new Writer()
    const spent: Where = (_, run) => run.in('card').reduce((sum, { amount }) => sum + amount, 0) >= 8
    const watch = new Watch(writer, [
      writer.step('begin', 'card', anyCard, { times: { from: 1, to: null }, inner: 'strict', until: spent }),
    ])
    watch.seeAll([coffee, coffee, coffee])
    expect(watch.news()).toEqual([
      'matched card 1',
      'matched card 1 2',
      'matched card 2',
      'matched card 2 3',
      'matched card 3',
    ])
  })
})
