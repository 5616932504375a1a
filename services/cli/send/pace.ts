import { waitFor } from './wait-for.ts'

/**
 * An open-loop schedule: a row is due by the clock since the start, so that neither a slow answer nor a late timer slows the whole down. What is
 * overdue goes at once.
 */
export class Pace {
  readonly #rowsPerSecond: number
  readonly #now: () => number
  readonly #wait: (ms: number, signal: AbortSignal) => Promise<boolean>
  readonly #startedAt: number

  /** Starts now. @param now ms of a clock that never goes back */
  constructor(rowsPerSecond: number, now = (): number => performance.now(), wait = waitFor) {
    this.#rowsPerSecond = rowsPerSecond
    this.#now = now
    this.#wait = wait
    this.#startedAt = now()
  }

  /** Resolves when the row behind so many is due, or the signal aborts. */
  async due(rowsBefore: number, signal: AbortSignal): Promise<void> {
    const ms = this.#startedAt + (rowsBefore / this.#rowsPerSecond) * 1000 - this.#now()
    if (ms > 0) await this.#wait(ms, signal)
  }
}
