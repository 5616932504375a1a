/**
 * Newest position by value, for one link of an actor with a long history: open addressing over positions; the values stand in the records.
 *
 * V1 Of each value at most one position is in the table.
 */
export class ValueIndex {
  /** Positions; 0 is empty. At most half full. */
  #table = new Uint32Array(firstCapacity)
  #mask = firstCapacity - 1
  #count = 0
  readonly #valueAt: (position: number) => number

  constructor(valueAt: (position: number) => number) {
    this.#valueAt = valueAt
  }

  /** Newest position with the value, or 0. */
  get(value: number): number {
    const table = this.#table
    for (let i = hashOf(value) & this.#mask; ; i = (i + 1) & this.#mask) {
      const position = table[i]
      if (position === 0 || this.#valueAt(position) === value) return position
    }
  }

  /** Puts `position` in the place of `previous`, the value's position so far (0: none). */
  set(value: number, previous: number, position: number): void {
    if (previous === 0 && 2 * (this.#count + 1) > this.#mask) this.#grow()
    const table = this.#table
    let i = hashOf(value) & this.#mask
    while (table[i] !== previous && table[i] !== 0) i = (i + 1) & this.#mask
    if (table[i] === 0) this.#count++
    table[i] = position
  }

  /** Removes the value whose position this is. */
  delete(value: number, position: number): void {
    const table = this.#table
    let hole = hashOf(value) & this.#mask
    while (table[hole] !== position) {
      if (table[hole] === 0) return
      hole = (hole + 1) & this.#mask
    }
    this.#count--
    // Entries that were pushed along move back, so that no tombstones are needed.
    for (let i = (hole + 1) & this.#mask; table[i] !== 0; i = (i + 1) & this.#mask) {
      const home = hashOf(this.#valueAt(table[i])) & this.#mask
      if (((i - home) & this.#mask) < ((i - hole) & this.#mask)) continue
      table[hole] = table[i]
      hole = i
    }
    table[hole] = 0
  }

  #grow(): void {
    const old = this.#table
    this.#mask = 2 * this.#mask + 1
    this.#table = new Uint32Array(this.#mask + 1)
    for (const position of old) {
      if (position === 0) continue
      let i = hashOf(this.#valueAt(position)) & this.#mask
      while (this.#table[i] !== 0) i = (i + 1) & this.#mask
      this.#table[i] = position
    }
  }
}

const firstCapacity = 256
const bits = new Float64Array(1)
const halves = new Uint32Array(bits.buffer)

function hashOf(value: number): number {
  // 0 and −0 are one value.
  bits[0] = value + 0
  let hash = Math.imul(halves[0], 0x9e3779b1) ^ Math.imul(halves[1], 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return hash ^ (hash >>> 13)
}
