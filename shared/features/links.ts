import type { History } from './history.ts'
import { blockHalf, capacityHalf } from './layout.ts'
import type { Link } from './plan.ts'
import { ValueIndex } from './value-index.ts'

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
  readonly #indexes = new Map<number, readonly ValueIndex[]>()

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
    if (this.#links.length === 0) return
    const position = this.#history.head(h) - 1
    const { F, U } = this.#history.arena
    const record = this.#history.record(h, position)
    const indexes = this.#indexesOf(h, position)
    for (let i = 0; i < this.#links.length; i++) {
      const { word, column, filter } = this.#links[i]
      const half = (record + word) * 2
      U[half] = 0
      U[half + 1] = 0
      if (!this.#history.passes(h, position, filter)) continue
      const value = F[record + column]
      const previous = indexes === undefined ? this.#scan(h, i, value, position) : indexes[i].get(value)
      U[half] = previous
      if (previous !== 0) U[this.#half(h, i, previous) + 1] = position
      indexes?.[i].set(value, previous, position)
    }
  }

  /** Undoes `link` for the newest record. */
  unlink(h: number): void {
    const position = this.#history.head(h) - 1
    const indexes = this.#indexes.get(h)
    for (let i = 0; i < this.#links.length; i++) {
      if (!this.#history.passes(h, position, this.#links[i].filter)) continue
      const previous = this.#kept(h, this.previous(h, i, position))
      if (previous !== 0) this.#history.arena.U[this.#half(h, i, previous) + 1] = 0
      const value = this.#value(h, i, position)
      if (previous !== 0) indexes?.[i].set(value, position, previous)
      else indexes?.[i].delete(value, position)
    }
  }

  /** The oldest record is about to leave the history. */
  depart(h: number): void {
    const indexes = this.#indexes.get(h)
    if (indexes === undefined) return
    const oldest = this.#history.start(h)
    for (let i = 0; i < this.#links.length; i++)
      if (this.next(h, i, oldest) === 0 && this.#history.passes(h, oldest, this.#links[i].filter))
        indexes[i].delete(this.#value(h, i, oldest), oldest)
    if (this.#history.head(h) - oldest < scannedRecordsMax / 2) this.#indexes.delete(h)
  }

  /** An actor leaves memory. */
  forget(h: number): void {
    this.#indexes.delete(h)
  }

  /** Newest record before a position with a value, looked for backwards. */
  #scan(h: number, link: number, value: number, before: number): number {
    const { arena, layout } = this.#history
    const { F, U } = arena
    const { column, filter } = this.#links[link]
    const start = this.#history.start(h)
    const block = U[h * 2 + blockHalf]
    const mask = (1 << U[h * 2 + capacityHalf]) - 1
    for (let p = before - 1; p >= start; p--)
      if (F[block + (p & mask) * layout.recordWords + column] === value && this.#history.passes(h, p, filter)) return p
    return 0
  }

  /** Indexes of an actor's links before a position; undefined where the history is short. */
  #indexesOf(h: number, position: number): readonly ValueIndex[] | undefined {
    if (this.#indexes.size === 0 && position - this.#history.start(h) <= scannedRecordsMax) return undefined
    const indexes = this.#indexes.get(h)
    if (indexes !== undefined || position - this.#history.start(h) <= scannedRecordsMax) return indexes
    const made = this.#links.map((_, i) => {
      const index = new ValueIndex((p) => this.#value(h, i, p))
      for (let p = this.#history.start(h); p < position; p++)
        if (this.next(h, i, p) === 0 && this.#history.passes(h, p, this.#links[i].filter))
          index.set(this.#value(h, i, p), 0, p)
      return index
    })
    this.#indexes.set(h, made)
    return made
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
