/**
 * Many small blocks of numbers in one ArrayBuffer, so that a million accounts cost the garbage collector nothing.
 *
 * Boundary: the arena knows sizes only. What a block means, when it dies and how it is encoded is the owner's business.
 *
 * A1 A handle is the index of the block's first word in `U`, and twice its first index in `F`. It is never 0 and always a
 *    multiple of 16, so a block starts on a cache line and may hold doubles.
 * A2 Blocks have 16 · 2ⁿ words. Two freed halves become one again (buddies), so blocks outgrown by one owner serve another.
 * A3 The content of a new block is what the last owner left: the owner clears what it reads.
 * A4 What is never released lies at the upper end, packed, so that it stands in nobody's way; but not beyond 8 GiB, since it is what is
 *    looked at most, and numbers of words beyond 2³¹ are no small integers. Where all up to there was handed out before, it takes the place
 *    of freed blocks, a region at a time: what lasts stands together there, too, and no such region is ever vacated.
 * A5 While stretches are being vacated, nothing is handed out there: once their owners have moved what they had there, each is one free block.
 *    It ends by itself where there is no room elsewhere.
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
  /** Free blocks of each order in these lists. */
  private readonly counts = new Int32Array(ordersMax)
  /** The same for free blocks in stretches that are being vacated. */
  private readonly parkedHeads = new Int32Array(ordersMax)
  /** By region: units in blocks that are in use; whether it is being vacated; whether that failed before. */
  private readonly regionUsed: Uint32Array
  private readonly isParked: Uint8Array
  private readonly isStuck: Uint8Array
  /** By region: whether something in the place of freed blocks stands there for good. */
  private readonly isLasting: Uint8Array
  /** Units that were taken in the place of freed blocks for what lasts next. */
  private lastingFrom = 0
  private lastingTo = 0
  /** First units of the stretches that are being vacated, and the order that a stretch has as a block. */
  private vacated: number[] = []
  private vacatedOrder = 0
  /** By order: blocks that are in use, but for lasting ones. */
  private readonly used = new Int32Array(ordersMax)
  /** Units in blocks that are in use, but for what lasts from `end` on. */
  private blockUnits = 0
  /** For each unit, one more than the order of the free block that starts there; 0: no free block starts there. */
  private readonly freeOrder: Uint8Array
  /** Units from here on are taken for good, up to `near`. */
  private end: number
  /** Units from here on are used when all before are: arithmetic on their words takes longer. */
  private readonly near: number
  private farTop: number
  private readonly units: number
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
    const regions = Math.ceil(units / 2 ** regionOrder)
    this.regionUsed = new Uint32Array(regions)
    this.isParked = new Uint8Array(regions)
    this.isStuck = new Uint8Array(regions)
    this.isLasting = new Uint8Array(regions)
    this.units = units
    this.near = Math.min(units, nearUnits)
    this.end = this.near
    this.farTop = this.near
  }

  /** @returns a block of `arenaWords(words)` words, or 0 where the limit does not allow it: free something and ask again */
  alloc(words: number): number {
    const order = orderOf(words)
    let from = order
    while (from < ordersMax && this.heads[from] === 0) from++
    const unit = from < ordersMax ? this.takeFree(from) : this.extend(order)
    if (unit === 0) {
      if (this.vacated.length === 0) return 0
      // What is needed now comes before what may be needed next.
      this.endVacating()
      return this.alloc(words)
    }
    for (; from > order && from < ordersMax; from--) this.putFree(unit + (1 << (from - 1)), from - 1)
    this.count(unit, order, 1)
    return unit * unitWords
  }

  /** @returns words that are never released, exactly so many but for the rest of a unit; 0 as `alloc` */
  allocLasting(words: number): number {
    const size = Math.ceil(words / unitWords)
    if (this.top + size <= this.end) {
      this.end -= size
      this.usedWords += size * unitWords
      return this.end * unitWords
    }
    if (this.lastingFrom + size > this.lastingTo && !this.reserveLasting(size)) return 0
    const unit = this.lastingFrom
    this.lastingFrom += size
    for (const regions of [this.isLasting, this.isStuck])
      regions.fill(1, unit >>> regionOrder, ((this.lastingFrom - 1) >>> regionOrder) + 1)
    return unit * unitWords
  }

  /** @param words as given to `alloc` */
  release(handle: number, words: number): void {
    const order = orderOf(words)
    const unit = handle / unitWords
    if (!Number.isInteger(unit) || unit < 1 || this.isUntouched(unit, order) || this.freeOrder[unit] !== 0)
      throw new Error(`arena: ${handle} is not a block of ${words} words in use`)
    this.count(unit, order, -1)
    this.putMerged(unit, order)
  }

  /** Words of the largest block in use; 0: none is. */
  get largestBlock(): number {
    let order = ordersMax - 1
    while (order >= 0 && this.used[order] === 0) order--
    return order < 0 ? 0 : unitWords * 2 ** order
  }

  /** How many blocks of so many words there is room for, before what is being vacated is added. */
  roomFor(words: number): number {
    const order = orderOf(words)
    const size = 2 ** order
    const between = (from: number, to: number): number => Math.max(0, Math.floor(to / size) - Math.ceil(from / size))
    let blocks = between(this.top, this.end) + between(this.farTop, this.units)
    for (let o = order; o < ordersMax; o++) blocks += this.counts[o] * 2 ** (o - order)
    return blocks
  }

  /**
   * Begins to vacate the emptiest stretches of so many words. Owners then give all their blocks to `moved`, and `endVacating` makes blocks of
   * those stretches that are empty by then.
   * @returns whether there are any, and room elsewhere for what they hold
   */
  beginVacating(words: number): boolean {
    const order = Math.max(regionOrder, orderOf(words))
    const size = 2 ** order
    const stretches: { readonly unit: number; readonly used: number }[] = []
    for (let unit = size; unit + size <= this.farTop; unit += size) {
      if (unit + size > this.top && unit < this.near) continue
      const from = unit >>> regionOrder
      const to = (unit + size) >>> regionOrder
      const used = this.regionUsed.subarray(from, to).reduce((sum, region) => sum + region, 0)
      if (used > 0 && used < size && !this.isStuck.subarray(from, to).includes(1)) stretches.push({ unit, used })
    }
    stretches.sort((a, b) => a.used - b.used || a.unit - b.unit)
    // Elsewhere must be room for what moves and, as not every gap fits, as much again.
    let room = this.end - 1 + (this.units - this.near) - this.blockUnits
    let moved = 0
    for (const { unit, used } of stretches.slice(0, vacatedMax)) {
      room -= size - used
      moved += used
      if (moved * 2 > room) break
      this.vacated.push(unit)
    }
    // What was in the way before may have gone.
    if (this.vacated.length === 0) this.isStuck.set(this.isLasting)
    this.vacatedOrder = order
    for (const unit of this.vacated) this.park(unit, size)
    return this.vacated.length > 0
  }

  /** A block for so many units that last, of a region or more where there is one. */
  private reserveLasting(size: number): boolean {
    const region = unitWords * 2 ** regionOrder
    const words = size * unitWords
    const wanted = words < region && this.roomFor(region) > 0 ? region : words
    const block = this.alloc(wanted)
    if (block === 0) return false
    this.used[orderOf(wanted)]--
    // The rest of the last block ends where that did, so it falls into pieces that start at multiples of their sizes.
    while (this.lastingFrom < this.lastingTo) {
      const unit = this.lastingFrom
      const order = 31 - Math.clz32(unit & -unit)
      this.lastingFrom += 2 ** order
      this.used[order]++
      this.release(unit * unitWords, unitWords * 2 ** order)
    }
    this.lastingFrom = block / unitWords
    this.lastingTo = (block + arenaWords(wanted)) / unitWords
    return true
  }

  private isVacated(handle: number): boolean {
    return this.isParked[handle >>> (regionOrder + unitWordsLog2)] === 1
  }

  /**
   * Moves a block out of a stretch that is being vacated.
   * @returns where it is now: where it was, if it stands in no such stretch or there is no room
   */
  moved(handle: number, words: number): number {
    if (!this.isVacated(handle)) return handle
    const to = this.alloc(words)
    if (to === 0) return handle
    this.U.copyWithin(to, handle, handle + words)
    this.release(handle, words)
    return to
  }

  endVacating(): void {
    const free: { readonly unit: number; readonly order: number }[] = []
    for (let order = 0; order < ordersMax; order++)
      while (this.parkedHeads[order] !== 0) {
        const unit = this.parkedHeads[order]
        this.unlink(unit, order)
        free.push({ unit, order })
      }
    for (const unit of this.vacated)
      for (let region = unit; region < unit + 2 ** this.vacatedOrder; region += 2 ** regionOrder) {
        this.isParked[region >>> regionOrder] = 0
        if (this.regionUsed[region >>> regionOrder] > 0) this.isStuck[region >>> regionOrder] = 1
      }
    this.vacated = []
    // What was freed meanwhile was joined up to this order only.
    for (let order = this.vacatedOrder; order < ordersMax; order++)
      while (this.heads[order] !== 0) free.push({ unit: this.takeFree(order), order })
    for (const { unit, order } of free) this.putMerged(unit, order)
  }

  private park(unit: number, size: number): void {
    const free: { readonly unit: number; readonly order: number }[] = []
    for (let at = unit; at < unit + size; ) {
      const order = this.freeOrder[at] - 1
      if (order >= 0) {
        this.unlink(at, order)
        free.push({ unit: at, order })
      }
      at += 2 ** Math.max(0, order)
    }
    this.isParked.fill(1, unit >>> regionOrder, (unit + size) >>> regionOrder)
    for (const block of free) this.putFree(block.unit, block.order)
  }

  private count(unit: number, order: number, sign: 1 | -1): void {
    const size = sign << order
    this.used[order] += sign
    this.usedWords += unitWords * size
    this.blockUnits += size
    if (order <= regionOrder) this.regionUsed[unit >>> regionOrder] += size
    else
      for (let region = unit; region < unit + 2 ** order; region += 2 ** regionOrder)
        this.regionUsed[region >>> regionOrder] += sign * 2 ** regionOrder
  }

  /** Joins a free block with its free buddies, but not across what is being vacated. */
  private putMerged(unit: number, order: number): void {
    const orderMax = this.vacated.length > 0 ? this.vacatedOrder : ordersMax - 1
    for (; order < orderMax; order++) {
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
    if (start + size <= this.end) {
      this.freeGap(this.top, start)
      this.top = start + size
      return start
    }
    const farStart = Math.ceil(this.farTop / size) * size
    if (farStart + size > this.units) return 0
    this.freeGap(this.farTop, farStart)
    this.farTop = farStart + size
    return farStart
  }

  private freeGap(from: number, to: number): void {
    while (from < to) {
      const gap = 31 - Math.clz32(from & -from)
      this.putFree(from, gap)
      from += 1 << gap
    }
  }

  /** Whether a block was never handed out. */
  private isUntouched(unit: number, order: number): boolean {
    const end = unit + (1 << order)
    return unit < this.near ? end > this.top : end > this.farTop
  }

  private takeFree(order: number): number {
    const unit = this.heads[order]
    this.unlink(unit, order)
    return unit
  }

  /** A free block holds its neighbours in the list of its order: next, previous. */
  private putFree(unit: number, order: number): void {
    const heads = this.headsAt(unit, order, 1)
    const next = heads[order]
    this.U[unit * unitWords] = next
    this.U[unit * unitWords + 1] = 0
    if (next !== 0) this.U[next * unitWords + 1] = unit
    heads[order] = unit
    this.freeOrder[unit] = order + 1
  }

  private unlink(unit: number, order: number): void {
    const heads = this.headsAt(unit, order, -1)
    const next = this.U[unit * unitWords]
    const previous = this.U[unit * unitWords + 1]
    if (previous === 0) heads[order] = next
    else this.U[previous * unitWords] = next
    if (next !== 0) this.U[next * unitWords + 1] = previous
    this.freeOrder[unit] = 0
  }

  /** The lists that a free block is in, which is being put in or taken out. */
  private headsAt(unit: number, order: number, change: 1 | -1): Int32Array {
    if (this.isParked[unit >>> regionOrder] === 1) return this.parkedHeads
    this.counts[order] += change
    return this.heads
  }
}

/** How many words a block has that was asked for with `words`: the next of 16, 32, 64, … */
export function arenaWords(words: number): number {
  return unitWords * 2 ** orderOf(words)
}

/** 64 bytes: a cache line, and the smallest state worth a block. */
const unitWordsLog2 = 4
const unitWords = 1 << unitWordsLog2
/** A region is 64 KiB: what is in use is counted by region. */
const regionOrder = 10
/** Stretches vacated at a time. More would stop what is handed out from being dense. */
const vacatedMax = 64
/** 8 GiB. */
const nearUnits = 2 ** 27
/** Unit numbers are used with 32-bit operators. */
const unitsMax = 2 ** 28
const ordersMax = 29

function orderOf(words: number): number {
  if (!(words >= 1 && words <= unitWords * unitsMax)) throw new Error(`arena: no block has ${words} words`)
  return words <= unitWords ? 0 : 32 - Math.clz32(Math.ceil(words / unitWords) - 1)
}
