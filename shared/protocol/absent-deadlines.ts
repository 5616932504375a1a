import type { ActorName } from '#shared/actor/actor-state'

/** When time alone will change actors that are not in memory: they must be brought back by then. A heap; what was removed is dropped late. */
export class AbsentDeadlines {
  #heap: { readonly at: number; readonly actor: ActorName }[] = []
  /** By name: the deadline that holds. */
  readonly #deadlines = new Map<string, number>()

  /** @param at ms of event time; Infinity: none */
  set(actor: ActorName, at: number): void {
    if (at === Number.POSITIVE_INFINITY) {
      this.#deadlines.delete(nameOf(actor))
      return
    }
    this.#deadlines.set(nameOf(actor), at)
    this.#push({ at, actor })
    if (this.#heap.length > 2 * this.#deadlines.size + staleMax) this.#rebuild()
  }

  of(actor: ActorName): number {
    return this.#deadlines.get(nameOf(actor)) ?? Number.POSITIVE_INFINITY
  }

  /** The earliest; Infinity: none. */
  get next(): number {
    this.#dropStale()
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  /**
   * The actors whose deadlines come first and are at most `now`, up to `count`, and the last of these deadlines. They keep them until
   * `set` says otherwise: an actor that is saved before it is brought back must be saved with its own.
   */
  take(now: number, count: number): { readonly actors: readonly ActorName[]; readonly upTo: number } {
    const actors: ActorName[] = []
    let upTo = Number.NEGATIVE_INFINITY
    while (actors.length < count && this.next <= now) {
      const { at, actor } = this.#heap[0]
      this.#removeFirst()
      actors.push(actor)
      upTo = at
    }
    return { actors, upTo }
  }

  #rebuild(): void {
    const standing = this.#heap.filter(({ at, actor }) => this.#deadlines.get(nameOf(actor)) === at)
    this.#heap = []
    for (const entry of standing) this.#push(entry)
  }

  #dropStale(): void {
    const heap = this.#heap
    while (heap.length > 0 && this.#deadlines.get(nameOf(heap[0].actor)) !== heap[0].at) this.#removeFirst()
  }

  #push(entry: { readonly at: number; readonly actor: ActorName }): void {
    const heap = this.#heap
    let i = heap.push(entry) - 1
    for (let parent = (i - 1) >> 1; i > 0 && heap[parent].at > entry.at; parent = (i - 1) >> 1) {
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
      if (child + 1 < heap.length && heap[child + 1].at < heap[child].at) child++
      if (last.at <= heap[child].at) break
      heap[i] = heap[child]
      i = child
    }
    heap[i] = last
  }
}

/** Entries that no longer hold, above which the heap is made anew. */
const staleMax = 1_024

const nameOf = ({ population, key }: ActorName): string => `${population} ${key}`
