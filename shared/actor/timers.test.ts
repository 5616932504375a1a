import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Timers } from './timers.ts'

describe('timers', () => {
  it('give the earliest deadline first, of equal ones the lower slot', () => {
    const timers = new Timers()
    timers.set(3, 20)
    timers.set(2, 10)
    timers.set(1, 20)
    expect(timers.next).toBe(10)
    for (const [slot, next] of [
      [2, 20],
      [1, 20],
      [3, Number.POSITIVE_INFINITY],
    ]) {
      expect(timers.pop()).toBe(slot)
      expect(timers.next).toBe(next)
    }
  })

  it('hold one deadline for each slot, the one set last', () => {
    const timers = new Timers()
    timers.set(1, 10)
    timers.set(1, 30)
    timers.set(2, 20)
    timers.set(1, 10)
    timers.set(1, 30)
    expect(timers.next).toBe(20)
    timers.pop()
    expect(timers.next).toBe(30)
    timers.set(1, Number.POSITIVE_INFINITY)
    expect(timers.next).toBe(Number.POSITIVE_INFINITY)
  })

  it('agree with a sorted list, whatever is set and taken', () => {
    const step = fc.oneof(
      fc.record({ slot: fc.nat(6), at: fc.oneof(fc.nat(9), fc.constant(Number.POSITIVE_INFINITY)) }),
      fc.constant('pop' as const),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const timers = new Timers()
        const known = new Map<number, number>()
        for (const one of steps) {
          const first = [...known].sort(([a, x], [b, y]) => x - y || a - b)[0]
          expect(timers.next).toBe(first?.[1] ?? Number.POSITIVE_INFINITY)
          if (one === 'pop') {
            if (first === undefined) continue
            expect(timers.pop()).toBe(first[0])
            known.delete(first[0])
          } else {
            timers.set(one.slot, one.at)
            if (one.at === Number.POSITIVE_INFINITY) known.delete(one.slot)
            else known.set(one.slot, one.at)
          }
        }
      }),
      { numRuns: Number(process.env['VIGIL_TEST_CASES'] ?? 200) },
    )
  })
})
