/**
 * A seeded source of random numbers: sfc32, 128 bits of state, passes PractRand to many terabytes.
 * Its draws depend on the seed and on the order of calls alone, so one seed gives one stream, byte for byte.
 * Refused: `Math.random` (no seed), one source per customer (16 more bytes each, and nothing here needs it).
 * Source: C. Doty-Humphrey, PractRand, 2010.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param seed any integer; its low 53 bits count */
  constructor(seed: number) {
    this.#a = seed >>> 0
    this.#b = Math.floor(seed / 2 ** 32) >>> 0
    this.#c = 0x9e3779b9
    // The first draws still resemble the seed.
    for (let i = 0; i < 15; i++) this.bits()
  }

  /** 32 random bits as an unsigned integer. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** From 0 up to, not including, 1. */
  unit(): number {
    return this.bits() / 4_294_967_296
  }

  /** From `low` up to, not including, `high`. */
  between(low: number, high: number): number {
    return low + (high - low) * this.unit()
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1))
  }

  chance(probability: number): boolean {
    return this.unit() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.unit() * items.length)]
  }

  /** An index into `cumulative`, whose last element is the sum of all weights. */
  pickWeighted(cumulative: readonly number[]): number {
    const draw = this.unit() * cumulative[cumulative.length - 1]
    let index = 0
    while (cumulative[index] <= draw) index++
    return index
  }

  /** Standard normal (Box–Muller; the second value is thrown away, so that no hidden state remains). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit())
  }

  /** Log-normal: half of the draws lie below `median`; a `spread` of 0.7 puts two thirds between half and double of it. */
  logNormal(median: number, spread: number): number {
    return median * Math.exp(spread * this.normal())
  }

  /** Waiting time of a process without memory. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.unit())
  }

  /** Number of events where `mean` are expected (Knuth; for small means). */
  poisson(mean: number): number {
    const limit = Math.exp(-mean)
    let product = this.unit()
    let count = 0
    while (product > limit) {
      product *= this.unit()
      count++
    }
    return count
  }
}

/** Sums up weights for `Random.pickWeighted`. */
export function cumulate(weights: readonly number[]): number[] {
  let sum = 0
  return weights.map((weight) => {
    sum += weight
    return sum
  })
}
