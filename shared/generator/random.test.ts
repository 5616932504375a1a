import { describe, expect, it } from 'vitest'
import { cumulate, Random } from './random.ts'

const draws = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw)
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe('Random', () => {
  it('gives the same numbers on every machine', () => {
    const random = new Random(1)
    expect(draws(4, () => random.bits())).toMatchInlineSnapshot(`
      [
        2308299391,
        1950625580,
        354034397,
        661219729,
      ]
    `)
  })

  it('stays within its bounds', () => {
    const random = new Random(2)
    const values = draws(10_000, () => random.integer(3, 5))
    expect([...new Set(values)].sort()).toEqual([3, 4, 5])
  })

  it('draws with the asked means', () => {
    const random = new Random(3)
    expect(mean(draws(50_000, () => random.normal()))).toBeCloseTo(0, 1)
    expect(mean(draws(50_000, () => random.poisson(1.3)))).toBeCloseTo(1.3, 1)
    expect(mean(draws(50_000, () => random.exponential(2)))).toBeCloseTo(2, 1)
    expect(mean(draws(50_000, () => (random.logNormal(20, 0.7) < 20 ? 1 : 0)))).toBeCloseTo(0.5, 1)
  })

  it('never picks what weighs nothing', () => {
    const random = new Random(4)
    const weights = cumulate([0, 1, 0, 3, 0])
    const values = draws(5_000, () => random.pickWeighted(weights))
    expect([...new Set(values)].sort()).toEqual([1, 3])
    expect(values.filter((value) => value === 3).length / 5_000).toBeCloseTo(0.75, 1)
  })
})
