import { LogUnavailable, type TrimmableLog } from '#shared/log/event-log'

interface RetentionWatchOptions {
  readonly log: TrimmableLog
  /** Records that reached the log longer ago may go. */
  readonly retentionMs: number
  readonly partitions: number
  /** Offset of the lowest record that is still needed to go on after any end; undefined: nothing may go now. */
  readonly neededFrom: (partition: number) => number | undefined
  readonly onNotice: (partition: number, text: string) => void
}

/**
 * Lets what is older than the retention go from the log, again and again, one partition after the other.
 *
 * R1 What a start needs stays however old it is: the record of the last checkpoint, and of the newest snapshot where there are any.
 */
export class RetentionWatch {
  readonly #options: RetentionWatchOptions
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: RetentionWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#startLater()
  }

  /** What is being removed ends with the log, at the latest. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #startLater(): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(
      () => {
        void this.#trimAll().finally(() => this.#startLater())
      },
      Math.min(pauseMsMax, this.#options.retentionMs / 10),
    )
  }

  async #trimAll(): Promise<void> {
    const { log, partitions, retentionMs, neededFrom, onNotice } = this.#options
    for (let partition = 0; partition < partitions; partition++) {
      const before = neededFrom(partition)
      if (this.#isStopped) return
      if (before === undefined) continue
      try {
        await log.trim(partition, { before, receivedBefore: Date.now() - retentionMs })
      } catch (error) {
        if (!(error instanceof LogUnavailable)) throw error
        // It is tried again in the next round.
        if (error.reason !== 'closed') onNotice(partition, `old records stay in the log: ${error.message}`)
      }
    }
  }
}

const pauseMsMax = 60_000
