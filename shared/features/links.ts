import type { History } from './history.ts'
import type { Link } from './plan.ts'

/**
 * For each link (an expression with its filter): the previous and next record with an equal value. With these a distinct count follows
 * the windows at one comparison a record, and one search serves windows of any number.
 *
 * L1 previous(p) < p, 0 where no kept record has the value; next(p) > p or 0.
 */
export class Links {
  readonly #history: History
  readonly #links: readonly { filter: number; column: number; word: number }[]
  /** For actors with long histories: newest position by value. By actor, then link. Derived, so never saved. */
  readonly #indexes = new Map<number, Map<number, number>[]>()

  constructor(history: History, links: readonly Link[]) {
    this.#history = history
    this.#links = links.map(({ filter, column }, i) => ({
      filter,
      column: history.layout.columnsWord + column,
      word: history.layout.linksWord + i,
    }))
  }

  previous(h: number, link: number, position: number): number {
    return this.#history.arena.U[this.#half(h, link, position)]
  }

  next(h: number, link: number, position: number): number {
    return this.#history.arena.U[this.#half(h, link, position) + 1]
  }

  /** Links the newest record, which was just appended. */
  link(h: number): void {
    const position = this.#history.head(h) - 1
    for (let i = 0; i < this.#links.length; i++) {
      const half = this.#half(h, i, position)
      const { U } = this.#history.arena
      U[half] = 0
      U[half + 1] = 0
      if (!this.#history.passes(h, position, this.#links[i].filter)) continue
      const value = this.#value(h, i, position)
      const previous = this.#newestWith(h, i, value, position)
      U[half] = previous
      if (previous !== 0) U[this.#half(h, i, previous) + 1] = position
      this.#indexes.get(h)?.[i].set(value, position)
    }
  }

  /** Undoes `link` for the newest record. */
  unlink(h: number): void {
    const position = this.#history.head(h) - 1
    for (let i = 0; i < this.#links.length; i++) {
      if (!this.#history.passes(h, position, this.#links[i].filter)) continue
      const previous = this.#kept(h, this.previous(h, i, position))
      if (previous !== 0) this.#history.arena.U[this.#half(h, i, previous) + 1] = 0
      const index = this.#indexes.get(h)?.[i]
      if (previous !== 0) index?.set(this.#value(h, i, position), previous)
      else index?.delete(this.#value(h, i, position))
    }
  }

  /** The oldest record is about to leave the history. */
  depart(h: number): void {
    const indexes = this.#indexes.get(h)
    if (indexes === undefined) return
    const oldest = this.#history.start(h)
    for (let i = 0; i < this.#links.length; i++) {
      const value = this.#value(h, i, oldest)
      if (indexes[i].get(value) === oldest) indexes[i].delete(value)
    }
    if (this.#history.head(h) - oldest < scannedRecordsMax / 2) this.#indexes.delete(h)
  }

  #newestWith(h: number, link: number, value: number, before: number): number {
    const start = this.#history.start(h)
    const { filter } = this.#links[link]
    const index = this.#indexes.get(h) ?? (before - start > scannedRecordsMax ? this.#makeIndex(h, before) : undefined)
    if (index !== undefined) return index[link].get(value) ?? 0
    for (let p = before - 1; p >= start; p--)
      if (this.#value(h, link, p) === value && this.#history.passes(h, p, filter)) return p
    return 0
  }

  #makeIndex(h: number, before: number): Map<number, number>[] {
    const indexes = this.#links.map((_, i) => {
      const index = new Map<number, number>()
      for (let p = this.#history.start(h); p < before; p++)
        if (this.#history.passes(h, p, this.#links[i].filter)) index.set(this.#value(h, i, p), p)
      return index
    })
    this.#indexes.set(h, indexes)
    return indexes
  }

  #value(h: number, link: number, position: number): number {
    return this.#history.arena.F[this.#history.record(h, position) + this.#links[link].column]
  }

  #kept(h: number, position: number): number {
    return position >= this.#history.start(h) ? position : 0
  }

  #half(h: number, link: number, position: number): number {
    return (this.#history.record(h, position) + this.#links[link].word) * 2
  }
}

/** Histories up to this length are scanned backwards: cheaper than any index, and no memory. */
const scannedRecordsMax = 64
