import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ValueIndex } from './value-index.ts'

describe('the newest position by value', () => {
  it('agrees with a map as records come at the head, go at the head and go at the start', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'add', 'add', 'undo', 'drop'), fc.nat(400)), {
      minLength: 300,
      maxLength: 1_500,
    })
    fc.assert(
      fc.property(steps, (all) => {
        const values = new Map<number, number>()
        const index = new ValueIndex((position) => values.get(position) ?? Number.NaN)
        let start = 1
        let head = 1
        const newest = (value: number): number => {
          for (let p = head - 1; p >= start; p--) if (values.get(p) === value) return p
          return 0
        }
        for (const [step, number] of all) {
          // Some values differ in the low bits of their fraction only.
          const value = number % 3 === 0 ? number + 2 ** -40 : number - 200
          if (step === 'add') {
            const previous = newest(value)
            expect(index.get(value)).toBe(previous)
            values.set(head, value)
            index.set(value, previous, head++)
          } else if (head > start && step === 'undo') {
            const gone = values.get(--head) as number
            const previous = newest(gone)
            if (previous !== 0) index.set(gone, head, previous)
            else index.delete(gone, head)
            values.delete(head)
          } else if (head > start && step === 'drop') {
            const gone = values.get(start) as number
            if (newest(gone) === start) index.delete(gone, start)
            values.delete(start++)
          }
        }
        for (const value of new Set(values.values())) expect(index.get(value)).toBe(newest(value))
      }),
      { numRuns: Math.ceil(Number(process.env['VIGIL_TEST_CASES'] ?? 200) / 10) },
    )
  })

  it('takes 0 and −0 for one value', () => {
    const values = [Number.NaN, 0, -0]
    const index = new ValueIndex((position) => values[position])
    index.set(0, 0, 1)
    expect(index.get(-0)).toBe(1)
    index.set(-0, 1, 2)
    expect(index.get(0)).toBe(2)
  })
})
