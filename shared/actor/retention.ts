import type { History } from '#shared/features/history'
import { noFilter, type Plan } from '#shared/features/plan'
import type { PatternRuns } from './pattern-runs.ts'

/**
 * How long a record is kept: as long as a window can see it from any place within the lateness, or an open run (now or after going
 * back within the lateness) refers to it.
 */
export class Retention {
  readonly #history: History
  readonly #latenessMs: number
  readonly #reachMs: number
  /** Windows that are bounded in number alone. */
  readonly #counts: readonly { filter: number; events: number }[]
  readonly #runs: PatternRuns

  constructor(history: History, plan: Plan, latenessMs: number, runs: PatternRuns) {
    this.#history = history
    this.#latenessMs = latenessMs
    this.#reachMs = plan.reachMs
    const starts = new Set(plan.features.map(({ window }) => window.low))
    this.#counts = plan.cursors.flatMap((cursor, i) => (cursor.kind === 'count' && starts.has(i) ? [cursor] : []))
    this.#runs = runs
  }

  /** The first position that must be kept when the newest event has this time. */
  keepFrom(h: number, newestAt: number): number {
    const history = this.#history
    const lateFrom = history.firstAfter(h, newestAt - this.#latenessMs)
    let keep = Math.min(lateFrom, history.firstAfter(h, newestAt - this.#latenessMs - this.#reachMs))
    for (const { filter, events } of this.#counts) {
      let counted = 0
      let position = lateFrom
      while (position > history.start(h) && counted < events) if (this.#passes(h, --position, filter)) counted++
      keep = Math.min(keep, position)
    }
    return Math.min(keep, this.#runs.keepFrom(h, lateFrom))
  }

  #passes(h: number, position: number, filter: number): boolean {
    return filter === noFilter || this.#history.passes(h, position, filter)
  }
}
