import type { Random } from '#shared/generator/random'

/**
 * Draws ranks 1 to `ranks`, rank r with a probability that falls as 1 / r. No table: ten million ranks take no memory.
 * Source: Hörmann and Derflinger, Rejection-inversion to generate variates from monotone discrete distributions, 1996, with exponent 1.
 */
export class Zipf {
  readonly #ranks: number
  readonly #low: number
  readonly #high: number

  constructor(ranks: number) {
    this.#ranks = ranks
    this.#low = Math.log(1.5) - 1
    this.#high = Math.log(ranks + 0.5)
  }

  draw(random: Random): number {
    for (;;) {
      const u = this.#high + random.unit() * (this.#low - this.#high)
      const x = Math.exp(u)
      const rank = Math.min(this.#ranks, Math.max(1, Math.round(x)))
      if (rank - x <= shortcut || u >= Math.log(rank + 0.5) - 1 / rank) return rank
    }
  }
}

/** Nearer than this to its rank, a draw needs no look at the probability. */
const shortcut = 2 - Math.exp(Math.log(2.5) - 0.5)
