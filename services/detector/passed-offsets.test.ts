import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PassedOffsets } from './passed-offsets.ts'

describe('passed offsets', () => {
  it('know each offset by the first point at or above it', () => {
    const passed = new PassedOffsets(256)
    passed.begin(10)
    passed.begin(12)
    passed.pass(12, 100, 110)
    passed.pass(20, 120, 130)
    expect([10, 11, 12, 13, 20, 21].map((offset) => passed.of(offset)?.end)).toEqual([
      undefined,
      110,
      110,
      130,
      130,
      undefined,
    ])
    expect(passed.of(20)).toEqual({ start: 120, end: 130 })
  })

  it('know nothing of what came before them', () => {
    const passed = new PassedOffsets(256)
    expect(passed.of(1)).toBeUndefined()
    passed.pass(5, 1, 2)
    expect([4, 5].map((offset) => passed.of(offset)?.end)).toEqual([undefined, 2])
  })

  it('leave an offset that was passed as it is', () => {
    const passed = new PassedOffsets(256)
    passed.pass(5, 1, 2)
    passed.pass(6, 3, 4)
    passed.pass(5, 8, 9)
    expect(passed.of(5)?.end).toBe(2)
  })

  it('forget the oldest first when there is no room, and never tell a wrong time', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 3 })), {
      minLength: 1_000,
      maxLength: 2_000,
    })
    fc.assert(
      fc.property(steps, (given) => {
        const passed = new PassedOffsets(256)
        const ends: number[] = [0]
        let end = 1_000
        for (const [records, ms] of given) {
          end += ms
          for (let i = 0; i < records; i++) ends.push(end)
          passed.pass(ends.length - 1, end, end)
        }
        const known = ends.map((_, offset) => passed.of(offset)?.end)
        const first = known.findIndex((time) => time !== undefined)
        expect(known.slice(first)).toEqual(ends.slice(first))
        // At least half of the points are there, and a point is one offset or more.
        expect(ends.length - first).toBeGreaterThanOrEqual(128)
      }),
      { numRuns: 50 },
    )
  })
})
