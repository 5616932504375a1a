import type { History } from '#shared/features/history'
import { atWord, idWord } from '#shared/features/layout'

/**
 * Finds an id among an actor's events within the lateness. Few events: a look at each. Many (a hot account): an index of ids, made
 * when first needed and dropped when the account has cooled down.
 */
export class RecentIds {
  readonly #history: History
  readonly #latenessMs: number
  /** By actor: position-independent, since an event out of order moves positions. */
  readonly #indexes = new Map<number, Map<string, number>>()

  constructor(history: History, latenessMs: number) {
    this.#history = history
    this.#latenessMs = latenessMs
  }

  /**
   * Position of an event with this id less than the lateness away from `at`, or 0.
   * @param number the id's number, or −1 where it is kept as text
   */
  find(h: number, at: number, id: string, number: number): number {
    const history = this.#history
    const oldestAt = at - this.#latenessMs
    const stop = history.start(h)
    const index = this.#indexes.get(h)
    if (index !== undefined) return this.#findIndexed(h, index, { at, id })
    let scanned = 0
    for (let position = history.head(h) - 1; position >= stop; position--) {
      const record = history.record(h, position)
      const recordAt = history.arena.F[record + atWord]
      if (recordAt <= oldestAt && recordAt !== at) return 0
      if (history.isId(history.arena.F[record + idWord], id, number)) return position
      if (++scanned > scannedIdsMax) return this.#findIndexed(h, this.#makeIndex(h), { at, id })
    }
    return 0
  }

  /** The event was put into the history. */
  add(h: number, at: number, id: string): void {
    const index = this.#indexes.get(h)
    if (index === undefined) return
    index.set(id, at)
    // Now and then: counting looks at records that lie anywhere.
    if (index.size % scannedIdsMax === 0 && index.size > 2 * scannedIdsMax && index.size > 2 * this.#countRecent(h))
      this.#indexes.delete(h)
  }

  forget(h: number): void {
    this.#indexes.delete(h)
  }

  #findIndexed(h: number, index: Map<string, number>, event: { at: number; id: string }): number {
    const at = index.get(event.id)
    if (at === undefined || (Math.abs(at - event.at) >= this.#latenessMs && at !== event.at)) return 0
    for (let position = this.#history.firstAfter(h, at) - 1; position >= this.#history.start(h); position--) {
      const record = this.#history.record(h, position)
      if (this.#history.arena.F[record + atWord] !== at) return 0
      if (this.#history.idText(this.#history.arena.F[record + idWord]) === event.id) return position
    }
    return 0
  }

  #makeIndex(h: number): Map<string, number> {
    const history = this.#history
    const index = new Map<string, number>()
    for (let position = history.head(h) - this.#countRecent(h); position < history.head(h); position++) {
      const record = history.record(h, position)
      index.set(history.idText(history.arena.F[record + idWord]), history.arena.F[record + atWord])
    }
    this.#indexes.set(h, index)
    return index
  }

  /** Events within twice the lateness before the newest: an event may be that late itself, and its twin that much older. */
  #countRecent(h: number): number {
    const newestAt = this.#history.at(h, this.#history.head(h) - 1)
    return this.#history.head(h) - this.#history.firstAfter(h, newestAt - 2 * this.#latenessMs)
  }
}

/** Looking at so many events costs less than keeping an index of them. */
const scannedIdsMax = 64
