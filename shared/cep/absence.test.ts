import { describe, expect, test } from 'vitest'
import type { Step } from './pattern.ts'
import type { WatchOptions } from './testing/watch.ts'
import { call, coffee, large, login, probe, small, strike, transfer, Watch, Writer } from './testing/watch.ts'

const minute = 60_000

describe('notNext', () => {
  function probeNoCallStrike(): Watch {
    const writer = new Writer()
    return new Watch(writer, [
      writer.step('begin', 'probe', small),
      writer.step('notNext', 'call', call),
      writer.step('followedBy', 'strike', large),
    ])
  }

  test('looks at the very next event only', () => {
    expect(
      probeNoCallStrike()
        .seeAll([probe, { kind: 'call' }, strike])
        .news(),
    ).toEqual([])
    expect(
      probeNoCallStrike()
        .seeAll([probe, coffee, { kind: 'call' }, strike])
        .news(),
    ).toEqual(['matched probe 1, strike 4'])
  })

  test('at the end waits for one more event, and is as old as its last own event', () => {
    const writer = new Writer()
    const watch = new Watch(writer, [writer.step('begin', 'strike', large), writer.step('notNext', 'call', call)])
    expect(watch.see(strike).news()).toEqual([])
    expect(watch.see(coffee).news()).toEqual(['matched strike 1'])
    expect(watch.seeAll([strike, { kind: 'call' }, coffee]).news()).toEqual([])
  })

  describe('behind a loop of a group', () => {
    const watchOf = (options: WatchOptions = {}, inner: Partial<Step> = {}): Watch => {
      const writer = new Writer()
      const strikes = { ...writer.step('begin', 'strike', large), ...inner }
      const loop = writer.group('begin', [strikes], { times: { from: 1, to: null } })
      return new Watch(writer, [loop, writer.step('notNext', 'call', call)], options)
    }

    test('finds a match again at each event that is passed over, as in Flink, and says so', () => {
      const watch = watchOf()
      expect(watch.seeAll([strike, coffee]).news()).toEqual(['matched strike 1'])
      expect(watch.see(coffee).news()).toEqual(['again matched strike 1'])
      expect(watch.see(strike).news()).toEqual(['again matched strike 1'])
      expect(watch.see(coffee).news()).toEqual(['matched strike 1 4', 'matched strike 4'])
      expect(watch.see({ kind: 'call' }).see(coffee).news()).toEqual([])
    })

    test('knows it in all runs that have taken the same', () => {
      const watch = watchOf({}, { times: { from: 1, to: null } })
      const found = watch.seeAll([strike, strike, coffee]).news()
      expect(found).toEqual(['matched strike 1', 'matched strike 1 2', 'matched strike 1 2', 'matched strike 2'])
      expect(watch.see(coffee).news()).toEqual(found.slice(1).map((match) => `again ${match}`))
    })

    test('knows a match that is held back, too', () => {
      const watch = watchOf({ skip: { strategy: 'to-first', step: 'strike', onMissError: false } })
      expect(watch.seeAll([strike, strike, coffee]).news().slice(-1)).toEqual(['raised strike 2'])
      expect(watch.see(coffee).news()).toEqual(['again matched strike 1 2', 'again raised strike 2'])
      expect(watch.see({ kind: 'call' }).news()).toEqual(['stands strike 2', 'again stands strike 2'])
    })
  })
})

describe('notFollowedBy', () => {
  function probeWithoutLoginStrike(options: { optionalTransfer?: boolean } = {}): Watch {
    const writer = new Writer()
    const between = writer.step('followedBy', 'transfer', transfer, { optional: true })
    return new Watch(writer, [
      writer.step('begin', 'probe', small),
      writer.step('notFollowedBy', 'login', login),
      ...(options.optionalTransfer ? [between] : []),
      writer.step('followedBy', 'strike', large),
    ])
  }

  test('forbids an event anywhere between two steps', () => {
    expect(
      probeWithoutLoginStrike()
        .seeAll([probe, coffee, { kind: 'login' }, strike])
        .news(),
    ).toEqual([])
    expect(
      probeWithoutLoginStrike()
        .seeAll([{ kind: 'login' }, probe, coffee, strike, { kind: 'login' }])
        .news(),
    ).toEqual(['matched probe 2, strike 4'])
  })

  test('ends when an optional step takes something, as in Flink', () => {
    const events = [probe, { kind: 'transfer' }, { kind: 'login' }, strike] as const
    expect(probeWithoutLoginStrike({ optionalTransfer: true }).seeAll(events).news()).toEqual([
      'matched probe 1, transfer 2, strike 4',
    ])
  })

  test('is in force throughout a loop before it', () => {
    const writer = new Writer()
    const watch = new Watch(writer, [
      writer.step('begin', 'probe', small, { times: { from: 1, to: null } }),
      writer.step('notFollowedBy', 'login', login),
      writer.step('followedBy', 'strike', large),
    ])
    expect(watch.seeAll([probe, { kind: 'login' }, probe, strike]).news()).toEqual(['matched probe 3, strike 4'])
  })
})

describe('notFollowedBy at the end', () => {
  function strikeWithoutCall(options: { stepMs?: number; patternMs?: number }): Watch {
    const writer = new Writer()
    return new Watch(
      writer,
      [
        writer.step('begin', 'strike', large),
        writer.step('notFollowedBy', 'call', call, { withinMs: options.stepMs ?? null }),
      ],
      options.patternMs === undefined ? {} : { withinMs: options.patternMs },
    )
  }

  test('is a match when the time has passed, also without an event', () => {
    const watch = strikeWithoutCall({ patternMs: minute }).see({ ...strike, at: 5 })
    expect(watch.matcher.earliestDeadline(watch.handle)).toBe(minute + 5)
    expect(watch.until(minute + 4).news()).toEqual([])
    expect(watch.until(minute + 5).news()).toEqual(['matched strike 1'])
    expect(watch.handle).toBe(0)
    expect(watch.matcher.earliestDeadline(watch.handle)).toBe(Infinity)
  })

  test('is a match before the event at the end of the time is judged', () => {
    const watch = strikeWithoutCall({ patternMs: minute }).see({ ...strike, at: 0 })
    expect(watch.see({ kind: 'call', at: minute }).news()).toEqual(['matched strike 1'])
  })

  test('is none if the event comes in time', () => {
    const watch = strikeWithoutCall({ patternMs: minute }).see({ ...strike, at: 0 })
    expect(
      watch
        .see({ kind: 'call', at: minute - 1 })
        .until(2 * minute)
        .news(),
    ).toEqual([])
    expect(watch.handle).toBe(0)
  })

  test('completes by time what an event has completed before, and says so', () => {
    const writer = new Writer()
    const more = writer.group('begin', [writer.step('begin', 'more', small, { optional: true })])
    const quiet = writer.group('followedBy', [more, writer.step('notFollowedBy', 'call', call)], { optional: true })
    const watch = new Watch(writer, [writer.step('begin', 'strike', large), quiet], { withinMs: minute })
    expect(watch.seeAll([{ ...strike, at: 0 }, coffee]).news()).toEqual(['matched strike 1'])
    expect(watch.until(minute).news()).toEqual(['again matched strike 1'])
  })

  test('begins to wait once more where a loop passes over an event, and says that its match was found', () => {
    const writer = new Writer()
    const maybe = writer.group('begin', [writer.step('begin', 'strike', large, { optional: true })], {
      times: { from: 1, to: 2 },
    })
    const watch = new Watch(writer, [maybe, writer.step('notFollowedBy', 'call', call, { withinMs: 1 })])
    const later = { ...coffee, at: 1 }
    const news = watch.seeAll([{ ...strike, at: 0 }, later, later, later]).news()
    expect(news.length).toBeGreaterThan(1)
    expect(news).toEqual(['matched strike 1', ...news.slice(1).map(() => 'again matched strike 1')])
  })

  test('may have a limit of its own, from the last event', () => {
    const watch = strikeWithoutCall({ stepMs: 10, patternMs: minute }).see({ ...strike, at: 100 })
    expect(watch.matcher.earliestDeadline(watch.handle)).toBe(110)
    expect(watch.until(110).news()).toEqual(['matched strike 1'])
  })
})
