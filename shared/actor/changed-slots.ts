/**
 * Which slots of a population changed since their actors were saved, and up to where the records of each are as they were saved.
 * It costs nothing until it is asked for.
 */
export class ChangedSlots {
  /** By slot: the head when the actor was saved last, 0 where it was not. undefined: nobody asks. */
  #savedHeads: Uint32Array | undefined
  #changes = new Uint8Array(0)
  /** By slot: how often records were appended to what was saved whole. */
  #appends = new Uint8Array(0)
  /** By slot: whether it was touched since `cold` last came by. */
  #used = new Uint8Array(0)
  #hand = 0
  /** Slots that changed, and some that were saved since. */
  #list: number[] = []

  /** From now on it is known. Before the first event only. */
  track(): void {
    this.#savedHeads = new Uint32Array(firstSlots)
    this.#changes = new Uint8Array(firstSlots)
    this.#appends = new Uint8Array(firstSlots)
    this.#used = new Uint8Array(firstSlots)
  }

  touch(slot: number): void {
    if (this.#savedHeads === undefined) return
    this.#reserve(slot)
    this.#used[slot] = 1
    if (this.#changes[slot] === isChanged) return
    if (this.#changes[slot] === unchanged) this.#list.push(slot)
    this.#changes[slot] = isChanged
  }

  /** Records from this position on are judged again: what was saved of them no longer holds. */
  rewound(slot: number, position: number): void {
    if (this.#savedHeads !== undefined && position < this.#savedHeads[slot]) this.#savedHeads[slot] = 0
  }

  has(slot: number): boolean {
    return this.#changes[slot] === isChanged
  }

  /** In the order in which they first changed. */
  slots(): readonly number[] {
    let kept = 0
    for (const slot of this.#list) {
      if (this.#changes[slot] === isChanged) this.#list[kept++] = slot
      else this.#changes[slot] = unchanged
    }
    this.#list.length = kept
    return [...this.#list]
  }

  /** Records before it are as they were saved; 0: not all of them. */
  savedHead(slot: number): number {
    return this.#savedHeads?.[slot] ?? 0
  }

  /** How often records were appended since the actor was saved whole. */
  appends(slot: number): number {
    return this.#appends[slot]
  }

  /**
   * Slots that were not touched for longest, about: those that were not touched since the last time round.
   * @param slots number of slots in use or freed
   * @param isCandidate not all slots hold an actor
   */
  cold(count: number, slots: number, isCandidate: (slot: number) => boolean): readonly number[] {
    const found: number[] = []
    // Twice round: the first round may find that everything was touched.
    for (let looked = 0; looked < Math.min(2 * slots, looksMax) && found.length < count; looked++) {
      const slot = this.#hand++ % slots
      if (this.#hand >= slots) this.#hand = 0
      if (this.#used[slot] === 1) this.#used[slot] = 0
      else if (this.#changes[slot] !== isChanged && isCandidate(slot)) found.push(slot)
    }
    return [...new Set(found)]
  }

  /** @param head 0: the actor has left memory */
  saved(slot: number, head: number, isAppended: boolean): void {
    if (this.#savedHeads === undefined) return
    this.#reserve(slot)
    this.#savedHeads[slot] = head
    this.#appends[slot] = isAppended ? this.#appends[slot] + 1 : 0
    if (this.#changes[slot] === isChanged) this.#changes[slot] = isListed
  }

  #reserve(slot: number): void {
    if (slot < this.#changes.length) return
    const slots = 2 ** Math.ceil(Math.log2(slot + 2))
    const savedHeads = new Uint32Array(slots)
    savedHeads.set(this.#savedHeads ?? [])
    this.#savedHeads = savedHeads
    const larger = (old: Uint8Array): Uint8Array<ArrayBuffer> => {
      const next = new Uint8Array(slots)
      next.set(old)
      return next
    }
    this.#changes = larger(this.#changes)
    this.#appends = larger(this.#appends)
    this.#used = larger(this.#used)
  }
}

const firstSlots = 1_024

/** Looks of one `cold`: 200,000 take about a millisecond. */
const looksMax = 200_000

const unchanged = 0
const isChanged = 1
/** Saved since it changed, and still in the list. */
const isListed = 2
