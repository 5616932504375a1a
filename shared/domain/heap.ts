/** Items of which the first is always at hand, whatever the order they came in: a binary heap. */
export class Heap<T> {
  #items: T[] = []
  readonly #isBefore: (a: T, b: T) => boolean

  /** @param isBefore true where `a` comes first or both are equal */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get length(): number {
    return this.#items.length
  }

  /** undefined where there is none. */
  get first(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let i = items.push(item) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (this.#isBefore(items[parent], item)) break
      items[i] = items[parent]
      i = parent
    }
    items[i] = item
  }

  removeFirst(): void {
    const items = this.#items
    const last = items.pop()
    if (last === undefined || items.length === 0) return
    let i = 0
    for (let child = 1; child < items.length; child = 2 * i + 1) {
      if (child + 1 < items.length && this.#isBefore(items[child + 1], items[child])) child++
      if (this.#isBefore(last, items[child])) break
      items[i] = items[child]
      i = child
    }
    items[i] = last
  }

  /** Only those that pass stay. */
  keep(isKept: (item: T) => boolean): void {
    const kept = this.#items.filter(isKept)
    this.#items = []
    for (const item of kept) this.push(item)
  }
}
