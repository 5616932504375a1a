/** How a partition stands at a moment. */
export interface Standing {
  /** Whether the log holds records that it has not applied. */
  readonly isBehind: boolean
  /** Anything that is another after each step forward. */
  readonly progress: string
  /** Whether it has nothing to wait for that is known to be away: only then its standing still counts. */
  readonly isFree: boolean
}

/** `renew`: make anew what brings its records. `give-up`: that did not help, and only a new start can. */
export type Verdict = 'fine' | 'renew' | 'give-up'

/**
 * Watches whether partitions get on: clients of brokers stall at times, and do not say so. Pure: time comes in.
 *
 * W1 Time counts only between two looks of which each found the partition behind, free and where it was.
 * W2 Time in which nobody looked, as the process was stopped or busy, counts as `countedMsMax` at most.
 */
export class ProgressWatch {
  readonly #watched: Watched[]
  #lookedAt: number | undefined

  constructor(partitions: number) {
    this.#watched = Array.from({ length: partitions }, () => ({ progress: undefined, stillMs: 0, isRenewed: false }))
  }

  /**
   * To be called about every second.
   * @param now ms on a clock that never goes back
   * @returns by partition; `renew` and `give-up` once for each time that it stands still
   */
  look(now: number, standings: readonly Standing[]): readonly Verdict[] {
    const passedMs = Math.min(now - (this.#lookedAt ?? now), countedMsMax)
    this.#lookedAt = now
    return standings.map((standing, partition) => judge(this.#watched[partition], standing, passedMs))
  }
}

interface Watched {
  progress: string | undefined
  stillMs: number
  isRenewed: boolean
}

function judge(watched: Watched, { isBehind, progress, isFree }: Standing, passedMs: number): Verdict {
  const isStill = isBehind && progress === watched.progress
  watched.progress = progress
  if (!isStill) {
    watched.stillMs = 0
    watched.isRenewed = false
    return 'fine'
  }
  if (!isFree) return 'fine'
  const before = watched.stillMs
  watched.stillMs += passedMs
  if (before < 2 * stallMs && watched.stillMs >= 2 * stallMs) return 'give-up'
  if (watched.isRenewed || watched.stillMs < stallMs) return 'fine'
  watched.isRenewed = true
  return 'renew'
}

/** Far above any pause of a broker that is there: a new leader is found within 16 s. */
export const stallMs = 30_000
/** Two looks. */
const countedMsMax = 2_000
