/**
 * Many small blocks of numbers in one ArrayBuffer, so that a million accounts cost the garbage collector nothing.
 *
 * Boundary: the arena knows sizes only. What a block means, when it dies and how it is encoded is the owner's business.
 *
 * A1 A handle is the index of the block's first word in `U`, and twice its first index in `F`. It is never 0 and always a
 *    multiple of 16, so a block starts on a cache line and may hold doubles.
 * A2 Blocks have 16 · 2ⁿ words. Two freed halves become one again (buddies), so blocks outgrown by one owner serve another.
 * A3 The content of a new block is what the last owner left: the owner clears what it reads.
 * A4 What is never released lies at the upper end, packed, so that it stands in nobody's way.
 *
 * The limit is reserved at once. The operating system commits a page when it is first touched, and plain views over a buffer
 * that never moves are faster than those over a resizable one.
 */
export class Arena {
  readonly U: Uint32Array
  readonly F: Float64Array
  /** Words in blocks that are in use. */
  usedWords = 0
  private readonly heads = new Int32Array(ordersMax)
  /** For each unit, one more than the order of the free block that starts there; 0: no free block starts there. */
  private readonly freeOrder: Uint8Array
  /** Units from here on are taken for good. */
  private end: number
  /** Units below have been handed out at least once. Unit 0 stays unused, so that no handle is 0. */
  private top = 1

  /** @param bytesMax what all blocks together may take, at most 16 GiB; one byte in 64 comes on top */
  constructor(bytesMax: number) {
    const units = Math.floor(bytesMax / (unitWords * 4))
    if (!(units >= 2 && units <= unitsMax)) throw new Error(`arena: ${bytesMax} bytes are no usable limit`)
    const buffer = new ArrayBuffer(units * unitWords * 4)
    this.U = new Uint32Array(buffer)
    this.F = new Float64Array(buffer)
    this.freeOrder = new Uint8Array(units)
    this.end = units
  }

  /** @returns a block of `arenaWords(words)` words, or 0 where the limit does not allow it: free something and ask again */
  alloc(words: number): number {
    const order = orderOf(words)
    let from = order
    while (from < ordersMax && this.heads[from] === 0) from++
    const unit = from < ordersMax ? this.takeFree(from) : this.extend(order)
    if (unit === 0) return 0
    for (; from > order && from < ordersMax; from--) this.putFree(unit + (1 << (from - 1)), from - 1)
    this.usedWords += unitWords << order
    return unit * unitWords
  }

  /** @returns words that are never released, exactly so many but for the rest of a unit; 0 as `alloc` */
  allocLasting(words: number): number {
    const size = Math.ceil(words / unitWords)
    if (this.top + size > this.end) return 0
    this.end -= size
    this.usedWords += size * unitWords
    return this.end * unitWords
  }

  /** @param words as given to `alloc` */
  release(handle: number, words: number): void {
    let order = orderOf(words)
    let unit = handle / unitWords
    if (!Number.isInteger(unit) || unit < 1 || unit + (1 << order) > this.top || this.freeOrder[unit] !== 0)
      throw new Error(`arena: ${handle} is not a block of ${words} words in use`)
    this.usedWords -= unitWords << order
    for (; order + 1 < ordersMax; order++) {
      const buddy = unit ^ (1 << order)
      if (this.freeOrder[buddy] !== order + 1) break
      this.unlink(buddy, order)
      unit &= ~(1 << order)
    }
    this.putFree(unit, order)
  }

  /** A block from beyond all others. What lies between is freed, as a block starts at a multiple of its size. */
  private extend(order: number): number {
    const size = 1 << order
    const start = Math.ceil(this.top / size) * size
    if (start + size > this.end) return 0
    while (this.top < start) {
      const gap = 31 - Math.clz32(this.top & -this.top)
      this.putFree(this.top, gap)
      this.top += 1 << gap
    }
    this.top = start + size
    return start
  }

  private takeFree(order: number): number {
    const unit = this.heads[order]
    this.unlink(unit, order)
    return unit
  }

  /** A free block holds its neighbours in the list of its order: next, previous. */
  private putFree(unit: number, order: number): void {
    const next = this.heads[order]
    this.U[unit * unitWords] = next
    this.U[unit * unitWords + 1] = 0
    if (next !== 0) this.U[next * unitWords + 1] = unit
    this.heads[order] = unit
    this.freeOrder[unit] = order + 1
  }

  private unlink(unit: number, order: number): void {
    const next = this.U[unit * unitWords]
    const previous = this.U[unit * unitWords + 1]
    if (previous === 0) this.heads[order] = next
    else this.U[previous * unitWords] = next
    if (next !== 0) this.U[next * unitWords + 1] = previous
    this.freeOrder[unit] = 0
  }
}

/** How many words a block has that was asked for with `words`: the next of 16, 32, 64, … */
export function arenaWords(words: number): number {
  return unitWords * 2 ** orderOf(words)
}

/** 64 bytes: a cache line, and the smallest state worth a block. */
const unitWords = 16
/** Unit numbers are used with 32-bit operators. */
const unitsMax = 2 ** 28
const ordersMax = 29

function orderOf(words: number): number {
  if (!(words >= 1 && words <= unitWords * unitsMax)) throw new Error(`arena: no block has ${words} words`)
  return words <= unitWords ? 0 : 32 - Math.clz32(Math.ceil(words / unitWords) - 1)
}
