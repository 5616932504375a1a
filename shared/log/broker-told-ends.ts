/**
 * The ends that a broker told, by which it is known that it lost the tail of its log.
 *
 * A lower end alone is no proof: a node that no longer leads, and has not heard of it, may answer so for a moment. A lower end that stays one is.
 */
export class ToldEnds {
  /** By slot (one of all partitions, or one of each), above every sequence that was told. */
  readonly #ends: number[]
  /** ms of the monotonic clock; undefined: the last answer was not lower. */
  #lowerSince: number | undefined

  constructor(slots: number) {
    this.#ends = Array<number>(slots).fill(1)
  }

  /** Above every sequence that was told for the slot. */
  at(slot: number): number {
    return this.#ends[slot]
  }

  raise(slot: number, end: number): void {
    if (end > this.#ends[slot]) this.#ends[slot] = end
  }

  copy(): readonly number[] {
    return this.#ends.slice()
  }

  /**
   * @param ends what the broker answers
   * @param before `copy` at the time of the question: what came meanwhile may be missing in the answer
   * @param now ms of the monotonic clock
   */
  judge(ends: readonly number[], before: readonly number[], now: number): EndsVerdict {
    const slot = ends.findIndex((end, s) => end < before[s])
    if (slot < 0) {
      this.#lowerSince = undefined
      for (const [s, end] of ends.entries()) this.raise(s, end)
      return { kind: 'told' }
    }
    this.#lowerSince ??= now
    const isLost = now - this.#lowerSince >= lowerMsMax
    return { kind: isLost ? 'lost' : 'lower', slot, end: ends[slot], before: before[slot] }
  }
}

export type EndsVerdict =
  | { readonly kind: 'told' }
  | { readonly kind: 'lower' | 'lost'; readonly slot: number; readonly end: number; readonly before: number }

/** Longer than a node that has lost its lead goes on answering once its client asks for leaders anew, which it does after each lower end. */
const lowerMsMax = 3_000
