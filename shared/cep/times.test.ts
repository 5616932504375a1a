import { describe, expect, test } from 'vitest'
import type { Inner } from './pattern.ts'
import { coffee, large, login, probe, small, strike, Watch, Writer } from './testing/watch.ts'

function probes(from: number, to: number | null, inner: Inner = 'relaxed'): Watch {
  const writer = new Writer()
  return new Watch(writer, [writer.step('begin', 'probe', small, { times: { from, to }, inner })])
}

function probesThenStrike(from: number, to: number | null, inner: Inner = 'relaxed'): Watch {
  const writer = new Writer()
  return new Watch(writer, [
    writer.step('begin', 'probe', small, { times: { from, to }, inner }),
    writer.step('followedBy', 'strike', large),
  ])
}

describe('times', () => {
  test('takes exactly so many', () => {
    expect(probes(3, 3).seeAll([probe, probe, probe, probe]).news()).toEqual([
      'matched probe 1 2 3',
      'matched probe 2 3 4',
    ])
  })

  test('a range reports every count as a match of its own', () => {
    expect(probes(1, 2).seeAll([probe, probe]).news()).toEqual([
      'matched probe 1',
      'matched probe 1 2',
      'matched probe 2',
    ])
  })

  test('a loop at the end reports every beginning of itself at once', () => {
    expect(probes(2, null).seeAll([probe, probe, probe]).news()).toEqual([
      'matched probe 1 2',
      'matched probe 1 2 3',
      'matched probe 2 3',
    ])
  })

  test('a loop before another step matches with each of its counts', () => {
    expect(probesThenStrike(1, null).seeAll([probe, probe, strike]).news().sort()).toEqual([
      'matched probe 1 2, strike 3',
      'matched probe 1, strike 3',
      'matched probe 2, strike 3',
    ])
  })

  test('is not satisfied by fewer', () => {
    expect(probesThenStrike(3, null).seeAll([probe, probe, strike]).news()).toEqual([])
  })
})

describe('inner contiguity', () => {
  const interrupted = [probe, coffee, probe, strike]

  test('relaxed passes over what does not fit', () => {
    expect(probesThenStrike(2, 2).seeAll(interrupted).news()).toEqual(['matched probe 1 3, strike 4'])
  })

  test('strict allows nothing in between', () => {
    expect(probesThenStrike(2, 2, 'strict').seeAll(interrupted).news()).toEqual([])
    expect(probesThenStrike(2, 2, 'strict').seeAll([probe, probe, coffee, strike]).news()).toEqual([
      'matched probe 1 2, strike 4',
    ])
  })

  test('any may leave out what would fit', () => {
    expect(probes(2, 2, 'any').seeAll([probe, probe, probe]).news()).toEqual([
      'matched probe 1 2',
      'matched probe 1 3',
      'matched probe 2 3',
    ])
  })
})

describe('optional', () => {
  function loginMaybe(options: { times?: { from: number; to: number | null } }): Watch {
    const writer = new Writer()
    return new Watch(writer, [
      writer.step('begin', 'probe', small),
      writer.step('followedBy', 'login', login, { optional: true, ...options }),
      writer.step('followedBy', 'strike', large),
    ])
  }

  test('matches with and without the step', () => {
    expect(loginMaybe({}).seeAll([probe, strike]).news()).toEqual(['matched probe 1, strike 2'])
    expect(
      loginMaybe({})
        .seeAll([probe, { kind: 'login' }, strike])
        .news()
        .sort(),
    ).toEqual(['matched probe 1, login 2, strike 3', 'matched probe 1, strike 3'])
  })

  test('with a loop means zero or more', () => {
    const watch = loginMaybe({ times: { from: 1, to: null } })
    watch.seeAll([probe, { kind: 'login' }, { kind: 'login' }, strike])
    expect(watch.news().sort()).toEqual([
      'matched probe 1, login 2 3, strike 4',
      'matched probe 1, login 2, strike 4',
      'matched probe 1, strike 4',
    ])
  })

  test('at the end reports the match without the step at once', () => {
    const writer = new Writer()
    const watch = new Watch(writer, [
      writer.step('begin', 'probe', small),
      writer.step('followedBy', 'strike', large, { optional: true }),
    ])
    expect(watch.see(probe).news()).toEqual(['matched probe 1'])
    expect(watch.see(strike).news()).toEqual(['matched probe 1, strike 2'])
  })

  test('alone never matches nothing', () => {
    const writer = new Writer()
    const watch = new Watch(writer, [writer.step('begin', 'probe', small, { optional: true })])
    expect(watch.seeAll([coffee, probe]).news()).toEqual(['matched probe 2'])
  })
})
