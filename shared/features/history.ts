import { invariant } from '#shared/domain/invariant'
import { limits } from '#shared/domain/limits'
import type { Arena } from '#shared/memory/arena'
import { equalsText, readText, releaseText, storeText } from '#shared/memory/text'
import { allocWords, releaseWords } from '#shared/memory/words'
import { EventIds } from './event-ids.ts'
import {
  atWord,
  bitsHalf,
  blockHalf,
  capacityHalf,
  headHalf,
  idWord,
  type Layout,
  quietMask,
  reservedBits,
  startHalf,
} from './layout.ts'
import { noFilter } from './plan.ts'

/**
 * The history of each actor: a ring of records in one arena block, doubled when full. It is the only truth about an actor; all that
 * windows hold is derived from it.
 *
 * I1 Positions grow by 1 from 1; position p stands at slot p mod capacity of the ring.
 * I2 Records are sorted by (at, id).
 * I3 start ≤ every position in use < head.
 * An actor is named by the word where its header starts (`h`).
 */
export class History {
  readonly arena: Arena
  readonly layout: Layout
  readonly #ids = new EventIds()
  readonly #textColumns: readonly number[]

  constructor(arena: Arena, layout: Layout, textColumns: readonly number[]) {
    this.arena = arena
    this.layout = layout
    this.#textColumns = textColumns
  }

  /** An actor without records; the first will have this position. */
  open(h: number, position = 1, capacityLog2 = firstCapacityLog2): void {
    const { F, U } = this.arena
    F.fill(0, h, h + this.layout.headerWords)
    for (const word of this.layout.departedWord) if (word >= 0) F[h + word] = Number.NaN
    const block = allocWords(this.arena, this.layout.recordWords << capacityLog2)
    U[h * 2 + headHalf] = position
    U[h * 2 + startHalf] = position
    U[h * 2 + blockHalf] = block
    U[h * 2 + capacityHalf] = capacityLog2
  }

  head(h: number): number {
    return this.arena.U[h * 2 + headHalf]
  }

  start(h: number): number {
    return this.arena.U[h * 2 + startHalf]
  }

  /** Word where the record at this position starts. */
  record(h: number, position: number): number {
    const { U } = this.arena
    const mask = (1 << U[h * 2 + capacityHalf]) - 1
    return U[h * 2 + blockHalf] + (position & mask) * this.layout.recordWords
  }

  at(h: number, position: number): number {
    return this.arena.F[this.record(h, position) + atWord]
  }

  /** An id as records keep it: its number, or minus the handle of its text. A text belongs to the record that gets it. */
  storeId(id: string): number {
    const number = this.#ids.encode(id)
    return number >= 0 ? number : -storeText(this.arena, id)
  }

  /** The id's number, or −1 where it is kept as text. */
  idNumber(id: string): number {
    return this.#ids.encode(id)
  }

  /** The id that a record keeps, as text. */
  idText(stored: number): string {
    return stored < 0 ? readText(this.arena, -stored) : this.#ids.text(stored)
  }

  /** @param number as `idNumber` gives it */
  isId(stored: number, id: string, number: number): boolean {
    return number >= 0 ? stored === number : stored < 0 && equalsText(this.arena, -stored, id)
  }

  /** Whether the record passes a filter: a predicate that holds for it, or noFilter. */
  passes(h: number, position: number, filter: number): boolean {
    if (filter === noFilter) return true
    const bit = filter + reservedBits
    return (this.arena.U[this.record(h, position) * 2 + bitsHalf + (bit >> 5)] & (1 << (bit & 31))) !== 0
  }

  /** Marks that no run was open after the record. */
  setQuiet(h: number, position: number): void {
    this.arena.U[this.record(h, position) * 2 + bitsHalf] |= quietMask
  }

  isQuiet(h: number, position: number): boolean {
    return (this.arena.U[this.record(h, position) * 2 + bitsHalf] & quietMask) !== 0
  }

  /** Handle of the open runs of a pattern; 0: none. */
  runs(h: number, pattern: number): number {
    return this.arena.U[h * 2 + this.layout.runsHalf + pattern]
  }

  setRuns(h: number, pattern: number, handle: number): void {
    this.arena.U[h * 2 + this.layout.runsHalf + pattern] = handle
  }

  /** An actor leaves memory. */
  release(h: number): void {
    for (let position = this.start(h); position < this.head(h); position++) this.releaseTexts(this.record(h, position))
    const { U } = this.arena
    releaseWords(this.arena, U[h * 2 + blockHalf], this.layout.recordWords << U[h * 2 + capacityHalf])
  }

  isFull(h: number): boolean {
    const { U } = this.arena
    return U[h * 2 + headHalf] - U[h * 2 + startHalf] === 1 << U[h * 2 + capacityHalf]
  }

  /** Whether the ring may still be doubled. */
  canGrow(h: number): boolean {
    return 2 << this.arena.U[h * 2 + capacityHalf] <= limits.recordsPerActorMax
  }

  grow(h: number): void {
    const words = this.layout.recordWords
    const capacityLog2 = this.arena.U[h * 2 + capacityHalf]
    const block = allocWords(this.arena, words << (capacityLog2 + 1))
    const { F, U } = this.arena
    const old = U[h * 2 + blockHalf]
    const mask = (2 << capacityLog2) - 1
    for (let position = U[h * 2 + startHalf]; position < U[h * 2 + headHalf]; position++) {
      const from = old + (position & (mask >> 1)) * words
      F.copyWithin(block + (position & mask) * words, from, from + words)
    }
    releaseWords(this.arena, old, words << capacityLog2)
    U[h * 2 + blockHalf] = block
    U[h * 2 + capacityHalf] = capacityLog2 + 1
  }

  /** Forgets the oldest record. The caller has taken it out of all windows. */
  dropOldest(h: number): void {
    const start = this.start(h)
    invariant(start < this.head(h), 'an empty history has no oldest record')
    this.releaseTexts(this.record(h, start))
    this.arena.U[h * 2 + startHalf] = start + 1
  }

  releaseTexts(record: number): void {
    const { F } = this.arena
    if (F[record + idWord] < 0) releaseText(this.arena, -F[record + idWord])
    for (const column of this.#textColumns) {
      const handle = F[record + this.layout.columnsWord + column]
      if (handle > 0) releaseText(this.arena, handle)
    }
  }

  /** First position whose record is younger than `at`, or the head. */
  firstAfter(h: number, at: number): number {
    let low = this.start(h)
    let high = this.head(h)
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.at(h, middle) > at) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Four records: few accounts have fewer within a month, and each doubling is a copy. */
const firstCapacityLog2 = 2
