/** Numbers the keys of one population: each key has a slot, given in order of first appearance. */
export class KeyTable {
  readonly #slots = new Map<string, number>()
  readonly #keys: string[] = []

  get size(): number {
    return this.#keys.length
  }

  /** The key's slot, or −1. */
  find(key: string): number {
    return this.#slots.get(key) ?? -1
  }

  add(key: string): number {
    const slot = this.#keys.push(key) - 1
    this.#slots.set(key, slot)
    return slot
  }

  key(slot: number): string {
    return this.#keys[slot]
  }
}
