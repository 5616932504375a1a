import { Heap } from '#shared/domain/heap'

/**
 * The instants at which time alone changes an actor: a heap of (deadline, slot). An actor has one deadline at a time; entries that no
 * longer agree with it are dropped when they come up.
 */
export class Timers {
  readonly #heap = new Heap(isBefore)
  readonly #deadlines = new Map<number, number>()

  /** @param at ms; Infinity: none */
  set(slot: number, at: number): void {
    if (this.of(slot) === at) return
    if (at === Number.POSITIVE_INFINITY) {
      this.#deadlines.delete(slot)
      return
    }
    this.#deadlines.set(slot, at)
    this.#heap.push({ at, slot })
  }

  /** An actor's deadline; Infinity: none. */
  of(slot: number): number {
    return this.#deadlines.get(slot) ?? Number.POSITIVE_INFINITY
  }

  /** Earliest deadline, Infinity where there is none. */
  get next(): number {
    this.#dropStale()
    return this.#heap.first?.at ?? Number.POSITIVE_INFINITY
  }

  /** Takes the actor whose deadline is earliest. Only where `next` is finite. */
  pop(): number {
    const { slot } = this.#heap.first as Timer
    this.#heap.removeFirst()
    this.#deadlines.delete(slot)
    return slot
  }

  #dropStale(): void {
    for (let first = this.#heap.first; first !== undefined; first = this.#heap.first) {
      if (this.#deadlines.get(first.slot) === first.at) return
      this.#heap.removeFirst()
    }
  }
}

interface Timer {
  readonly at: number
  readonly slot: number
}

/** Equal deadlines go by slot, so that a replay meets them in the same order. */
function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.slot <= b.slot)
}
