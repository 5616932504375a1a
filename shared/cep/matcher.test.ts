import { describe, expect, test } from 'vitest'
import { Arena } from '#shared/memory/arena'
import { ArenaFullError } from '#shared/memory/words'
import { BadRunBytes } from './run-codec.ts'
import type { WatchOptions } from './testing/watch.ts'
import { coffee, large, probe, small, strike, Watch, Writer } from './testing/watch.ts'

function probesThenStrike(options: WatchOptions = {}): Watch {
  const writer = new Writer()
  const steps = [
    writer.step('begin', 'probe', small, { times: { from: 2, to: null } }),
    writer.step('followedBy', 'strike', large),
  ]
  return new Watch(writer, steps, options)
}

describe('an actor without open runs', () => {
  test('has no memory, and an event that begins nothing costs one condition', () => {
    const arena = new Arena(1 << 16)
    const watch = probesThenStrike({ arena }).seeAll([coffee, strike])
    expect(watch.asked).toEqual([0, 0])
    expect(watch.handle).toBe(0)
    expect(arena.usedWords).toBe(0)
  })

  test('holds one cache line after its first event, and nothing when its runs are over', () => {
    const arena = new Arena(1 << 16)
    const watch = probesThenStrike({ arena, withinMs: 10 }).see({ ...probe, at: 0 })
    expect(arena.usedWords).toBe(16)
    watch.seeAll([probe, probe, probe, probe, probe, strike]).until(10)
    expect(watch.handle).toBe(0)
    expect(arena.usedWords).toBe(0)
  })

  test('has no position to keep', () => {
    const watch = probesThenStrike()
    expect(watch.matcher.oldestPosition(watch.handle)).toBe(Infinity)
    watch.seeAll([coffee, probe, probe])
    expect(watch.matcher.oldestPosition(watch.handle)).toBe(2)
  })
})

describe('a fault while judging (M2)', () => {
  test('leaves the runs as they were, and reports nothing', () => {
    const writer = new Writer()
    let isBroken = false
    const steps = [
      writer.step('begin', 'probe', small),
      writer.step('followedByAny', 'strike', (activity, run) => {
        if (isBroken && run.in('probe').length > 0) throw new Error('division by zero')
        return large(activity, run)
      }),
    ]
    const watch = new Watch(writer, steps).seeAll([probe, coffee, probe])
    const before = watch.matcher.encode(watch.handle)
    isBroken = true
    expect(() => watch.see(strike)).toThrow('division by zero')
    expect(watch.matcher.encode(watch.handle)).toEqual(before)
    isBroken = false
    expect(watch.see(strike).news()).toEqual(['matched probe 1, strike 5', 'matched probe 3, strike 5'])
  })

  test('so does a full arena, and the event can be judged again when there is room', () => {
    const arena = new Arena(64 * 6)
    const watch = probesThenStrike({ arena }).seeAll([probe])
    const fillers: number[] = []
    for (let block = arena.alloc(16); block !== 0; block = arena.alloc(16)) fillers.push(block)
    const before = watch.matcher.encode(watch.handle)
    expect(() => watch.see(probe)).toThrow(ArenaFullError)
    expect(watch.matcher.encode(watch.handle)).toEqual(before)
    expect(watch.news()).toEqual([])
    for (const block of fillers) arena.release(block, 16)
    watch.handle = watch.matcher.step(watch.handle, 2, 0)
    expect(watch.matcher.openRuns(watch.handle)).toBe(2)
  })
})

describe('bounds', () => {
  test('past runsMax no run is opened, which is counted', () => {
    const watch = probesThenStrike({ runsMax: 2 }).seeAll([probe, probe, probe])
    expect(watch.matcher.openRuns(watch.handle)).toBe(2)
    expect(watch.found.filter((line) => line.startsWith('refused'))).toEqual(['refused 2 runs'])
    expect(watch.see(strike).found).toContain('matched probe 1 2 3, strike 4')
  })

  test('past eventsMax the run that would take one more ends', () => {
    const writer = new Writer()
    const steps = [
      writer.step('begin', 'probe', small, { times: { from: 1, to: null }, inner: 'strict' }),
      writer.step('next', 'strike', large),
    ]
    const watch = new Watch(writer, steps, { eventsMax: 3 }).seeAll([probe, probe, probe])
    expect(watch.found.some((line) => line.endsWith('events'))).toBe(true)
    watch.seeAll([coffee, probe, strike])
    expect(watch.found).toContain('matched probe 5, strike 6')
  })

  test('past the bound on matches held back they are let go', () => {
    const writer = new Writer()
    const steps = [
      writer.step('begin', 'probe', small, { times: { from: 1, to: null }, inner: 'any' }),
      writer.step('followedByAny', 'strike', (activity, run) => large(activity, run) && run.in('probe')[0].at > 0),
    ]
    const watch = new Watch(writer, steps, { runsMax: 2, skip: { strategy: 'next' } })
    watch.seeAll([{ ...probe, at: 0 }, { ...probe, at: 1 }, strike, strike, strike])
    expect(watch.matcher.heldMatches(watch.handle)).toBeLessThanOrEqual(2)
  })
})

describe('the state', () => {
  const events = [probe, coffee, probe, probe, coffee, strike, probe, strike]

  test('is not touched by what happens to its copy', () => {
    const watch = probesThenStrike().seeAll(events.slice(0, 4))
    const copy = watch.matcher.copy(watch.handle)
    const before = watch.matcher.encode(copy)
    expect(watch.seeAll(events.slice(4)).news()).not.toEqual([])
    watch.matcher.release(watch.handle)
    expect(watch.matcher.encode(copy)).toEqual(before)
  })

  test('goes on from its bytes as from itself, and equal states have equal bytes', () => {
    const whole = probesThenStrike()
    const restored = probesThenStrike()
    for (const event of events) {
      whole.see(event)
      restored.see(event)
      const bytes = restored.matcher.encode(restored.handle)
      expect(bytes).toEqual(whole.matcher.encode(whole.handle))
      restored.matcher.release(restored.handle)
      restored.handle = restored.matcher.decode(bytes)
    }
    expect(restored.found).toEqual(whole.found)
  })

  test('is refused when its bytes are not of this pattern', () => {
    const watch = probesThenStrike().seeAll([probe, probe])
    const bytes = watch.matcher.encode(watch.handle)
    expect(() => watch.matcher.decode(bytes.subarray(0, bytes.length - 4))).toThrow(BadRunBytes)
    expect(() => watch.matcher.decode(bytes.map((byte, i) => (i === bytes.length - 32 ? 99 : byte)))).toThrow(
      BadRunBytes,
    )
    expect(watch.matcher.decode(new Uint8Array(0))).toBe(0)
  })
})
