import type { IdQuery } from './recent-ids.ts'

/**
 * Tells of most ids that are new that they are, without a look into the database: a Bloom filter of what was put there, in generations.
 *
 * F1 `mayHave` is true for every entry that was added, and for every one that was there before the filter and that is not newer than
 *    `olderTo`. It may be true for others.
 */
export class HashFilter {
  /** Newest last. */
  readonly #generations: Generation[] = []
  /** Event times of the entries that no generation holds, both ends included. */
  #olderFrom = Number.NEGATIVE_INFINITY
  #olderTo: number
  readonly #size: FilterSize

  /** @param olderTo highest event time of the entries that are there already */
  constructor(olderTo: number, size: FilterSize = fullSize) {
    this.#olderTo = olderTo
    this.#size = size
  }

  add(hash: number, at: number): void {
    let newest = this.#generations.at(-1)
    if (newest === undefined || newest.length >= this.#size.entries) {
      newest = new Generation(this.#size.entries * bitsPerEntry)
      this.#generations.push(newest)
      if (this.#generations.length > this.#size.generations) this.#forget(this.#generations.shift()!)
    }
    newest.add(hash, at)
  }

  mayHave({ hash, from, to }: IdQuery): boolean {
    if (from <= this.#olderTo && to >= this.#olderFrom) return true
    return this.#generations.some((one) => from <= one.to && to >= one.from && one.mayHave(hash))
  }

  #forget({ from, to }: Generation): void {
    const isNone = this.#olderTo === Number.NEGATIVE_INFINITY
    this.#olderFrom = isNone ? from : Math.min(this.#olderFrom, from)
    this.#olderTo = Math.max(this.#olderTo, to)
  }
}

interface FilterSize {
  /** Of one generation; 32 times a power of two. */
  readonly entries: number
  readonly generations: number
}

/** 16 MB each. Four hold what comes in 200 seconds at the highest rate, or in an hour at 9,000 a second. */
const fullSize: FilterSize = { entries: 2 ** 23, generations: 4 }

const bitsPerEntry = 16
/** A cache line: all bits of an entry are in one, so that a question costs one access to memory. */
const wordsPerBlock = 16
const bitsOfEntry = 5

class Generation {
  length = 0
  from = Number.POSITIVE_INFINITY
  to = Number.NEGATIVE_INFINITY
  readonly #words: Int32Array

  constructor(bits: number) {
    this.#words = new Int32Array(bits / 32)
  }

  add(hash: number, at: number): void {
    this.length++
    this.from = Math.min(this.from, at)
    this.to = Math.max(this.to, at)
    const block = this.#block(hash)
    let places = placesOf(hash)
    for (let i = 0; i < bitsOfEntry; i++, places = next(places)) this.#words[block + (places >>> 28)] |= bitOf(places)
  }

  mayHave(hash: number): boolean {
    const block = this.#block(hash)
    let places = placesOf(hash)
    for (let i = 0; i < bitsOfEntry; i++, places = next(places))
      if ((this.#words[block + (places >>> 28)] & bitOf(places)) === 0) return false
    return true
  }

  #block(hash: number): number {
    return ((hash | 0) & (this.#words.length / wordsPerBlock - 1)) * wordsPerBlock
  }
}

/** The highest four bits name a word of the block, the next five a bit of it. */
const bitOf = (places: number): number => 1 << ((places >>> 23) & 31)

/** Of the bits that do not choose the block. */
const placesOf = (hash: number): number => Math.imul((hash / 2 ** 24) | 0, 0x9e3779b1)

const next = (places: number): number => Math.imul(places ^ (places >>> 15), 0x85ebca6b)
