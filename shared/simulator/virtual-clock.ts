import { Heap } from '#shared/domain/heap'

interface Turn {
  readonly at: number
  readonly number: number
  readonly run: () => void
}

/** Time that goes on from one thing to do to the next. What is due at the same instant is done in the order in which it was asked for. */
export class VirtualClock {
  /** ms since the start. */
  now = 0
  readonly #turns = new Heap<Turn>((a, b) => a.at < b.at || (a.at === b.at && a.number < b.number))
  #numbers = 0

  /** @param ms rounded down */
  after(ms: number, run: () => void): void {
    this.#turns.push({ at: this.now + Math.floor(ms), number: this.#numbers++, run })
  }

  /** @returns false: there is nothing to do */
  step(): boolean {
    const turn = this.#turns.first
    if (turn === undefined) return false
    this.#turns.removeFirst()
    this.now = turn.at
    turn.run()
    return true
  }
}
