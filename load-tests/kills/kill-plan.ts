import type { Random } from '#shared/generator/random'

/** When the service is killed. */
export interface PlannedKill {
  /** So many rows were acknowledged, and `delayMs` have passed since then. */
  readonly row: number
  readonly delayMs: number
  /** Not then, but before it is ready again after the kill before: when this share of the last start's time has passed. */
  readonly startShare: number | undefined
}

/**
 * Kills at any moment: mostly while rows are sent, some while it starts, among them its first start with other rules, the last while it
 * delivers what it has found.
 * @param half rows that are sent before the rules change
 */
export function planKills(
  kills: number,
  { rows, half }: { readonly rows: number; readonly half: number },
  random: Random,
): readonly PlannedKill[] {
  const moments = Array.from({ length: kills - 1 }, () => random.integer(1, rows)).sort((a, b) => a - b)
  const afterChange = moments.findIndex((row) => row > half)
  return [...moments, rows].map((row, i) => {
    const isInStart = i === afterChange || (i > 0 && i < kills - 1 && random.chance(inStartShare))
    return { row, delayMs: random.between(0, delayMsMax), startShare: isInStart ? random.unit() : undefined }
  })
}

/** A few batches. */
const delayMsMax = 40
const inStartShare = 0.2
