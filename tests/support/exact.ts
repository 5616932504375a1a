// Exact arithmetic for oracles: fractions of big integers, and the double nearest to them. Slow, and plainly right.

export interface Fraction {
  readonly numerator: bigint
  /** Positive. */
  readonly denominator: bigint
}

export const fraction = (numerator: bigint, denominator = 1n): Fraction => ({ numerator, denominator })

/** A finite double is an integer times a power of two. */
export function fractionOf(value: number): Fraction {
  let scaled = value
  let doublings = 0
  // 1,074 doublings make an integer of the smallest double.
  while (!Number.isInteger(scaled)) {
    scaled *= 2
    doublings++
  }
  return fraction(BigInt(scaled), 1n << BigInt(doublings))
}

export const add = (a: Fraction, b: Fraction): Fraction =>
  fraction(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)

export const multiply = (a: Fraction, b: Fraction): Fraction =>
  fraction(a.numerator * b.numerator, a.denominator * b.denominator)

export const divide = (a: Fraction, by: bigint): Fraction => fraction(a.numerator, a.denominator * by)

/** Over one denominator, so that the sum of many stays small. */
export function sumOf(values: readonly Fraction[]): Fraction {
  const denominator = values.reduce((d, value) => (value.denominator > d ? value.denominator : d), 1n)
  if (values.some((value) => denominator % value.denominator !== 0n)) return values.reduce(add, fraction(0n))
  const scaled = values.map((value) => value.numerator * (denominator / value.denominator))
  return fraction(
    scaled.reduce((sum, numerator) => sum + numerator, 0n),
    denominator,
  )
}

/** Negative, zero or positive, as `a` is below, equal to or above `b`. */
export function compare(a: Fraction, b: Fraction): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator
  return difference < 0n ? -1 : Number(difference > 0n)
}

/** The nearest double, of two equally near the even one. Infinity from half a step above the largest. */
export function nearestDouble(value: Fraction): number {
  const { numerator, denominator } = value
  if (numerator < 0n) return -nearestDouble(fraction(-numerator, denominator))
  return numerator === 0n ? 0 : nearest((candidate) => compare(candidate, value))
}

/** The double nearest to the square root. */
export const nearestRoot = (value: Fraction): number =>
  value.numerator <= 0n ? 0 : nearest((candidate) => compare(multiply(candidate, candidate), value))

/**
 * The double nearest to a positive number that can only be compared with. The bits of positive doubles rise with their values, so
 * halving finds the two neighbours; the point between them decides.
 */
function nearest(compareWith: (candidate: Fraction) => number): number {
  let low = 0n
  let high = infinityBits
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (compareWith(fractionOf(doubleOf(middle))) <= 0) low = middle
    else high = middle
  }
  const below = fractionOf(doubleOf(low))
  const step = high === infinityBits ? fraction(1n << 971n) : add(fractionOf(doubleOf(high)), negative(below))
  const side = compareWith(add(below, divide(step, 2n)))
  if (side !== 0) return doubleOf(side < 0 ? high : low)
  return doubleOf(low % 2n === 0n ? low : high)
}

const negative = ({ numerator, denominator }: Fraction): Fraction => fraction(-numerator, denominator)

const infinityBits = 0x7ff0_0000_0000_0000n
const view = new DataView(new ArrayBuffer(8))

function doubleOf(bits: bigint): number {
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}
