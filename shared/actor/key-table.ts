import { invariant } from '#shared/domain/invariant'
import { SlotList } from '#shared/memory/slot-list'

/**
 * Numbers the keys of one population: each key has a slot, given in order of first appearance; slots of removed keys are given again.
 *
 * Open addressing on 32-bit hashes; a key is compared only where the hash agrees. Of a million keys each look-up misses the caches, so
 * `prefetch` reads the lines of many keys before any of them is used: their misses overlap.
 *
 * A table that is half full is followed by one twice as large. Its pairs move there a few at a time with each new key, as moving a million
 * of them at once would take longer than an event may.
 *
 * K1 Every key in use is in the new table or, with a pair at `moved` or behind, in the old one.
 * K2 All pairs have moved before the next table is begun.
 */
export class KeyTable {
  /** By slot; undefined: the slot is free. */
  readonly #keys = new SlotList<string>()
  #slots = 0
  /** Slots of removed keys. */
  readonly #free: number[] = []
  /** Pairs of hash and slot + 1; 0 is empty. */
  #table = new Uint32Array(2 << firstCapacityLog2)
  #mask = (1 << firstCapacityLog2) - 1
  /** The table before, while pairs of it are left to move; those before `moved` have, and stand here too. */
  #old: Uint32Array | undefined
  #moved = 0
  /** The key found last: an event asks for its own several times. */
  #lastKey: string | undefined
  #lastSlot = -1

  get size(): number {
    return this.#slots - this.#free.length
  }

  /** Slots that were ever given out: all are below this number. */
  get slots(): number {
    return this.#slots
  }

  /** Whether the slot has a key. */
  isUsed(slot: number): boolean {
    return this.#keys.get(slot) !== undefined
  }

  /**
   * The key's slot, or −1.
   * @param guess where it most likely is; −1: nobody knows
   */
  find(key: string, guess = -1): number {
    if (key === this.#lastKey) return this.#lastSlot
    if (guess >= 0 && this.#keys.get(guess) === key) return this.#found(key, guess)
    const hash = hashOf(key)
    let slot = this.#slotIn(this.#table, hash, key)
    if (slot < 0 && this.#old !== undefined) slot = this.#slotIn(this.#old, hash, key)
    return slot < 0 ? -1 : this.#found(key, slot)
  }

  /** A new key's slot. */
  add(key: string): number {
    if (2 * (this.size + 1) > this.#mask) this.#grow()
    const slot = this.#free.pop() ?? this.#slots++
    this.#keys.set(slot, key)
    this.#put(hashOf(key), slot)
    if (this.#old !== undefined) this.#move(this.#old)
    return slot
  }

  /** The slot may be given to another key. */
  remove(slot: number): void {
    const hash = hashOf(this.key(slot))
    this.#removeFrom(this.#table, hash, slot)
    if (this.#old !== undefined) this.#removeFrom(this.#old, hash, slot)
    this.#keys.set(slot, undefined)
    this.#lastKey = undefined
    this.#free.push(slot)
  }

  /** The key of a slot in use. */
  key(slot: number): string {
    return this.#keys.get(slot) as string
  }

  /** Reads the table's line for a key of this hash. @returns something to add up, so that the read is not optimised away */
  prefetch(hash: number): number {
    return this.#table[2 * (hash & this.#mask)]
  }

  /** The slot that a key of this hash most likely has; −1: most likely none. For reading ahead only. */
  guess(hash: number): number {
    const i = 2 * (hash & this.#mask)
    if (this.#table[i] === hash) return this.#table[i + 1] - 1
    if (this.#old === undefined) return -1
    const k = 2 * (hash & (this.#mask >>> 1))
    return this.#old[k] === hash ? this.#old[k + 1] - 1 : -1
  }

  #found(key: string, slot: number): number {
    this.#lastKey = key
    this.#lastSlot = slot
    return slot
  }

  #slotIn(table: Uint32Array, hash: number, key: string): number {
    const mask = table.length / 2 - 1
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const slot = table[2 * i + 1] - 1
      if (slot < 0 || (table[2 * i] === hash && this.#keys.get(slot) === key)) return slot
    }
  }

  /** Puts a pair into the new table, unless it is there. */
  #put(hash: number, slot: number): void {
    const table = this.#table
    let i = hash & this.#mask
    while (table[2 * i + 1] !== 0) {
      if (table[2 * i + 1] === slot + 1) return
      i = (i + 1) & this.#mask
    }
    table[2 * i] = hash
    table[2 * i + 1] = slot + 1
  }

  #removeFrom(table: Uint32Array, hash: number, slot: number): void {
    const mask = table.length / 2 - 1
    let hole = hash & mask
    while (table[2 * hole + 1] !== slot + 1) {
      if (table[2 * hole + 1] === 0) return
      hole = (hole + 1) & mask
    }
    // Entries behind the hole move up, unless that would put them before the place where they are looked for.
    for (let i = (hole + 1) & mask; table[2 * i + 1] !== 0; i = (i + 1) & mask) {
      const distance = (i - (table[2 * i] & mask)) & mask
      if (distance < ((i - hole) & mask)) continue
      table[2 * hole] = table[2 * i]
      table[2 * hole + 1] = table[2 * i + 1]
      // One that comes before the pairs that are left to move would be forgotten there (K1).
      if (table === this.#old && hole < this.#moved) this.#put(table[2 * i], table[2 * i + 1] - 1)
      hole = i
    }
    table[2 * hole] = 0
    table[2 * hole + 1] = 0
  }

  /** At most one pair in two has a key, so moving more than four with each new key is enough for K2. */
  #move(old: Uint32Array): void {
    const end = Math.min(this.#moved + movedAtOnce, old.length / 2)
    for (; this.#moved < end; this.#moved++) {
      const slot = old[2 * this.#moved + 1] - 1
      if (slot >= 0) this.#put(old[2 * this.#moved], slot)
    }
    if (this.#moved === old.length / 2) this.#old = undefined
  }

  #grow(): void {
    invariant(this.#old === undefined, 'a table is full only after it has taken over the one before')
    this.#old = this.#table
    this.#moved = 0
    this.#mask = 2 * this.#mask + 1
    this.#table = new Uint32Array(2 * (this.#mask + 1))
  }
}

const movedAtOnce = 16
const firstCapacityLog2 = 10

export function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
