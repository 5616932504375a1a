/** Where a record is. */
export interface Position {
  readonly partition: number
  readonly offset: number
}

export interface IdEntry extends Position {
  readonly hash: number
  /** Event time, ms since 1970. */
  readonly at: number
}

/** Which entries to look for: those of this hash with an event time in `[from, to]`, both ends included. */
export interface IdQuery {
  readonly hash: number
  readonly from: number
  readonly to: number
}

/**
 * The newest entries of the index of ids, which are not in the database yet. Written one by one in their random order, each would cost a
 * page of the file; so they are collected here and written a slice at a time, where a slice is a range of hashes.
 *
 * I1 `addedSince` entries at the end were added after the last `keep`, and `removeLast` takes them out again in reverse order.
 */
export class RecentIds {
  size = 0
  readonly #slices = Array.from({ length: slicesCount }, () => new Slice())
  /** Slice of each entry since the last `keep`. */
  readonly #added: number[] = []

  add(entry: IdEntry): void {
    const slice = sliceOf(entry.hash)
    this.#slices[slice].add(entry)
    this.#added.push(slice)
    this.size++
  }

  removeLast(): void {
    this.#slices[this.#added.pop()!].removeLast()
    this.size--
  }

  /** What was added stays. */
  keep(): void {
    this.#added.length = 0
  }

  /** Positions of the entries that fit the query are put behind those in `to`. */
  collect(query: IdQuery, to: Position[]): void {
    const slice = this.#slices[sliceOf(query.hash)]
    const [firstDay, lastDay] = [dayOf(query.from), dayOf(query.to)]
    if (lastDay - firstDay > daysProbedMax) slice.collectAll(query, to)
    else for (let day = firstDay; day <= lastDay; day++) slice.collectDay(query, day, to)
  }

  entries(slice: number): IterableIterator<IdEntry> {
    return this.#slices[slice].entries()
  }

  count(slice: number): number {
    return this.#slices[slice].length
  }

  /** Nothing of the slice may have been added since the last `keep`. */
  clear(slice: number): void {
    this.size -= this.#slices[slice].length
    this.#slices[slice].clear()
  }
}

export const slicesCount = 256

/** The index is laid out by day of event time, so that what is looked for every moment lies together. */
export const dayOf = (at: number): number => Math.floor(at / dayMs)

const dayMs = 86_400_000

/** More days than this are asked for by `find` alone, which looks through a whole slice instead. */
const daysProbedMax = 16

/** By the highest of 52 bits. */
const sliceOf = (hash: number): number => Math.floor(hash / 2 ** 44)

/** A hash table of one slice by hash and day. Entries in order of adding; a slot holds the index of its entry plus one, 0 if empty. */
class Slice {
  length = 0
  #slots = new Int32Array(32)
  #hashes = new Float64Array(16)
  #ats = new Float64Array(16)
  #offsets = new Float64Array(16)
  #partitions = new Uint16Array(16)

  add({ hash, at, partition, offset }: IdEntry): void {
    if (this.length === this.#hashes.length) this.#grow()
    const i = this.length++
    this.#hashes[i] = hash
    this.#ats[i] = at
    this.#offsets[i] = offset
    this.#partitions[i] = partition
    this.#fillSlot(i)
  }

  /** The last one in has no entry behind it that was pushed on by it, so its slot can be emptied. */
  removeLast(): void {
    const last = this.length--
    const mask = this.#slots.length - 1
    let slot = homeSlot(this.#hashes[last - 1], dayOf(this.#ats[last - 1])) & mask
    while (this.#slots[slot] !== last) slot = (slot + 1) & mask
    this.#slots[slot] = 0
  }

  collectDay(query: IdQuery, day: number, to: Position[]): void {
    const mask = this.#slots.length - 1
    for (let slot = homeSlot(query.hash, day) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const i = this.#slots[slot] - 1
      if (this.#hashes[i] === query.hash && dayOf(this.#ats[i]) === day) this.#collect(i, query, to)
    }
  }

  collectAll(query: IdQuery, to: Position[]): void {
    for (let i = 0; i < this.length; i++) if (this.#hashes[i] === query.hash) this.#collect(i, query, to)
  }

  *entries(): IterableIterator<IdEntry> {
    for (let i = 0; i < this.length; i++)
      yield { hash: this.#hashes[i], at: this.#ats[i], partition: this.#partitions[i], offset: this.#offsets[i] }
  }

  clear(): void {
    this.length = 0
    this.#slots.fill(0)
  }

  #collect(i: number, { from, to: until }: IdQuery, to: Position[]): void {
    const at = this.#ats[i]
    if (at >= from && at <= until) to.push({ partition: this.#partitions[i], offset: this.#offsets[i] })
  }

  #fillSlot(i: number): void {
    const mask = this.#slots.length - 1
    let slot = homeSlot(this.#hashes[i], dayOf(this.#ats[i])) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = i + 1
  }

  #grow(): void {
    const size = this.#hashes.length * 2
    const copy = <C extends Float64Array | Uint16Array>(old: C, next: C): C => {
      next.set(old)
      return next
    }
    this.#hashes = copy(this.#hashes, new Float64Array(size))
    this.#ats = copy(this.#ats, new Float64Array(size))
    this.#offsets = copy(this.#offsets, new Float64Array(size))
    this.#partitions = copy(this.#partitions, new Uint16Array(size))
    this.#slots = new Int32Array(size * 2)
    for (let i = 0; i < this.length; i++) this.#fillSlot(i)
  }
}

const homeSlot = (hash: number, day: number): number => {
  const mixed = Math.imul((hash | 0) ^ Math.imul(day | 0, 0x9e3779b1), 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
