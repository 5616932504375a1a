import type { OwnerFailure } from '#shared/protocol/owner-io'
import type { HostedOwner } from './hosted-owner.ts'
import { PartitionLoop, type PartitionLoopOptions } from './loop.ts'

/**
 * A partition for as long as the service runs, over all lives of its owner. Where the checkpoint store has lost what the owner left there,
 * or fell back behind it, nothing may be judged by what it has now: the owner ends, and another begins as after a start.
 *
 * L1 One owner lives at a time. Nothing of an earlier life reaches a later one.
 * L2 Any failure but that of the store is the caller's to judge; no owner begins after it.
 */
export class Partition {
  readonly #options: PartitionLoopOptions
  #loop: PartitionLoop
  /** Why it waits for its next life. */
  #waitsFor: string | undefined
  #timer: NodeJS.Timeout | undefined
  #isStopping = false
  #pauseMs = pauseMsMin
  #beganAt = 0

  constructor(options: PartitionLoopOptions) {
    this.#options = options
    this.#loop = this.#life()
  }

  get owner(): HostedOwner {
    return this.#options.owner
  }

  /** What it is waiting for outside; empty: nothing fails. */
  get troubles(): readonly string[] {
    return this.#waitsFor === undefined ? this.#loop.troubles : [this.#waitsFor]
  }

  start(): void {
    this.#beganAt = performance.now()
    this.#loop.start()
  }

  /** See `PartitionLoop.stop`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#timer)
    await this.#loop.stop(deadlineMs)
  }

  #life(): PartitionLoop {
    return new PartitionLoop({ ...this.#options, onFailure: (failure) => this.#ended(failure) })
  }

  #ended(failure: OwnerFailure): void {
    if (failure.reason !== 'conflict' || this.#isStopping) {
      this.#options.onFailure(failure)
      return
    }
    // A store that is never as it was left would have one owner after the other, and a claim of each in the log.
    const hasLived = performance.now() - this.#beganAt > steadyMs
    this.#pauseMs = hasLived ? pauseMsMin : Math.min(pauseMsMax, this.#pauseMs * 2)
    this.#waitsFor = failure.detail
    this.#options.onNotice(failure.detail)
    this.#timer = setTimeout(() => {
      this.#waitsFor = undefined
      this.#loop = this.#life()
      this.start()
    }, this.#pauseMs)
  }
}

const pauseMsMin = 50
const pauseMsMax = 10_000
/** A life this long says that the store is well. */
const steadyMs = 60_000
