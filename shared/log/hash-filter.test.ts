import { describe, expect, it } from 'vitest'
import { hash52 } from '#shared/domain/hash52'
import { HashFilter } from './hash-filter.ts'

const small = { entries: 1024, generations: 2 }
const near = (n: number) => ({ hash: hash52(`id ${n}`, 1), from: n - 10, to: n + 10 })

describe('HashFilter', () => {
  it('knows all that was added, in this generation, an earlier one, or one that it forgot (F1)', () => {
    const filter = new HashFilter(Number.NEGATIVE_INFINITY, small)
    for (let n = 0; n < 5_000; n++) {
      filter.add(hash52(`id ${n}`, 1), n)
      for (const earlier of [n, n >> 1, n >> 2, 0]) expect(filter.mayHave(near(earlier))).toBe(true)
    }
  })

  it('is seldom wrong about what was not added', () => {
    const filter = new HashFilter(Number.NEGATIVE_INFINITY, small)
    for (let n = 0; n < 2_048; n++) filter.add(hash52(`id ${n}`, 1), n)
    let wrong = 0
    for (let n = 0; n < 10_000; n++) if (filter.mayHave({ hash: hash52(`other ${n}`, 1), from: 0, to: 2_000 })) wrong++
    expect(wrong).toBeLessThan(200)
  })

  it('says nothing of what was there before, or was forgotten, except by its time', () => {
    const filter = new HashFilter(100, small)
    expect(filter.mayHave({ hash: 1, from: 100, to: 200 })).toBe(true)
    expect(filter.mayHave({ hash: 1, from: 101, to: 200 })).toBe(false)
    for (let n = 0; n < 3 * 1024; n++) filter.add(n * 2 ** 30, 1_000 + n)
    expect(filter.mayHave({ hash: 12_345, from: 0, to: 2_023 })).toBe(true)
    expect(filter.mayHave({ hash: 12_345, from: 5_000, to: 6_000 })).toBe(false)
  })
})
