import { setTimeout } from 'node:timers/promises'
import type { PartitionSnapshots } from './partition-snapshots.ts'

interface SnapshotTimerOptions {
  /** By partition. */
  readonly snapshots: readonly PartitionSnapshots[]
  /** Between two snapshots of a partition. */
  readonly everyMs: number
  readonly onNotice: (partition: number, text: string) => void
}

/** Takes a snapshot of each partition again and again, one after the other. */
export class SnapshotTimer {
  readonly #options: SnapshotTimerOptions
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(options: SnapshotTimerOptions) {
    this.#options = options
  }

  /** The first ones come soon: until there is one, the log keeps everything. */
  start(): void {
    this.#startAfter(this.#options.everyMs / 15)
  }

  /** The one under way is given up. Resolves when it is, or soon: what it still waits for does no harm. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    for (const each of this.#options.snapshots) each.giveUp()
    await Promise.race([this.#round, setTimeout(stopMsMax, undefined, { ref: false })])
  }

  #startAfter(ms: number): void {
    if (this.#isStopped) return
    this.#timer = globalThis.setTimeout(() => {
      this.#round = this.#take().finally(() => this.#startAfter(this.#options.everyMs))
    }, ms)
  }

  async #take(): Promise<void> {
    const { snapshots, onNotice } = this.#options
    for (const [partition, each] of snapshots.entries()) {
      if (this.#isStopped) return
      try {
        const why = await each.take(Date.now())
        if (why !== undefined && !this.#isStopped) onNotice(partition, `there is no snapshot this time: ${why}`)
      } catch (error) {
        // The world failed, and the next one is tried in its turn; the log keeps what the last one needs.
        if (!this.#isStopped)
          onNotice(
            partition,
            `there is no snapshot this time: ${error instanceof Error ? error.message : String(error)}`,
          )
      }
    }
  }
}

const stopMsMax = 2_000
