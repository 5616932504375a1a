import type { Fuel } from './fuel.ts'
import {
  recordFirstAt,
  recordNode,
  recordNumber,
  recordSecondAt,
  recordStart,
  recordState,
  recordWords,
} from './run-layout.ts'

/**
 * Fixed-size records of numbers in one growing buffer: open runs, finished matches and what is to be reported, while one event is
 * judged. Kept by the matcher and used again for every event, so that the steady path allocates nothing.
 *
 * A record has 8 words: state, node of the last event taken, position of the first event, number (for all: `run-layout.ts`), then two
 * doubles: time of the first event, and a second time (of the last event of a run; of the completion of a match). They are copied into
 * the run block as they are.
 */
export class Records {
  length = 0
  U = new Uint32Array(16 * recordWords)
  F = new Float64Array(this.U.buffer)

  push(state: number, node: number, start: number, number: number, firstAt: number, secondAt: number): void {
    const word = this.length * recordWords
    if (word === this.U.length) this.grow()
    const { U, F } = this
    U[word + recordState] = state
    U[word + recordNode] = node
    U[word + recordStart] = start
    U[word + recordNumber] = number
    F[word / 2 + recordFirstAt] = firstAt
    F[word / 2 + recordSecondAt] = secondAt
    this.length++
  }

  /** Appends the record that starts at this word of other views. */
  pushFrom(U: Uint32Array, F: Float64Array, word: number): void {
    const half = word / 2
    this.push(
      U[word + recordState],
      U[word + recordNode],
      U[word + recordStart],
      U[word + recordNumber],
      F[half + recordFirstAt],
      F[half + recordSecondAt],
    )
  }

  /**
   * Puts records in the order of their first event; those of one start keep theirs. Nearly sorted as it is, hence by insertion.
   * Each exchange is one operation.
   */
  sortByStart(fuel: Fuel): void {
    const { U } = this
    for (let index = 1; index < this.length; index++)
      for (let word = index * recordWords; word > 0; word -= recordWords) {
        if (U[word - recordWords + recordStart] <= U[word + recordStart]) break
        fuel.use(1)
        for (let i = 0; i < recordWords; i++) {
          const moved = U[word + i]
          U[word + i] = U[word - recordWords + i]
          U[word - recordWords + i] = moved
        }
      }
  }

  private grow(): void {
    const U = new Uint32Array(this.U.length * 2)
    U.set(this.U)
    this.U = U
    this.F = new Float64Array(U.buffer)
  }
}
