import { limits } from '#shared/domain/limits'
import type { Generation } from './generation.ts'

/**
 * The rule sets of a partition: the one in force, those that still judge what is older than a change, and one on its way through the log.
 *
 * S1 Every instant of event time is judged by exactly one of those in force.
 * S2 A generation that has gone is named once by `takeDropped`, so that its actors leave the checkpoint.
 */
export class Generations {
  /** Oldest first; the last is in force. */
  #list: Generation[] = []
  /** Judges the log from its start, and tells nothing yet. */
  warming: Generation | undefined
  #dropped: number[] = []

  /** What was in force when the last checkpoint was made. */
  restore(generations: readonly Generation[], dropped: readonly number[]): void {
    this.#list = [...generations]
    this.#dropped = [...dropped]
    this.#link()
  }

  get list(): readonly Generation[] {
    return this.#list
  }

  /** The generation in force. */
  get newest(): Generation | undefined {
    return this.#list.at(-1)
  }

  get older(): readonly Generation[] {
    return this.#list.slice(0, -1)
  }

  get inMemory(): readonly Generation[] {
    return this.warming === undefined ? this.#list : [...this.#list, this.warming]
  }

  /** Actors in memory. */
  get actors(): number {
    return this.#list.reduce((sum, { engine }) => sum + engine.actors, 0)
  }

  /** Bytes of their states. */
  get stateBytes(): number {
    return this.inMemory.reduce((sum, { arena }) => sum + arena.usedWords * 4, 0)
  }

  isInForce(generation: Generation): boolean {
    return this.#list.includes(generation)
  }

  /** A new set judges what comes after `next.from`. */
  follow(next: Generation): void {
    const { newest } = this
    next.clearTally()
    if (newest !== undefined) newest.upTo = next.from
    // A set that judged no instant of its own has nothing to go on with.
    this.#list = this.#list.filter((generation) => {
      if (generation.upTo > generation.from) return true
      this.#dropped.push(generation.number)
      return false
    })
    this.#list.push(next)
    this.#link()
  }

  /** The lateness has passed since a change of rules: what still comes from before it is judged by the set that followed. */
  dropOld(latenessMs: number): void {
    const now = this.newest?.engine.now ?? Number.NEGATIVE_INFINITY
    while (this.#list.length > 1 && now > this.#list[0].upTo + latenessMs) {
      const [oldest, next] = this.#list
      this.#list.shift()
      this.#dropped.push(oldest.number)
      next.from = oldest.from
      this.#link()
    }
  }

  /** What an attempt to warm this generation has left behind goes. */
  dropRemainsOf(generation: Generation): void {
    this.#dropped.push(generation.number)
    generation.previous = this.newest
  }

  get hasDropped(): boolean {
    return this.#dropped.length > 0
  }

  takeDropped(): readonly number[] {
    const dropped = this.#dropped
    this.#dropped = []
    return dropped
  }

  /** Actors leave memory where their states take more than this, or leave no room for large blocks. All changes must be committed. */
  passivateAbove(bytesMax: number): void {
    for (const generation of this.inMemory)
      if (this.stateBytes > bytesMax || generation.compaction.isCramped)
        generation.passivate(limits.actorsMovedAtOnceMax)
  }

  /** Whether the next large block may find no room. */
  get isCramped(): boolean {
    return this.inMemory.some(({ compaction }) => compaction.isCramped)
  }

  /** Makes room for large blocks: a little, or at once where it has run out. */
  compact(): void {
    for (const { compaction } of this.inMemory)
      if (compaction.isCramped) compaction.finish()
      else compaction.step(slotsMovedAtOnce)
  }

  /** Each knows the one before it; nobody holds one that has gone. */
  #link(): void {
    for (const [i, generation] of this.inMemory.entries()) generation.previous = this.inMemory[i - 1]
  }
}

/** About half a millisecond. */
const slotsMovedAtOnce = 2_048
