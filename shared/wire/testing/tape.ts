/** Choices that are read off bytes, so that fast-check can shrink a whole case by shrinking them: 0 is always the plainest choice. */
export class Tape {
  /** Whether nothing odd is to happen for now. */
  isCalm = false
  readonly #bytes: Uint8Array
  #next = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** @returns 0 where the tape has run out */
  below(n: number): number {
    const byte = this.#bytes[this.#next++] ?? 0
    return n <= 256 ? byte % n : (byte * 256 + (this.#bytes[this.#next++] ?? 0)) % n
  }

  /** Not the lowest nor the highest of the numbers, which fast-check likes best. */
  chance(oneIn: number): boolean {
    return this.below(oneIn) === oneIn >> 1
  }

  /** A chance of something that makes a row bad, or rare; it does not come while `isCalm`. */
  odd(oneIn: number): boolean {
    return !this.isCalm && this.chance(oneIn)
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]
  }

  list<T>(lengthMax: number, make: (i: number) => T): T[] {
    return Array.from({ length: this.below(lengthMax + 1) }, (_, i) => make(i))
  }

  shuffled<T>(items: readonly T[]): T[] {
    const left = [...items]
    return items.map(() => left.splice(this.below(left.length), 1)[0])
  }
}
