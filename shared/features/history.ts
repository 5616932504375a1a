import { invariant } from '#shared/domain/invariant'
import { limits } from '#shared/domain/limits'
import type { Arena } from '#shared/memory/arena'
import { Cells } from '#shared/memory/cells'
import { equalsText, movedText, readText, releaseText, storeText } from '#shared/memory/text'
import { allocWords, movedWords, releaseWords, wordsOfBlock } from '#shared/memory/words'
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
import { parseUuid, uuidText } from './uuid.ts'

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
  readonly #cells: Cells
  /** Whether any record may have a text in a block of its own. */
  #hasTexts: boolean
  /** The text last looked at for a UUID, and what it is: an event's id is asked for several times in a row. */
  #lastText = ''
  #isUuid = false
  readonly #uuid = new Uint32Array(4)

  constructor(arena: Arena, layout: Layout, textColumns: readonly number[]) {
    this.arena = arena
    this.layout = layout
    this.#textColumns = textColumns
    this.#cells = new Cells(arena)
    this.#hasTexts = textColumns.length > 0
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

  /**
   * An id as records keep it: its number, or minus the handle of its text, or, of a UUID, minus its cell and `uuidBase`. Texts and cells
   * belong to the record that gets them.
   */
  storeId(id: string): number {
    const number = this.#ids.encode(id)
    if (number >= 0) return number
    if (!this.#isUuidText(id)) {
      this.#hasTexts = true
      return -storeText(this.arena, id)
    }
    const cell = this.#cells.alloc()
    const { U } = this.arena
    for (let i = 0; i < 4; i++) U[cell * 2 + i] = this.#uuid[i]
    return -uuidBase - cell
  }

  /** The id's number, or −1 where it is kept in another form. */
  idNumber(id: string): number {
    return this.#ids.encode(id)
  }

  /** The id that a record keeps, as text. */
  idText(stored: number): string {
    if (stored >= 0) return this.#ids.text(stored)
    if (stored > -uuidBase) return readText(this.arena, -stored)
    const { U } = this.arena
    const half = (-stored - uuidBase) * 2
    return uuidText(U[half], U[half + 1], U[half + 2], U[half + 3])
  }

  /** @param number as `idNumber` gives it */
  isId(stored: number, id: string, number: number): boolean {
    if (number >= 0) return stored === number
    if (stored >= 0) return false
    const isUuid = this.#isUuidText(id)
    if (stored > -uuidBase) return !isUuid && equalsText(this.arena, -stored, id)
    if (!isUuid) return false
    const { U } = this.arena
    const half = (-stored - uuidBase) * 2
    for (let i = 0; i < 4; i++) if (U[half + i] !== this.#uuid[i]) return false
    return true
  }

  /** Handle of the text that the record keeps as its id; 0: it is kept in another form. */
  idHandle(stored: number): number {
    return stored < 0 && stored > -uuidBase ? -stored : 0
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

  /** Moves what the actor's history has in the arena, as in `Arena.moved`. */
  move(h: number): void {
    const { F, U } = this.arena
    const words = U[h * 2 + capacityHalf] * this.layout.recordWords
    U[h * 2 + blockHalf] = movedWords(this.arena, U[h * 2 + blockHalf], words)
    if (!this.#hasTexts) return
    for (let position = this.start(h); position < this.head(h); position++) {
      const record = this.record(h, position)
      const handle = this.idHandle(F[record + idWord])
      if (handle > 0) F[record + idWord] = -movedText(this.arena, handle)
      for (const column of this.#textColumns) {
        const at = record + this.layout.columnsWord + column
        if (F[at] > 0) F[at] = movedText(this.arena, F[at])
      }
    }
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
    const id = F[record + idWord]
    if (id <= -uuidBase) this.#cells.release(-id - uuidBase)
    else if (id < 0) releaseText(this.arena, -id)
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

  /** Whether a text is a UUID, whose words are then at hand. */
  #isUuidText(text: string): boolean {
    if (text !== this.#lastText) {
      this.#isUuid = parseUuid(text, this.#uuid)
      this.#lastText = text
    }
    return this.#isUuid
  }

  /** How many records a ring of so many words holds: the bound on a history does not depend on how large its records are. */
  #recordsIn(words: number): number {
    return Math.min(limits.recordsPerActorMax, Math.floor(words / this.layout.recordWords))
  }
}

/** Above the handles of all texts. */
const uuidBase = 2 ** 32
/** Few accounts have fewer within a month, and each doubling is a copy. */
const firstRecords = 4
