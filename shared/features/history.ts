import { invariant } from '#shared/domain/invariant'
import { limits } from '#shared/domain/limits'
import type { Arena } from '#shared/memory/arena'
import { equalsText, readText, releaseText, storeText } from '#shared/memory/text'
import { allocWords, releaseWords, wordsOfBlock } from '#shared/memory/words'
import { EventIds } from './event-ids.ts'
import {
  atWord,
  bitsHalf,
  blockHalf,
  capacityHalf,
  firstHalf,
  headHalf,
  idWord,
  type Layout,
  quietMask,
  reservedBits,
  startHalf,
} from './layout.ts'
import { noFilter } from './plan.ts'

/**
 * The history of each actor: a ring of records that fills one arena block, doubled when full. It is the only truth about an actor; all
 * that windows hold is derived from it.
 *
 * I1 Positions grow by 1 from 1; position p stands at place p − first of the ring, or a whole round before that. first ≤ start < first +
 *    capacity. (A remainder would do without `first`, but a division for each record that is looked at is dear.)
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
  open(h: number, position = 1, records = firstRecords): void {
    const { F, U } = this.arena
    F.fill(0, h, h + this.layout.headerWords)
    for (const word of this.layout.departedWord) if (word >= 0) F[h + word] = Number.NaN
    const words = wordsOfBlock(records * this.layout.recordWords)
    const block = allocWords(this.arena, words)
    U[h * 2 + headHalf] = position
    U[h * 2 + startHalf] = position
    U[h * 2 + blockHalf] = block
    U[h * 2 + capacityHalf] = this.#recordsIn(words)
    U[h * 2 + firstHalf] = position
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
    const place = position - U[h * 2 + firstHalf]
    const capacity = U[h * 2 + capacityHalf]
    return U[h * 2 + blockHalf] + (place < capacity ? place : place - capacity) * this.layout.recordWords
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
    releaseWords(this.arena, U[h * 2 + blockHalf], U[h * 2 + capacityHalf] * this.layout.recordWords)
  }

  isFull(h: number): boolean {
    const { U } = this.arena
    return U[h * 2 + headHalf] - U[h * 2 + startHalf] === U[h * 2 + capacityHalf]
  }

  /** Whether the ring may still be doubled. */
  canGrow(h: number): boolean {
    return this.arena.U[h * 2 + capacityHalf] < limits.recordsPerActorMax
  }

  grow(h: number): void {
    const { recordWords } = this.layout
    const { F, U } = this.arena
    const capacity = U[h * 2 + capacityHalf]
    const words = wordsOfBlock(capacity * recordWords) * 2
    const block = allocWords(this.arena, words)
    const start = U[h * 2 + startHalf]
    const size = U[h * 2 + headHalf] - start
    // The oldest comes first in the new ring. In the old one it stands anywhere, so the records are two pieces there.
    const old = U[h * 2 + blockHalf]
    const oldest = this.record(h, start)
    const atEnd = Math.min(size * recordWords, old + capacity * recordWords - oldest)
    F.copyWithin(block, oldest, oldest + atEnd)
    F.copyWithin(block + atEnd, old, old + size * recordWords - atEnd)
    releaseWords(this.arena, old, capacity * recordWords)
    U[h * 2 + blockHalf] = block
    U[h * 2 + capacityHalf] = this.#recordsIn(words)
    U[h * 2 + firstHalf] = start
  }

  /** Forgets the oldest record. The caller has taken it out of all windows. */
  dropOldest(h: number): void {
    const start = this.start(h)
    invariant(start < this.head(h), 'an empty history has no oldest record')
    this.releaseTexts(this.record(h, start))
    const { U } = this.arena
    U[h * 2 + startHalf] = start + 1
    if (start + 1 - U[h * 2 + firstHalf] === U[h * 2 + capacityHalf]) U[h * 2 + firstHalf] = start + 1
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

  /** How many records a ring of so many words holds: the bound on a history does not depend on how large its records are. */
  #recordsIn(words: number): number {
    return Math.min(limits.recordsPerActorMax, Math.floor(words / this.layout.recordWords))
  }
}

/** Few accounts have fewer within a month, and each doubling is a copy. */
const firstRecords = 4
