import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExponentialCounts } from './exponential-counts.ts'

describe('exponential counts', () => {
  it('count a value that is a bound below it, and one above it above it', () => {
    const counts = new ExponentialCounts(-2, 2)
    for (const value of [0.25, 0.2500001, 0.5, 4, 4.1]) counts.add(value)
    expect(counts.cumulative().map(({ upTo, count }) => [upTo, count])).toEqual([
      [0.25, 1],
      [0.5, 3],
      [1, 3],
      [2, 3],
      [4, 4],
      [Number.POSITIVE_INFINITY, 5],
    ])
  })

  it('take nothing and what is below the range as the smallest', () => {
    const counts = new ExponentialCounts(-2, 2)
    for (const value of [0, 1e-9]) counts.add(value)
    expect(counts.counts[0]).toBe(2)
    expect(counts.cumulative()[0].count).toBe(2)
  })

  it('put every value between the bounds that OpenTelemetry gives its bucket', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.26, max: 3.9, noNaN: true }), (value) => {
        const counts = new ExponentialCounts(-2, 2)
        counts.add(value)
        const index = counts.counts.indexOf(1) - 1 + counts.offset
        expect(value).toBeGreaterThan(2 ** (index / 4) * (1 - 1e-12))
        expect(value).toBeLessThanOrEqual(2 ** ((index + 1) / 4) * (1 + 1e-12))
      }),
    )
  })

  it('keep the last trace of each bound, and the sum of all', () => {
    const counts = new ExponentialCounts(-2, 2)
    counts.add(0.3, 2, 'a')
    counts.add(0.4, 1, 'b')
    counts.add(9, 1, 'c')
    const traces = counts.cumulative().map(({ exemplar }) => exemplar?.traceId)
    expect(traces).toEqual([undefined, 'b', undefined, undefined, undefined, 'c'])
    expect([counts.count, counts.sum, counts.min, counts.max]).toEqual([4, 10, 0.3, 9])
  })
})
