/**
 * The instants at which time alone changes an actor: a heap of (deadline, slot). An actor has one deadline at a time; entries that no
 * longer agree with it are dropped when they come up.
 */
export class Timers {
  readonly #heap: { at: number; slot: number }[] = []
  readonly #deadlines = new Map<number, number>()

  /** @param at ms; Infinity: none */
  set(slot: number, at: number): void {
    if (this.of(slot) === at) return
    if (at === Number.POSITIVE_INFINITY) {
      this.#deadlines.delete(slot)
      return
    }
    this.#deadlines.set(slot, at)
    this.#push({ at, slot })
  }

  /** An actor's deadline; Infinity: none. */
  of(slot: number): number {
    return this.#deadlines.get(slot) ?? Number.POSITIVE_INFINITY
  }

  /** Earliest deadline, Infinity where there is none. */
  get next(): number {
    this.#dropStale()
    return this.#heap.length === 0 ? Number.POSITIVE_INFINITY : this.#heap[0].at
  }

  /** Takes the actor whose deadline is earliest. Only where `next` is finite. */
  pop(): number {
    const { slot } = this.#heap[0]
    this.#removeFirst()
    this.#deadlines.delete(slot)
    return slot
  }

  #dropStale(): void {
    while (this.#heap.length > 0 && this.#deadlines.get(this.#heap[0].slot) !== this.#heap[0].at) this.#removeFirst()
  }

  #push(entry: { at: number; slot: number }): void {
    const heap = this.#heap
    let i = heap.push(entry) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (isBefore(heap[parent], entry)) break
      heap[i] = heap[parent]
      i = parent
    }
    heap[i] = entry
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let i = 0
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++
      if (isBefore(last, heap[child])) break
      heap[i] = heap[child]
      i = child
    }
    heap[i] = last
  }
}

/** Equal deadlines go by slot, so that a replay meets them in the same order. */
const isBefore = (a: { at: number; slot: number }, b: { at: number; slot: number }): boolean =>
  a.at < b.at || (a.at === b.at && a.slot <= b.slot)
