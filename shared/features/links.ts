import type { History } from './history.ts'
import { blockHalf, capacityHalf, firstHalf } from './layout.ts'
import { noCursor, type Plan } from './plan.ts'
import { ValueIndex } from './value-index.ts'

/**
 * For each link (an expression with its filter): the previous and next record with an equal value. With these a distinct count follows
 * the windows at one comparison a record, and one search serves windows of any number.
 *
 * L1 previous(p) < p, 0 where no record has the value that shares a window with p; next(p) > p or 0.
 * L2 Of an actor with indexes, links reach as far back as its history.
 *
 * Why L1 is enough: a window that a record has left is never entered again while a newer record stands, so cursors are at or
 * behind where they stood when the newer one was linked.
 */
export class Links {
  readonly #history: History
  readonly #links: readonly { filter: number; column: number; word: number; cursorHalves: readonly number[] }[]
  /** For actors with long histories: newest position by value. By actor, then link. Derived, so never saved. */
  readonly #indexes = new Map<number, readonly ValueIndex[]>()

  constructor(history: History, plan: Plan) {
    this.#history = history
    const { columnsWord, linksWord, cursorsHalf } = history.layout
    this.#links = plan.links.map(({ filter, column }, i) => {
      const starts = plan.accumulators.flatMap((a) => (a.kind === 'distinct' && a.source === i ? [a.window.low] : []))
      return {
        filter,
        column: columnsWord + column,
        word: linksWord + i,
        // Without any, the whole history is in reach.
        cursorHalves: starts.includes(noCursor) ? [] : starts.map((cursor) => cursorsHalf + cursor),
      }
    })
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

  /** The oldest record that shares a window with the newest: where its link need not look beyond. */
  #reach(h: number, link: number): number {
    const { U } = this.#history.arena
    const { cursorHalves } = this.#links[link]
    if (cursorHalves.length === 0) return this.#history.start(h)
    let low = U[h * 2 + cursorHalves[0]]
    for (let i = 1; i < cursorHalves.length; i++) low = Math.min(low, U[h * 2 + cursorHalves[i]])
    return low
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
    const start = this.#reach(h, link)
    const block = U[h * 2 + blockHalf]
    const first = U[h * 2 + firstHalf]
    const capacity = U[h * 2 + capacityHalf]
    for (let p = before - 1; p >= start; p--) {
      const place = p - first
      const record = block + (place < capacity ? place : place - capacity) * layout.recordWords
      if (F[record + column] === value && this.#history.passes(h, p, filter)) return p
    }
    return 0
  }

  /** Indexes of an actor's links before a position; undefined where its windows are short. */
  #indexesOf(h: number, position: number): readonly ValueIndex[] | undefined {
    if (this.#indexes.size > 0) {
      const indexes = this.#indexes.get(h)
      if (indexes !== undefined) return indexes
    }
    for (let i = 0; i < this.#links.length; i++)
      if (position - this.#reach(h, i) > scannedRecordsMax) return this.#makeIndexes(h, position)
    return undefined
  }

  #makeIndexes(h: number, end: number): readonly ValueIndex[] {
    const { U } = this.#history.arena
    const made = this.#links.map(({ filter }, i) => {
      const index = new ValueIndex((p) => this.#value(h, i, p))
      for (let p = this.#history.start(h); p < end; p++) {
        if (!this.#history.passes(h, p, filter)) continue
        const value = this.#value(h, i, p)
        const previous = index.get(value)
        U[this.#half(h, i, p)] = previous
        if (previous !== 0) U[this.#half(h, i, previous) + 1] = p
        index.set(value, previous, p)
      }
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

/** Windows up to this number of records are scanned backwards: cheaper than any index, and no memory. */
const scannedRecordsMax = 64
