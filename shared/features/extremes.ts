import { allocWords, movedWords, releaseWords } from '#shared/memory/words'
import type { History } from './history.ts'
import { extremeHalves } from './layout.ts'
import { type Extreme, noCursor } from './plan.ts'

/**
 * Minimum and maximum of any number of windows with one end: a queue of the positions whose value no later record reaches.
 * The extreme of a window is the first entry at or after its start, found by halving.
 *
 * E1 Positions rise along the queue, values fall (max) or rise (min) strictly; entries before the history's start are stale.
 */
export class Extremes {
  readonly #history: History
  readonly #ends: ReadonlySet<number>
  readonly #extremes: readonly (Extreme & { half: number; word: number })[]

  constructor(history: History, extremes: readonly Extreme[]) {
    this.#history = history
    this.#ends = new Set(extremes.map(({ high }) => high))
    this.#extremes = extremes.map((extreme, i) => ({
      ...extreme,
      half: history.layout.extremesHalf + i * extremeHalves,
      word: history.layout.columnsWord + extreme.column,
    }))
  }

  /** Whether any window with a minimum or maximum ends at this cursor. */
  endsAt(high: number): boolean {
    return this.#ends.has(high)
  }

  /** A record enters the windows that end at this cursor. */
  push(h: number, high: number, position: number): void {
    for (const extreme of this.#extremes)
      if (extreme.high === high && this.#history.passes(h, position, extreme.filter)) this.#pushTo(h, extreme, position)
  }

  /** Value of the extreme over [start, end of the queue's windows), NaN where nothing counted. */
  read(h: number, index: number, start: number): number {
    const extreme = this.#extremes[index]
    const { U } = this.#history.arena
    const g = h * 2 + extreme.half
    const length = U[g + 3]
    if (length === 0) return Number.NaN
    // Read in place: this is asked several times of every event.
    const block = U[g] * 2
    const mask = (1 << U[g + 1]) - 1
    const first = U[g + 2]
    let low = 0
    let high = length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (U[block + ((first + middle) & mask)] < start) low = middle + 1
      else high = middle
    }
    return low === length ? Number.NaN : this.#value(h, extreme, U[block + ((first + low) & mask)])
  }

  /** Records at or after each queue's end have left it: entries go, and what they had pushed out comes back. */
  rewind(h: number, endOf: (high: number) => number): void {
    for (const extreme of this.#extremes) {
      const { U } = this.#history.arena
      const g = h * 2 + extreme.half
      if (U[g] === 0) continue
      const end = extreme.high === noCursor ? this.#history.head(h) : endOf(extreme.high)
      let length = U[g + 3]
      while (length > 0 && this.#entry(g, length - 1) >= end) length--
      U[g + 3] = length
      const stop = length > 0 ? this.#entry(g, length - 1) : this.#history.start(h) - 1
      const restored: number[] = []
      let best = Number.NEGATIVE_INFINITY
      for (let p = end - 1; p > stop; p--) {
        if (!this.#history.passes(h, p, extreme.filter)) continue
        const value = this.#value(h, extreme, p) * extreme.sign
        if (value <= best) continue
        best = value
        restored.push(p)
      }
      for (let i = restored.length - 1; i >= 0; i--) this.#pushTo(h, extreme, restored[i])
    }
  }

  /** Moves the queues, as in `Arena.moved`. */
  move(h: number): void {
    const { arena } = this.#history
    for (const { half } of this.#extremes) {
      const g = h * 2 + half
      if (arena.U[g] !== 0) arena.U[g] = movedWords(arena, arena.U[g], wordsOf(arena.U[g + 1]))
    }
  }

  /** An actor leaves memory. */
  release(h: number): void {
    for (const { half } of this.#extremes) {
      const { U } = this.#history.arena
      const g = h * 2 + half
      if (U[g] !== 0) releaseWords(this.#history.arena, U[g], wordsOf(U[g + 1]))
      U.fill(0, g, g + extremeHalves)
    }
  }

  #pushTo(h: number, extreme: Extreme & { half: number; word: number }, position: number): void {
    const { arena } = this.#history
    const g = h * 2 + extreme.half
    if (arena.U[g] === 0) {
      const block = allocWords(arena, wordsOf(firstCapacityLog2))
      arena.U[g] = block
      arena.U[g + 1] = firstCapacityLog2
      arena.U[g + 2] = 0
      arena.U[g + 3] = 0
    }
    const start = this.#history.start(h)
    const { U } = arena
    const block = U[g] * 2
    const mask = (1 << U[g + 1]) - 1
    let length = U[g + 3]
    let first = U[g + 2]
    while (length > 0 && U[block + (first & mask)] < start) {
      first++
      length--
    }
    const value = this.#value(h, extreme, position) * extreme.sign
    const valueAt = (index: number): number => this.#value(h, extreme, U[block + (index & mask)]) * extreme.sign
    while (length > 0 && valueAt(first + length - 1) <= value) length--
    U[g + 2] = first
    U[g + 3] = length
    if (length > mask) this.#grow(g)
    U[U[g] * 2 + ((U[g + 2] + length) & ((1 << U[g + 1]) - 1))] = position
    U[g + 3] = length + 1
  }

  #grow(g: number): void {
    const { arena } = this.#history
    const capacityLog2 = arena.U[g + 1]
    const block = allocWords(arena, wordsOf(capacityLog2 + 1))
    const { U } = arena
    const length = U[g + 3]
    for (let i = 0; i < length; i++) U[block * 2 + i] = this.#entry(g, i)
    releaseWords(arena, U[g], wordsOf(capacityLog2))
    U[g] = block
    U[g + 1] = capacityLog2 + 1
    U[g + 2] = 0
  }

  #entry(g: number, index: number): number {
    const { U } = this.#history.arena
    return U[U[g] * 2 + ((U[g + 2] + index) & ((1 << U[g + 1]) - 1))]
  }

  #value(h: number, extreme: { word: number }, position: number): number {
    return this.#history.arena.F[this.#history.record(h, position) + extreme.word]
  }
}

/** A block of the arena has at least 64 bytes: sixteen positions. */
const firstCapacityLog2 = 4
const wordsOf = (capacityLog2: number): number => (1 << capacityLog2) / 2
