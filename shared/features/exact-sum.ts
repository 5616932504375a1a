/**
 * Exact sums that can be taken back: adding a value and subtracting it again restores the sum to the last bit, whatever came between.
 * Integers are summed in one double; doubles in an expansion, a sum of non-overlapping doubles.
 * Source: Shewchuk, Adaptive Precision Floating-Point Arithmetic, 1997 (two-sum, two-product, grow-expansion).
 */

/**
 * Terms kept for one expansion. Four span 212 bits, and amounts of one currency need two; where four do not hold a sum, it is NaN and
 * is made afresh from the records.
 */
export const expansionTerms = 4

/** Adds `value` to the expansion at `F[at…]`; all its terms become NaN when four do not hold it. */
export function addToExpansion(F: Float64Array, at: number, value: number): void {
  let carry = value
  let kept = 0
  for (let i = 0; i < expansionTerms; i++) {
    const term = F[at + i]
    const sum = carry + term
    const part = sum - carry
    const error = carry - (sum - part) + (term - part)
    carry = sum
    if (error !== 0) F[at + kept++] = error
  }
  // Where an intermediate sum overflows, one of the errors is NaN, but the last sum may be infinite.
  if (!Number.isFinite(carry)) {
    F.fill(Number.NaN, at, at + expansionTerms)
    return
  }
  if (kept === expansionTerms) {
    compress(F, at, carry)
    return
  }
  if (carry !== 0) F[at + kept++] = carry
  F.fill(0, at + kept, at + expansionTerms)
}

/** Terms of few bits each become fewer terms of many: `F[at…]` and, above them, `top`. */
function compress(F: Float64Array, at: number, top: number): void {
  // From the largest down, each takes up what it can hold of the next; then once more upwards.
  let carry = top
  let kept = 0
  for (let i = expansionTerms - 1; i >= 0; i--) {
    const sum = carry + F[at + i]
    const error = F[at + i] - (sum - carry)
    carry = sum
    if (error === 0) continue
    falling[kept++] = sum
    carry = error
  }
  let terms = 0
  for (let i = kept - 1; i >= 0; i--) {
    const sum = falling[i] + carry
    const error = carry - (sum - falling[i])
    carry = sum
    if (error !== 0) F[at + terms++] = error
  }
  if (terms === expansionTerms && carry !== 0) {
    F.fill(Number.NaN, at, at + expansionTerms)
    return
  }
  if (carry !== 0) F[at + terms++] = carry
  F.fill(0, at + terms, at + expansionTerms)
}

/** Of `compress`: terms by falling magnitude. */
const falling = new Float64Array(expansionTerms + 1)

/** Below it the square has bits beyond the smallest double. */
const squareable = 2 ** -480

/** Adds `sign` × value² to the expansion, exactly (the square is the sum of two doubles); NaN where that cannot be. */
export function addSquareToExpansion(F: Float64Array, at: number, value: number, sign: 1 | -1): void {
  if (value !== 0 && Math.abs(value) < squareable) {
    F.fill(Number.NaN, at, at + expansionTerms)
    return
  }
  const square = value * value
  const high = 134217729 * value - (134217729 * value - value)
  const low = value - high
  const error = low * low - (square - high * high - 2 * high * low)
  addToExpansion(F, at, sign * square)
  addToExpansion(F, at, sign * error)
}

/** The double nearest to the expansion's value. */
export function roundExpansion(F: Float64Array, at: number): number {
  return roundTerms([F[at], F[at + 1], F[at + 2], F[at + 3]])
}

/** The double nearest to the exact sum of any doubles. */
export function sumExactly(values: Iterable<number>): number {
  const terms: number[] = []
  for (const value of values) {
    let carry = value
    let kept = 0
    for (const term of terms) {
      const sum = carry + term
      const part = sum - carry
      const error = carry - (sum - part) + (term - part)
      carry = sum
      if (error !== 0) terms[kept++] = error
    }
    // Halfway beyond the largest double, although the whole may lie within.
    if (!Number.isFinite(carry)) return sumAsIntegers(values)
    terms.length = kept
    terms.push(carry)
  }
  return roundTerms(terms)
}

/** The same by big integers: slow, and never beyond any bound but at the end. */
function sumAsIntegers(values: Iterable<number>): number {
  const { integers, exponent } = toIntegers(Array.from(values))
  return toDouble(
    integers.reduce((total, integer) => total + integer, 0n),
    exponent,
  )
}

/** The double nearest to integer × 2^exponent; infinite where there is none. */
function toDouble(integer: bigint, exponent: number): number {
  const magnitude = integer < 0n ? -integer : integer
  const excess = Math.max(0, magnitude.toString(2).length - 66)
  const kept = magnitude >> BigInt(excess)
  // What is cut off decides only between two halves: one bit at the end says that there was something.
  const isExact = kept << BigInt(excess) === magnitude
  let value = Number(isExact ? kept : kept | 1n)
  for (let rest = exponent + excess; rest !== 0; ) {
    const step = Math.max(-1000, Math.min(1000, rest))
    value *= 2 ** step
    rest -= step
  }
  return integer < 0n ? -value : value
}

/** Finite doubles as integers of one unit: a power of two. */
function toIntegers(values: readonly number[]): { integers: bigint[]; exponent: number } {
  const parts = values.map(decompose)
  const exponent = Math.min(0, ...parts.map((part) => part.exponent))
  return { integers: parts.map((part) => part.integer << BigInt(part.exponent - exponent)), exponent }
}

/** Terms are non-overlapping, by rising magnitude; zeros may stand anywhere. Half-way cases look one term further down. */
function roundTerms(terms: readonly number[]): number {
  const nonZero = terms.filter((term) => term !== 0)
  let i = nonZero.length - 1
  if (i < 0) return 0
  let sum = nonZero[i--]
  let error = 0
  while (i >= 0 && error === 0) {
    const term = nonZero[i--]
    const next = sum + term
    error = term - (next - sum)
    sum = next
  }
  if (i >= 0 && error !== 0 && Math.sign(error) === Math.sign(nonZero[i])) {
    const doubled = error * 2
    const next = sum + doubled
    if (doubled === next - sum) sum = next
  }
  return sum
}

/** Limb size of sums of squares: high × 2^52 + low, 0 ≤ low < 2^52. */
const limb = 2 ** 52
const half = 2 ** 26

/** Adds `sign` × value² to the two limbs at `F[at]` (high) and `F[at + 1]` (low); NaN where they cannot hold it. */
export function addSquare(F: Float64Array, at: number, value: number, sign: 1 | -1): void {
  const magnitude = Math.abs(value)
  if (magnitude > 2 ** 50) {
    F[at] = Number.NaN
    return
  }
  const a = Math.floor(magnitude / half)
  const b = magnitude - a * half
  const cross = a * b
  const crossHigh = Math.floor(cross / (half / 2))
  const squareLow = (cross - crossHigh * (half / 2)) * half * 2 + b * b
  const carry = squareLow >= limb ? 1 : 0
  let high = F[at] + sign * (a * a + crossHigh + carry)
  let low = F[at + 1] + sign * (squareLow - carry * limb)
  if (low >= limb) {
    low -= limb
    high++
  } else if (low < 0) {
    low += limb
    high--
  }
  F[at] = Math.abs(high) > Number.MAX_SAFE_INTEGER ? Number.NaN : high
  F[at + 1] = low
}

export const squaresToBigInt = (high: number, low: number): bigint => (BigInt(high) << 52n) + BigInt(low)

/**
 * The double nearest to the population's standard deviation √(n·Σx² − (Σx)²) ∕ (n·scale), all exact integers.
 */
export function standardDeviation(n: number, sum: bigint, squares: bigint, scale: number): number {
  const variance = BigInt(n) * squares - sum * sum
  return rootOfRatio(variance, BigInt(n) * BigInt(scale))
}

/** The double nearest to √radicand ∕ divisor. */
export function rootOfRatio(radicand: bigint, divisor: bigint): number {
  if (radicand <= 0n) return 0
  // Enough bits that the quotient has at least 64, and a sticky bit for the rest: then Number() rounds correctly.
  const rootBits = radicand.toString(2).length / 2
  const shift = BigInt(Math.max(0, Math.ceil(66 + divisor.toString(2).length - rootBits)))
  const scaled = radicand << (2n * shift)
  const root = integerRoot(scaled)
  const quotient = root / divisor
  const isExact = root * root === scaled && quotient * divisor === root
  return toDouble(isExact ? quotient : quotient | 1n, -Number(shift))
}

function integerRoot(n: bigint): bigint {
  if (n < 2n) return n
  let x = 1n << BigInt(Math.ceil(n.toString(2).length / 2))
  while (true) {
    const next = (x + n / x) >> 1n
    if (next >= x) return x
    x = next
  }
}

/** A double as an exact fraction: integer × 2^exponent. */
function decompose(value: number): { integer: bigint; exponent: number } {
  if (value === 0) return { integer: 0n, exponent: 0 }
  let exponent = Math.floor(Math.log2(Math.abs(value))) - 52
  exponent = Math.max(exponent, -1074)
  let scaled = exponent < -1000 ? value * 2 ** 500 * 2 ** (-exponent - 500) : value / 2 ** exponent
  while (!Number.isInteger(scaled)) {
    scaled *= 2
    exponent--
  }
  return { integer: BigInt(scaled), exponent }
}

/** √(n·Σx² − (Σx)²) ∕ n for doubles, from the exact terms of both sums. */
export function standardDeviationOfDoubles(
  n: number,
  sumTerms: readonly number[],
  squareTerms: readonly number[],
): number {
  const sums = sumTerms.filter((term) => term !== 0).map(decompose)
  const squares = squareTerms.filter((term) => term !== 0).map(decompose)
  const sumExponent = Math.min(0, ...sums.map(({ exponent }) => exponent))
  const squareExponent = Math.min(2 * sumExponent, ...squares.map(({ exponent }) => exponent))
  const exponent = squareExponent - (squareExponent % 2 === 0 ? 0 : 1)
  const at = (parts: typeof sums, base: number): bigint =>
    parts.reduce((total, part) => total + (part.integer << BigInt(part.exponent - base)), 0n)
  const sum = at(sums, exponent / 2)
  const variance = BigInt(n) * at(squares, exponent) - sum * sum
  return rootOfRatio(variance, BigInt(n) << BigInt(-exponent / 2))
}

/** The same from the values themselves, where no expansion holds their sums. Never overflows. */
export function standardDeviationOfValues(values: readonly number[]): number {
  const { integers, exponent } = toIntegers(values)
  let sum = 0n
  let squares = 0n
  for (const integer of integers) {
    sum += integer
    squares += integer * integer
  }
  const n = BigInt(values.length)
  return rootOfRatio(n * squares - sum * sum, n << BigInt(-exponent))
}
