import { limits } from '#shared/domain/limits'
import type { AlertStore } from '#shared/store/alert-store'
import type { StallWatch } from './stall-watch.ts'

/** What a service looks after about every second while it runs: whether it stands still, whether the alert store answers, and what grew too old there. */
export class Housekeeping {
  readonly #stalls: StallWatch
  readonly #alerts: AlertStore
  #timer: NodeJS.Timeout | undefined
  #storeTrouble: string | undefined
  #isPinging = false
  #cleanedInHour = 0

  constructor(stalls: StallWatch, alerts: AlertStore) {
    this.#stalls = stalls
    this.#alerts = alerts
  }

  /** Why the alert store does not answer; undefined: it does, as far as is known. */
  get storeTrouble(): string | undefined {
    return this.#storeTrouble
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), lookMs)
    this.#look()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    this.#stalls.look(performance.now())
    // One at a time: a store that is stuck is not buried under questions.
    if (!this.#isPinging) this.#ping()
    this.#removeOldDecisions()
  }

  #ping(): void {
    this.#isPinging = true
    const done = this.#alerts.ping().then(
      () => {
        this.#storeTrouble = undefined
      },
      (error: unknown) => {
        this.#storeTrouble = error instanceof Error ? error.message : String(error)
      },
    )
    void done.finally(() => {
      this.#isPinging = false
    })
  }

  #removeOldDecisions(): void {
    const hour = Math.floor(Date.now() / hourMs)
    if (this.#cleanedInHour === hour) return
    this.#cleanedInHour = hour
    // Not an error of ours if it fails: it is done again.
    this.#alerts.removeDecisionsBefore(Date.now() - limits.decisionsKeptMs).catch(() => {
      this.#cleanedInHour = 0
    })
  }
}

const lookMs = 1_000
const hourMs = 3_600_000
