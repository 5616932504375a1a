import type { ActorName } from '#shared/actor/actor-state'
import { Heap } from '#shared/domain/heap'

/** When time alone will change actors that are not in memory: they must be brought back by then. A heap; what was removed is dropped late. */
export class AbsentDeadlines {
  readonly #heap = new Heap<AbsentDeadline>((a, b) => a.at <= b.at)
  /** By name: the deadline that holds. */
  readonly #deadlines = new Map<string, number>()

  /** @param at ms of event time; Infinity: none */
  set(actor: ActorName, at: number): void {
    if (at === Number.POSITIVE_INFINITY) {
      this.#deadlines.delete(nameOf(actor))
      return
    }
    this.#deadlines.set(nameOf(actor), at)
    this.#heap.push({ at, actor })
    if (this.#heap.length > 2 * this.#deadlines.size + staleMax) this.#heap.keep((entry) => this.#stands(entry))
  }

  of(actor: ActorName): number {
    return this.#deadlines.get(nameOf(actor)) ?? Number.POSITIVE_INFINITY
  }

  /** The earliest; Infinity: none. */
  get next(): number {
    this.#dropStale()
    return this.#heap.first?.at ?? Number.POSITIVE_INFINITY
  }

  /**
   * The actors whose deadlines come first and are at most `now`, up to `count`, and the last of these deadlines. They keep them until
   * `set` says otherwise: an actor that is saved before it is brought back must be saved with its own.
   */
  take(now: number, count: number): { readonly actors: readonly ActorName[]; readonly upTo: number } {
    const actors: ActorName[] = []
    let upTo = Number.NEGATIVE_INFINITY
    while (actors.length < count && this.next <= now) {
      const { at, actor } = this.#heap.first as AbsentDeadline
      this.#heap.removeFirst()
      actors.push(actor)
      upTo = at
    }
    return { actors, upTo }
  }

  #stands({ at, actor }: AbsentDeadline): boolean {
    return this.#deadlines.get(nameOf(actor)) === at
  }

  #dropStale(): void {
    for (let first = this.#heap.first; first !== undefined; first = this.#heap.first) {
      if (this.#stands(first)) return
      this.#heap.removeFirst()
    }
  }
}

interface AbsentDeadline {
  readonly at: number
  readonly actor: ActorName
}

/** Entries that no longer hold, above which the heap is made anew. */
const staleMax = 1_024

const nameOf = ({ population, key }: ActorName): string => `${population} ${key}`
