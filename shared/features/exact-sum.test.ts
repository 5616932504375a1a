import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  add,
  divide,
  fraction,
  fractionOf,
  multiply,
  nearestDouble,
  nearestRoot,
  sumOf,
} from '../../tests/support/exact.ts'
import {
  addSquare,
  addSquareToExpansion,
  addToExpansion,
  expansionTerms,
  rootOfRatio,
  roundExpansion,
  squaresToBigInt,
  standardDeviation,
  standardDeviationOfDoubles,
  standardDeviationOfValues,
  sumExactly,
} from './exact-sum.ts'

/** More with VIGIL_TEST_CASES. */
const cases = { numRuns: Number(process.env['VIGIL_TEST_CASES'] ?? 300) }

/** Prices, noise, and what only an attacker sends. */
const amounts = fc.oneof(
  fc.integer({ min: -100_000, max: 100_000 }).map((cents) => cents / 100),
  fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 3, max: 12 })).map(([digits, decimals]) => digits / 10 ** decimals),
)
const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)

const exactSum = (values: readonly number[]): number => nearestDouble(sumOf(values.map(fractionOf)))

function exactDeviation(values: readonly number[]): number {
  const n = BigInt(values.length)
  const exact = values.map(fractionOf)
  const mean = divide(sumOf(exact), n)
  const meanSquare = divide(sumOf(exact.map((value) => multiply(value, value))), n)
  return nearestRoot(add(meanSquare, multiply(fraction(-1n), multiply(mean, mean))))
}

/** Twice the memory of one expansion, so that a write beyond it is seen. */
function expansionOf(values: readonly number[]): Float64Array {
  const F = new Float64Array(3 * expansionTerms).fill(7)
  F.fill(0, expansionTerms, 2 * expansionTerms)
  for (const value of values) addToExpansion(F, expansionTerms, value)
  return F
}

const isPoisoned = (F: Float64Array): boolean => Number.isNaN(F[expansionTerms])

describe('an exact sum of doubles', () => {
  it.each([
    [[0.1, 0.2, -0.3], 2.7755575615628914e-17],
    [[1e16, 1, -1e16], 1],
    [[1e300, 1e-300, -1e300], 1e-300],
    [[1, 2 ** -53, 2 ** -106], 1 + 2 ** -52],
    [[1, 2 ** -53], 1],
    [[5, -5], 0],
    [[], 0],
  ])('of %j is %d', (values, sum) => {
    expect(sumExactly(values)).toBe(sum)
    expect(roundExpansion(expansionOf(values), expansionTerms)).toBe(sum)
  })

  it('does not overflow on the way to a sum that is finite', () => {
    expect(sumExactly([1.7e308, 1.7e308, -1.7e308])).toBe(1.7e308)
    expect(sumExactly([1.7e308, 1.7e308, -1.7e308, -1.7e308, 0.1])).toBe(0.1)
    expect(sumExactly([Number.MAX_VALUE, Number.MAX_VALUE])).toBe(Number.POSITIVE_INFINITY)
  })

  it('is the double nearest to the sum, whatever the values', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(amounts, anyDouble)), (values) => {
        expect(sumExactly(values)).toBe(exactSum(values))
      }),
      cases,
    )
  })

  it('is held by four terms, or is not held at all', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(amounts, anyDouble)), (values) => {
        const F = expansionOf(values)
        expect([...F.subarray(0, 4), ...F.subarray(8)]).toEqual(new Array(8).fill(7))
        if (!isPoisoned(F)) expect(roundExpansion(F, expansionTerms)).toBe(exactSum(values))
      }),
      cases,
    )
  })

  it('of amounts is always held', () => {
    fc.assert(
      fc.property(fc.array(amounts), (values) => {
        expect(isPoisoned(expansionOf(values))).toBe(false)
      }),
      cases,
    )
  })

  it('comes back to zero when all values are taken back in any order', () => {
    const shuffled = fc
      .array(amounts)
      .chain((values) =>
        fc.tuple(
          fc.constant(values),
          fc.shuffledSubarray(values, { minLength: values.length, maxLength: values.length }),
        ),
      )
    fc.assert(
      fc.property(shuffled, ([values, back]) => {
        const F = expansionOf([...values, ...back.map((value) => -value)])
        expect([...F.subarray(4, 8)]).toEqual([0, 0, 0, 0])
      }),
      cases,
    )
  })
})

describe('sums of squares', () => {
  it('of integers are exact up to 2^50, added and taken back', () => {
    const integers = fc.array(fc.tuple(fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), fc.boolean()), { maxLength: 20 })
    fc.assert(
      fc.property(integers, (values) => {
        const F = new Float64Array(2)
        let exact = 0n
        for (const [value, isTakenBack] of values) {
          addSquare(F, 0, value, 1)
          exact += BigInt(value) ** 2n
          if (!isTakenBack) continue
          addSquare(F, 0, value, -1)
          exact -= BigInt(value) ** 2n
        }
        expect(squaresToBigInt(F[0], F[1])).toBe(exact)
      }),
      cases,
    )
  })

  it('of integers beyond 2^50, or too many, are marked as unknown', () => {
    const F = new Float64Array(2)
    addSquare(F, 0, 2 ** 50 + 1, 1)
    expect(F[0]).toBeNaN()
    const G = new Float64Array(2)
    for (let i = 0; i < 40; i++) addSquare(G, 0, 2 ** 50, 1)
    expect(G[0]).toBeNaN()
  })

  it('of doubles are exact, or marked as unknown', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(amounts, anyDouble), { maxLength: 8 }), (values) => {
        const F = new Float64Array(expansionTerms)
        for (const value of values) addSquareToExpansion(F, 0, value, 1)
        const exact = sumOf(values.map((value) => multiply(fractionOf(value), fractionOf(value))))
        if (!Number.isNaN(F[0])) expect(roundExpansion(F, 0)).toBe(nearestDouble(exact))
      }),
      cases,
    )
  })
})

describe('the standard deviation', () => {
  const integers = fc.array(fc.maxSafeInteger(), { minLength: 1, maxLength: 12 })
  const wide = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => x === 0 || Math.abs(x) > 1e-280)

  it('of integers is the nearest double', () => {
    fc.assert(
      fc.property(integers, fc.constantFrom(1, 100, 1000), (values, scale) => {
        const sum = values.reduce((total, value) => total + BigInt(value), 0n)
        const squares = values.reduce((total, value) => total + BigInt(value) ** 2n, 0n)
        const n = BigInt(values.length)
        const variance = fraction(n * squares - sum * sum, (n * BigInt(scale)) ** 2n)
        expect(standardDeviation(values.length, sum, squares, scale)).toBe(nearestRoot(variance))
      }),
      cases,
    )
  })

  it('of doubles is the nearest double, whether from sums or from values', () => {
    fc.assert(
      fc.property(fc.array(amounts, { minLength: 1, maxLength: 12 }), (values) => {
        const exact = exactDeviation(values)
        const F = new Float64Array(2 * expansionTerms)
        for (const value of values) {
          addToExpansion(F, 0, value)
          addSquareToExpansion(F, expansionTerms, value, 1)
        }
        expect(standardDeviationOfValues(values)).toBe(exact)
        if (Number.isNaN(F[expansionTerms])) return
        const terms = [...F]
        expect(standardDeviationOfDoubles(values.length, terms.slice(0, 4), terms.slice(4))).toBe(exact)
      }),
      cases,
    )
  })

  it('of doubles of any magnitude neither overflows nor vanishes', () => {
    fc.assert(
      fc.property(fc.array(wide, { minLength: 1, maxLength: 6 }), (values) => {
        const exact = exactDeviation(values)
        if (exact === 0 || exact > 1e-290) expect(standardDeviationOfValues(values)).toBe(exact)
      }),
      cases,
    )
    expect(standardDeviationOfValues([1e300, -1e300])).toBe(1e300)
    expect(standardDeviationOfValues([1e-200, 3e-200])).toBe(1e-200)
    expect(standardDeviationOfValues([Number.MAX_VALUE, -Number.MAX_VALUE])).toBe(Number.MAX_VALUE)
  })

  it('of constants is 0', () => {
    expect(standardDeviationOfValues([0.1, 0.1, 0.1])).toBe(0)
    expect(standardDeviation(3, 30n, 300n, 100)).toBe(0)
  })

  it('of 1 and 2 is a half, of 0, 0 and 1 the root of 2 by 3', () => {
    expect(rootOfRatio(1n, 2n)).toBe(0.5)
    expect(rootOfRatio(2n, 3n)).toBe(0.47140452079103168)
  })
})
