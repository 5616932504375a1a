import { invariant } from '#shared/domain/invariant'
import { entryFlags, nameEnd, type PackedMarks } from './checkpoint-store-sqlite-entries.ts'
import { segmentOf } from './checkpoint-store-sqlite-segments.ts'

/**
 * Where the newest entry of each actor of one generation lies; all in typed arrays: about 65 bytes an actor with its name, no object.
 *
 * Boundary: it knows places as numbers. What lies there, and when a change becomes durable, is the owner's business.
 *
 * A1 Names are compared in full. A hash only says where to look, so two names with one hash are two actors.
 * A2 Between `begin` and `keep` every change is noted; `undo` brings back what was at `begin`, numbers of actors included.
 * A3 `liveBytes` is the sum of the bytes of all entries that a load would read.
 */
export class ActorTable {
  count = 0
  liveBytes = 0
  /** By actor: place of the newest entry. */
  newest = new Float64Array(firstCapacity)
  /** By actor: low 32 bits of the number of the segment that holds the base. */
  baseSegment = new Uint32Array(firstCapacity)
  /** By actor: bytes of all its entries from the base on. */
  chainBytes = new Float64Array(firstCapacity)
  deadline = new Float64Array(firstCapacity)
  #hasBook = new Uint8Array(firstCapacity)
  #hash = new Uint32Array(firstCapacity)
  /** By actor: where its name starts in `names`. */
  nameAt = new Uint32Array(firstCapacity)
  names = new Int32Array(firstCapacity * 8)
  #namesLength = 0
  /** Actor + 1; 0 is empty. Open addressing, at most half full. */
  #slots = new Int32Array(firstCapacity * 2)
  readonly #hashMask: number

  /** Six doubles for each change, in order. */
  #journal = new Float64Array(journalCapacity)
  #journalLength = 0
  #countAtBegin = 0
  #liveAtBegin = 0

  /** @param hashMask bits of the hash that are used: fewer make names share a hash */
  constructor(hashMask: number) {
    this.#hashMask = hashMask
  }

  /** The actor whose name starts at this word, or −1. */
  find(words: Int32Array, name: number): number {
    return this.#find(words, name, this.#hashOf(words, name))
  }

  /** The actor whose name starts at this word; a new one has no entries. */
  findOrAdd(words: Int32Array, name: number): number {
    const hash = this.#hashOf(words, name)
    const found = this.#find(words, name, hash)
    return found >= 0 ? found : this.#add(words, name, hash)
  }

  /** Makes an entry the actor's newest. A base replaces all that it has. */
  set(actor: number, { place, size, flags, deadline }: NewEntry): void {
    this.#note(actor)
    const before = this.chainBytes[actor]
    const bytes = (flags & entryFlags.appended) === 0 ? size : before + size
    if ((flags & entryFlags.appended) === 0) this.baseSegment[actor] = segmentOf(place)
    this.newest[actor] = place
    this.chainBytes[actor] = bytes
    this.liveBytes += bytes - before
    this.deadline[actor] = deadline
    this.#hasBook[actor] = (flags & entryFlags.book) === 0 ? 0 : 1
  }

  /** Whether the actor has a base: one that was just added has none. */
  hasBase(actor: number): boolean {
    return this.chainBytes[actor] > 0
  }

  hasBook(actor: number): boolean {
    return this.#hasBook[actor] === 1
  }

  begin(): void {
    this.#journalLength = 0
    this.#countAtBegin = this.count
    this.#liveAtBegin = this.liveBytes
  }

  keep(): void {
    this.#journalLength = 0
    if (this.#journal.length > journalKeptMax) this.#journal = new Float64Array(journalCapacity)
    this.#countAtBegin = this.count
  }

  undo(): void {
    for (let at = this.#journalLength - 6; at >= 0; at -= 6) {
      const actor = this.#journal[at]
      this.newest[actor] = this.#journal[at + 1]
      this.baseSegment[actor] = this.#journal[at + 2]
      this.chainBytes[actor] = this.#journal[at + 3]
      this.deadline[actor] = this.#journal[at + 4]
      this.#hasBook[actor] = this.#journal[at + 5]
    }
    // The actor that was put last goes first, so no other was put behind its slot.
    for (let actor = this.count - 1; actor >= this.#countAtBegin; actor--) this.#slots[this.#slotOf(actor)] = 0
    if (this.count > this.#countAtBegin) this.#namesLength = this.nameAt[this.#countAtBegin]
    this.count = this.#countAtBegin
    this.liveBytes = this.#liveAtBegin
    this.keep()
  }

  /** All actors with a deadline or a part in the book. */
  marked(): PackedMarks {
    const actors: number[] = []
    for (let actor = 0; actor < this.count; actor++)
      if (this.#hasBook[actor] === 1 || this.deadline[actor] !== Number.POSITIVE_INFINITY) actors.push(actor)
    return this.marksOf(actors)
  }

  marksOf(actors: readonly number[]): PackedMarks {
    let length = 0
    for (const actor of actors) length += nameEnd(this.names, this.nameAt[actor]) - this.nameAt[actor]
    const marks = {
      words: new Int32Array(length),
      deadlines: new Float64Array(actors.length),
      hasBook: new Uint8Array(actors.length),
    }
    let at = 0
    actors.forEach((actor, i) => {
      const name = this.nameAt[actor]
      const words = this.names.subarray(name, nameEnd(this.names, name))
      marks.words.set(words, at)
      at += words.length
      marks.deadlines[i] = this.deadline[actor]
      marks.hasBook[i] = this.#hasBook[actor]
    })
    return marks
  }

  #find(words: Int32Array, name: number, hash: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const actor = this.#slots[slot] - 1
      if (actor < 0 || (this.#hash[actor] === hash && this.#isNamed(actor, words, name))) return actor
    }
  }

  #isNamed(actor: number, words: Int32Array, name: number): boolean {
    const { names } = this
    const own = this.nameAt[actor]
    if (names[own] !== words[name] || names[own + 1] !== words[name + 1]) return false
    const length = nameEnd(words, name) - name
    for (let i = 2; i < length; i++) if (names[own + i] !== words[name + i]) return false
    return true
  }

  #add(words: Int32Array, name: number, hash: number): number {
    const actor = this.count
    if (actor === this.newest.length) this.#growColumns()
    if (2 * (actor + 1) > this.#slots.length) this.#growSlots()
    const end = nameEnd(words, name)
    const nameAt = this.#namesLength
    this.#namesLength += end - name
    while (this.#namesLength > this.names.length) this.names = grown(this.names, Int32Array)
    for (let from = name, to = nameAt; from < end; ) this.names[to++] = words[from++]
    this.nameAt[actor] = nameAt
    this.#hash[actor] = hash
    this.chainBytes[actor] = 0
    this.count++
    this.#put(actor)
    return actor
  }

  #put(actor: number): void {
    const mask = this.#slots.length - 1
    let slot = this.#hash[actor] & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = actor + 1
  }

  #slotOf(actor: number): number {
    const mask = this.#slots.length - 1
    let slot = this.#hash[actor] & mask
    while (this.#slots[slot] !== actor + 1) slot = (slot + 1) & mask
    return slot
  }

  #note(actor: number): void {
    if (this.#journalLength === this.#journal.length) this.#journal = grown(this.#journal, Float64Array)
    const journal = this.#journal
    const at = this.#journalLength
    journal[at] = actor
    journal[at + 1] = this.newest[actor]
    journal[at + 2] = this.baseSegment[actor]
    journal[at + 3] = this.chainBytes[actor]
    journal[at + 4] = this.deadline[actor]
    journal[at + 5] = this.#hasBook[actor]
    this.#journalLength = at + 6
  }

  #growColumns(): void {
    this.newest = grown(this.newest, Float64Array)
    this.baseSegment = grown(this.baseSegment, Uint32Array)
    this.chainBytes = grown(this.chainBytes, Float64Array)
    this.deadline = grown(this.deadline, Float64Array)
    this.#hasBook = grown(this.#hasBook, Uint8Array)
    this.#hash = grown(this.#hash, Uint32Array)
    this.nameAt = grown(this.nameAt, Uint32Array)
  }

  #growSlots(): void {
    invariant(this.#slots.length < 2 ** 30, 'a generation has more actors than its table can number')
    this.#slots = new Int32Array(this.#slots.length * 2)
    // In order of numbers, as `undo` takes them out from the last one on.
    for (let actor = 0; actor < this.count; actor++) this.#put(actor)
  }

  #hashOf(words: Int32Array, name: number): number {
    const end = nameEnd(words, name)
    let hash = 0x811c9dc5
    for (let i = name; i < end; i++) {
      hash = Math.imul(hash ^ words[i], 0x85ebca6b)
      hash ^= hash >>> 15
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35)
    return ((hash ^ (hash >>> 13)) & this.#hashMask) >>> 0
  }
}

export interface NewEntry {
  readonly place: number
  /** Bytes that it takes. */
  readonly size: number
  readonly flags: number
  readonly deadline: number
}

const firstCapacity = 64
const journalCapacity = 6 * 64
/** Doubles that the journal keeps for the next commit. */
const journalKeptMax = 6 * 65_536

function grown<T extends Float64Array | Uint32Array | Int32Array | Uint8Array>(
  old: T,
  make: new (length: number) => T,
): T {
  const larger = new make(old.length * 2)
  larger.set(old)
  return larger
}
