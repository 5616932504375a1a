import { describe, expect, test } from 'vitest'
import { limits } from '#shared/domain/limits'
import { ruleFaults } from '#shared/domain/rule-fault'
import { Arena } from '#shared/memory/arena'
import { operationsPerMatch } from './operations.ts'
import type { Activity, WatchOptions } from './testing/watch.ts'
import { call, large, probe, small, strike, transfer, Watch, Writer } from './testing/watch.ts'

/** Each probe doubles the runs, and with `every` each completes a match for each run. */
function exploding(every: boolean, options: WatchOptions = {}): Watch {
  const writer = new Writer()
  const steps = [
    writer.step('begin', 'probe', small, { times: { from: 1, to: null }, inner: 'any' }),
    writer.step('followedByAny', 'strike', every ? small : large),
  ]
  return new Watch(writer, steps, options)
}

/** Whether the event ran out of fuel. */
function faults(watch: Watch, activity: Partial<Activity>): boolean {
  try {
    watch.see(activity)
    return false
  } catch (fault) {
    expect(fault).toBe(ruleFaults.outOfFuel)
    return true
  }
}

/** As many as the service would take. */
const real = () => ({
  arena: new Arena(2 ** 26),
  runsMax: limits.runsPerPatternMax,
  eventsMax: limits.runEventsPerPatternMax,
})

describe('an event that runs out of fuel', () => {
  test('leaves the runs as they were, and reports nothing (M2)', () => {
    const watch = exploding(true, { operationsMax: 10_000 }).seeAll([probe, probe, probe])
    const before = watch.matcher.encode(watch.handle)
    watch.news()
    expect(faults(watch, probe)).toBe(true)
    expect(watch.matcher.encode(watch.handle)).toEqual(before)
    expect(watch.news()).toEqual([])
  })

  test('leaves the next one all of its fuel', () => {
    const watch = exploding(true, { operationsMax: 10_000 }).seeAll([probe, probe, probe])
    expect(faults(watch, probe)).toBe(true)
    expect(faults(watch, strike)).toBe(false)
    expect(watch.matcher.fuel.used).toBeLessThan(200)
  })

  test('costs no more than one that does not, whether all events match or one of 50', () => {
    for (const [every, events] of [
      [true, 300],
      [false, 120],
    ] as const) {
      const watch = exploding(every, real())
      let faulted = 0
      let most = 0
      for (let i = 1; i <= events; i++) {
        if (faults(watch, i % 50 === 0 ? strike : probe)) faulted++
        most = Math.max(most, watch.matcher.fuel.used)
        const told = watch.news().filter((line) => line.startsWith('matched'))
        expect(told.length * operationsPerMatch).toBeLessThan(limits.operationsPerEventMax)
      }
      expect(faulted).toBeGreaterThan(0)
      expect(most).toBeGreaterThan(limits.operationsPerEventMax / 4)
    }
  }, 20_000)
})

describe('fuel', () => {
  test('is used for the events that a run has taken, where a condition reads them', () => {
    const writer = new Writer()
    const steps = [
      writer.step('begin', 'probe', small, { times: { from: 1, to: null }, inner: 'strict' }),
      writer.step('next', 'strike', (activity, run) => run.in('probe').length > 0 && large(activity, run)),
    ]
    const used = (probes: number): number => {
      const watch = new Watch(writer, steps, { operationsMax: 1_000_000 })
      watch.seeAll(Array.from({ length: probes }, () => probe)).see(probe)
      return watch.matcher.fuel.used / watch.matcher.openRuns(watch.handle)
    }
    expect(used(80) - used(40)).toBeGreaterThan(30)
  })

  test('grows with the matches that an event completes, also where runs stay behind that were none', () => {
    const used = (probes: number): number => {
      const writer = new Writer()
      const more = writer.group('begin', [writer.step('begin', 'more', small, { optional: true })])
      const silence = writer.step('notFollowedBy', 'call', call)
      const steps = [
        writer.step('begin', 'first', large),
        writer.step('followedByAny', 'probe', small, { times: { from: 1, to: null }, inner: 'any' }),
        writer.step('followedByAny', 'transfer', transfer),
        writer.group('followedBy', [more, silence], { optional: true }),
      ]
      const watch = new Watch(writer, steps, { ...real(), withinMs: 1e6 }).see(strike)
      watch.seeAll(Array.from({ length: probes }, () => probe)).see({ kind: 'transfer' })
      return watch.matcher.fuel.used
    }
    // Each probe doubles the matches.
    expect(used(9) / used(8)).toBeLessThan(2.1)
  })

  test('is the same for a state that went through its bytes, and so has no dead events (M3)', () => {
    const whole = exploding(false)
    const restored = exploding(false)
    for (let i = 0; i < 30; i++) {
      const activity = i % 7 === 6 ? strike : probe
      expect([i, faults(restored, activity)]).toEqual([i, faults(whole, activity)])
      expect(restored.matcher.fuel.used).toBe(whole.matcher.fuel.used)
      const bytes = restored.matcher.encode(restored.handle)
      restored.matcher.release(restored.handle)
      restored.handle = restored.matcher.decode(bytes)
    }
  })

  test('does not bound what time alone does (F2)', () => {
    const writer = new Writer()
    const steps = [writer.step('begin', 'probe', small), writer.step('notFollowedBy', 'strike', large)]
    const watch = new Watch(writer, steps, { withinMs: 10, operationsMax: 3_000 })
    for (let i = 0; i < 100; i++) watch.see({ ...probe, at: 0 })
    expect(watch.until(10).news()).toHaveLength(100)
  })
})
