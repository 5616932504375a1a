/**
 * Numbers the keys of one population: each key has a slot, given in order of first appearance; slots of removed keys are given again.
 *
 * Open addressing on 32-bit hashes; a key is compared only where the hash agrees. Of a million keys each look-up misses the caches, so
 * `prefetch` reads the lines of many keys before any of them is used: their misses overlap.
 */
export class KeyTable {
  /** By slot; undefined: the slot is free. */
  readonly #keys: (string | undefined)[] = []
  /** Slots of removed keys. */
  readonly #free: number[] = []
  /** Pairs of hash and slot + 1; 0 is empty. */
  #table = new Uint32Array(2 << firstCapacityLog2)
  #mask = (1 << firstCapacityLog2) - 1
  /** The key found last: an event asks for its own several times. */
  #lastKey: string | undefined
  #lastSlot = -1

  get size(): number {
    return this.#keys.length - this.#free.length
  }

  /** Slots that were ever given out: all are below this number. */
  get slots(): number {
    return this.#keys.length
  }

  /** Whether the slot has a key. */
  isUsed(slot: number): boolean {
    return this.#keys[slot] !== undefined
  }

  /**
   * The key's slot, or −1.
   * @param guess where it most likely is; −1: nobody knows
   */
  find(key: string, guess = -1): number {
    if (key === this.#lastKey) return this.#lastSlot
    if (guess >= 0 && this.#keys[guess] === key) return this.#found(key, guess)
    const hash = hashOf(key)
    const table = this.#table
    for (let i = hash & this.#mask; ; i = (i + 1) & this.#mask) {
      const slot = table[2 * i + 1] - 1
      if (slot < 0) return -1
      if (table[2 * i] === hash && this.#keys[slot] === key) return this.#found(key, slot)
    }
  }

  /** A new key's slot. */
  add(key: string): number {
    if (2 * (this.size + 1) > this.#mask) this.#grow()
    const slot = this.#free.pop() ?? this.#keys.length
    this.#keys[slot] = key
    this.#put(hashOf(key), slot)
    return slot
  }

  /** The slot may be given to another key. */
  remove(slot: number): void {
    const table = this.#table
    const mask = this.#mask
    let hole = hashOf(this.key(slot)) & mask
    while (table[2 * hole + 1] !== slot + 1) hole = (hole + 1) & mask
    // Entries behind the hole move up, unless that would put them before the place where they are looked for.
    for (let i = (hole + 1) & mask; table[2 * i + 1] !== 0; i = (i + 1) & mask) {
      const distance = (i - (table[2 * i] & mask)) & mask
      if (distance < ((i - hole) & mask)) continue
      table[2 * hole] = table[2 * i]
      table[2 * hole + 1] = table[2 * i + 1]
      hole = i
    }
    table[2 * hole] = 0
    table[2 * hole + 1] = 0
    this.#keys[slot] = undefined
    this.#lastKey = undefined
    this.#free.push(slot)
  }

  /** The key of a slot in use. */
  key(slot: number): string {
    return this.#keys[slot] as string
  }

  /** Reads the table's line for a key of this hash. @returns something to add up, so that the read is not optimised away */
  prefetch(hash: number): number {
    return this.#table[2 * (hash & this.#mask)]
  }

  /** The slot that a key of this hash most likely has; −1: most likely none. For reading ahead only. */
  guess(hash: number): number {
    const i = hash & this.#mask
    return this.#table[2 * i] === hash ? this.#table[2 * i + 1] - 1 : -1
  }

  #found(key: string, slot: number): number {
    this.#lastKey = key
    this.#lastSlot = slot
    return slot
  }

  #put(hash: number, slot: number): void {
    let i = hash & this.#mask
    while (this.#table[2 * i + 1] !== 0) i = (i + 1) & this.#mask
    this.#table[2 * i] = hash
    this.#table[2 * i + 1] = slot + 1
  }

  #grow(): void {
    const old = this.#table
    this.#mask = 2 * this.#mask + 1
    this.#table = new Uint32Array(2 * (this.#mask + 1))
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== 0) this.#put(old[i], old[i + 1] - 1)
  }
}

const firstCapacityLog2 = 10

export function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
