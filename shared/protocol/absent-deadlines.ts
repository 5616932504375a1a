import type { ActorName } from '#shared/actor/actor-state'

/** When time alone will change actors that are not in memory: they must be brought back by then. A heap; what was removed is dropped late. */
export class AbsentDeadlines {
  readonly #heap: { readonly at: number; readonly actor: ActorName }[] = []
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
  }

  of(actor: ActorName): number {
    return this.#deadlines.get(nameOf(actor)) ?? Number.POSITIVE_INFINITY
  }

  /** The earliest; Infinity: none. */
  get next(): number {
    this.#dropStale()
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  /** Takes actors whose deadline is at most `now`, earliest first, up to `count`. */
  take(now: number, count: number): readonly ActorName[] {
    const taken: ActorName[] = []
    while (taken.length < count && this.next <= now) {
      const { actor } = this.#heap[0]
      this.#deadlines.delete(nameOf(actor))
      taken.push(actor)
    }
    return taken
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

const nameOf = ({ population, key }: ActorName): string => `${population} ${key}`
