import type { EventLog } from '#shared/log/event-log'
import { ProgressWatch, stallMs } from './progress-watch.ts'
import type { WatchedOwner } from './watched-owner.ts'

interface StallWatchOptions {
  readonly log: EventLog
  /** By partition. */
  readonly owners: readonly WatchedOwner[]
  /** By partition: the highest offset that was answered. */
  readonly appended: ArrayLike<number>
  /** Only a new start can help: why, and what to do. Called once. */
  readonly onLost: (why: string) => void
}

/**
 * Looks after the log: ends the service where the log is lost for good, and where a partition stands still although the log is there. A log or a
 * store that is away is no reason to end: it is told by `unready`, and comes back.
 */
export class StallWatch {
  readonly #options: StallWatchOptions
  readonly #progress: ProgressWatch
  #isLost = false

  constructor(options: StallWatchOptions) {
    this.#options = options
    this.#progress = new ProgressWatch(options.owners.length)
  }

  /** Whether it has told so. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** To be called about every second. @param now ms of the monotonic clock */
  look(now: number): void {
    const { log, owners } = this.#options
    const { health } = log
    if (!health.isReady && health.isOver === true) this.#lose(`the log cannot be reached any more: ${health.detail}`)
    const standings = owners.map((owner, partition) => ({
      isBehind: this.#end(partition) > owner.view.position,
      progress: owner.progress,
      isFree: health.isReady && owner.waitsForLog,
    }))
    for (const [partition, verdict] of this.#progress.look(now, standings).entries()) {
      if (verdict === 'give-up') this.#lose(this.#textOf(partition))
      if (verdict === 'renew') log.renewReader()
    }
  }

  /** Offset of the last record that this process has put into the partition. */
  #end(partition: number): number {
    const { appended, owners } = this.#options
    return Math.max(appended[partition], owners[partition].appended)
  }

  #textOf(partition: number): string {
    const { position } = this.#options.owners[partition].view
    return (
      `partition ${partition} stands still at ${position} since ${(2 * stallMs) / 1_000} s, and its log goes on to ${this.#end(partition)}. ` +
      'Reading it anew did not help: start again; nothing accepted is lost'
    )
  }

  #lose(why: string): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#options.onLost(why)
  }
}
