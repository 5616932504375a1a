import { type Arena, arenaWords } from '#shared/memory/arena'

/** Who has blocks in an arena, by slots. */
export interface BlockOwner {
  /** All slots are below this number. */
  readonly slots: number
  /** Words of the largest block that a slot may ever need. */
  readonly largestBlock: number
  /** Gives all blocks of a slot to `Arena.moved`. */
  move(slot: number): void
}

/**
 * Keeps room for large blocks. What comes and goes leaves gaps, so that in the end much is free and nowhere in one piece: a history that
 * doubles would find no room, although actors that have left made plenty. So where few of the blocks fit that may be needed next, what
 * stands in the emptiest stretches is moved together, some slots at a time. Nobody but the owners knows where blocks are.
 */
export class Compaction {
  readonly #arena: Arena
  readonly #owners: readonly BlockOwner[]
  #isUnderWay = false
  #owner = 0
  #slot = 0

  constructor(arena: Arena, owners: readonly BlockOwner[]) {
    this.#arena = arena
    this.#owners = owners
  }

  /** Whether the next block may find no room. */
  get isCramped(): boolean {
    return this.#arena.roomFor(this.#nextBlock()) === 0
  }

  /** Moves what up to so many slots have, where that is needed. Only between two events. */
  step(slotsMax: number): void {
    if (!this.#isUnderWay && !this.#begin()) return
    for (let left = slotsMax; left > 0; ) {
      const owner = this.#owners[this.#owner]
      if (owner === undefined) {
        this.#arena.endVacating()
        this.#isUnderWay = false
        return
      }
      const to = Math.min(owner.slots, this.#slot + left)
      left -= Math.max(1, to - this.#slot)
      while (this.#slot < to) owner.move(this.#slot++)
      if (this.#slot < owner.slots) continue
      this.#owner++
      this.#slot = 0
    }
  }

  /** Goes on until there is room, or none can be made. */
  finish(): void {
    do this.step(Number.POSITIVE_INFINITY)
    while (this.isCramped && this.#begin())
  }

  #begin(): boolean {
    const words = this.#nextBlock()
    const ahead = words * arenaShare > this.#arena.U.length ? 1 : blocksAhead
    if (this.#arena.roomFor(words) >= ahead || !this.#arena.beginVacating(words)) return false
    this.#isUnderWay = true
    this.#owner = 0
    this.#slot = 0
    return true
  }

  /** Words of the block that may be needed next: twice the largest there is, as far as any is ever needed. */
  #nextBlock(): number {
    const largest = Math.max(...this.#owners.map(({ largestBlock }) => largestBlock))
    const least = Math.min(leastWords, this.#arena.U.length / arenaShare)
    return arenaWords(Math.min(largest, Math.max(least, 2 * this.#arena.largestBlock)))
  }
}

/** So many of these blocks should fit at any time. */
const blocksAhead = 4
/** What an account without history may need within one slice of events: 256 KiB. */
const leastWords = 65_536
/** Of blocks that are more than this part of the arena, one must do: room for several would leave none. */
const arenaShare = 16
