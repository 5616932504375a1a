import { atWord, bitsHalf, idWord, type Layout, quietMask, reservedBits } from '#shared/features/layout'
import type { Plan } from '#shared/features/plan'

/**
 * The record being judged, spread out so that conditions read it without knowing where it stands.
 *
 * `R` holds the record's columns, then the features. A text is the handle of its block, 0 where absent.
 */
export class Registers {
  readonly R: Float64Array
  /** Bit words of the record. */
  readonly X: Uint32Array
  readonly featuresBase: number
  readonly #saved: Float64Array
  readonly #savedBits: Uint32Array
  at = 0
  /** As in the record, see `History.storeId`; NaN where there is no event. */
  id = 0
  key = ''

  constructor(columns: number, features: number, bitWords: number) {
    this.R = new Float64Array(columns + features)
    this.X = new Uint32Array(bitWords)
    this.featuresBase = columns
    this.#saved = new Float64Array(this.R.length)
    this.#savedBits = new Uint32Array(this.X.length)
  }

  setBit(predicate: number): void {
    const bit = predicate + reservedBits
    this.X[bit >> 5] |= 1 << (bit & 31)
  }

  hasBit(predicate: number): boolean {
    const bit = predicate + reservedBits
    return (this.X[bit >> 5] & (1 << (bit & 31))) !== 0
  }

  /** Notes in the registers, and in the record that they were stored to, whether a part of the plan faulted. */
  setFault(plan: Plan, fault: number, hasFaulted: boolean, { U }: Words, record: number): void {
    const bit = plan.predicates.length + fault + reservedBits
    const mask = 1 << (bit & 31)
    this.X[bit >> 5] = hasFaulted ? this.X[bit >> 5] | mask : this.X[bit >> 5] & ~mask
    U[record * 2 + bitsHalf + (bit >> 5)] = this.X[bit >> 5]
  }

  /** Whether a part of the plan faulted for the record. */
  hasFault(plan: Plan, fault: number): boolean {
    return this.hasBit(plan.predicates.length + fault)
  }

  /** Loads columns and bits of a record that was judged before. Features are not part of it. */
  load({ F, U }: Words, layout: Layout, record: number): void {
    this.at = F[record + atWord]
    this.id = F[record + idWord]
    for (let w = 0; w < this.X.length; w++) this.X[w] = U[record * 2 + bitsHalf + w]
    this.X[0] &= ~quietMask
    const columns = record + layout.columnsWord
    for (let c = 0; c < this.featuresBase; c++) this.R[c] = F[columns + c]
  }

  store({ F, U }: Words, layout: Layout, record: number): void {
    F[record + atWord] = this.at
    F[record + idWord] = this.id
    for (let w = 0; w < this.X.length; w++) U[record * 2 + bitsHalf + w] = this.X[w]
    const columns = record + layout.columnsWord
    for (let c = 0; c < this.featuresBase; c++) F[columns + c] = this.R[c]
  }

  /** Runs `read` with no current event: only time, and the key. The event in the registers may be another actor's. */
  withoutEvent<T>(at: number, key: string, read: () => T): T {
    this.#saved.set(this.R)
    this.#savedBits.set(this.X)
    const { at: eventAt, id, key: eventKey } = this
    this.R.fill(Number.NaN)
    this.X.fill(0)
    this.at = at
    this.id = Number.NaN
    this.key = key
    const result = read()
    this.R.set(this.#saved)
    this.X.set(this.#savedBits)
    this.at = eventAt
    this.id = id
    this.key = eventKey
    return result
  }
}

/** The same memory as doubles and as halves: the arena, or a scratch. */
export interface Words {
  readonly F: Float64Array
  readonly U: Uint32Array
}

export function wordsOf(words: number): Words {
  const F = new Float64Array(words)
  return { F, U: new Uint32Array(F.buffer) }
}

/** Copies words as halves: one that is no number may come out as another one otherwise. */
export function copyWords(from: Words, at: number, to: Words, target: number, words: number): void {
  for (let half = 0; half < words * 2; half++) to.U[target * 2 + half] = from.U[at * 2 + half]
}
