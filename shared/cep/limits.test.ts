import { describe, expect, test } from 'vitest'
import { coffee, large, probe, small, strike, Watch, Writer } from './testing/watch.ts'

describe('within, for the whole pattern', () => {
  function probeThenStrike(withinMs: number): Watch {
    const writer = new Writer()
    const steps = [writer.step('begin', 'probe', small), writer.step('followedBy', 'strike', large)]
    return new Watch(writer, steps, { withinMs })
  }

  test('is half open', () => {
    expect(
      probeThenStrike(10)
        .seeAll([
          { ...probe, at: 0 },
          { ...strike, at: 9 },
        ])
        .news(),
    ).toEqual(['matched probe 1, strike 2'])
    expect(
      probeThenStrike(10)
        .seeAll([
          { ...probe, at: 0 },
          { ...strike, at: 10 },
        ])
        .news(),
    ).toEqual(['at 10 timed out probe 1'])
  })

  test('ends runs one by one, each at its own instant, whenever time is seen to pass', () => {
    const watch = probeThenStrike(10).seeAll([
      { ...probe, at: 0 },
      { ...probe, at: 4 },
    ])
    expect(watch.until(13).news()).toEqual(['at 10 timed out probe 1'])
    expect(watch.until(99).news()).toEqual(['at 14 timed out probe 2'])
    expect(watch.handle).toBe(0)
  })

  test('of 0 is none', () => {
    expect(
      probeThenStrike(0)
        .seeAll([
          { ...probe, at: 0 },
          { ...strike, at: 1e9 },
        ])
        .news(),
    ).toHaveLength(1)
  })
})

describe('within, of a step', () => {
  test('counts from the event before, not from the first', () => {
    const writer = new Writer()
    const watch = new Watch(writer, [
      writer.step('begin', 'probe', small),
      writer.step('followedBy', 'second', small),
      writer.step('followedBy', 'strike', large, { withinMs: 10 }),
    ])
    watch.seeAll([
      { ...probe, at: 0 },
      { ...probe, at: 100 },
      { ...strike, at: 109 },
    ])
    expect(watch.news()).toEqual(['matched probe 1, second 2, strike 3'])
    watch.seeAll([
      { ...probe, at: 200 },
      { ...probe, at: 300 },
      { ...strike, at: 310 },
    ])
    expect(watch.news()).toContain('at 310 timed out probe 4, second 5')
  })
})

describe('gap', () => {
  function threeProbes(gapMs: number): Watch {
    const writer = new Writer()
    return new Watch(writer, [
      writer.step('begin', 'before', large),
      writer.step('followedBy', 'probe', small, { times: { from: 3, to: 3 }, gapMs }),
    ])
  }

  test('limits the time between the events of a step', () => {
    const seen = threeProbes(10).seeAll([
      { ...strike, at: 0 },
      { ...probe, at: 5 },
      { ...probe, at: 15 },
    ])
    expect(seen.news()).toEqual(['at 15 timed out before 1, probe 2'])
  })

  test('does not limit the last one, as in Flink', () => {
    const watch = threeProbes(10)
    watch.seeAll([{ ...strike, at: 0 }, { ...probe, at: 5 }, { ...probe, at: 9 }, { ...coffee, at: 500 }, probe])
    expect(watch.news()).toEqual(['matched before 1, probe 2 3 5'])
  })
})
