import type { Automaton } from './automaton.ts'
import type { Draft } from './draft.ts'
import type { Records } from './records.ts'
import type { RunBlocks } from './run-blocks.ts'
import { recordFirstAt, recordNode, recordNumber, recordSecondAt, recordStart, recordState } from './run-layout.ts'
import { outcomeTimedOut } from './skipping.ts'

/**
 * What time alone does to the runs. Limits are half open: a run is out when `now` is at or past its limit. One that waits for the
 * end of a trailing absence is then a match, any other has timed out.
 */
export class Expiry {
  private readonly automaton: Automaton
  private readonly blocks: RunBlocks

  constructor(automaton: Automaton, blocks: RunBlocks) {
    this.automaton = automaton
    this.blocks = blocks
  }

  /** True if any run is out at `now`. */
  isDue(handle: number, now: number): boolean {
    const runs = this.blocks.runs(handle)
    if (runs === 0) return false
    // Runs are sorted by their start, so the first is the first to be out by the window.
    if (this.windowLimit(this.blocks.record(handle, 0)) <= now) return true
    if (!this.automaton.hasGaps) return false
    for (let index = 0; index < runs; index++) if (this.gapLimit(this.blocks.record(handle, index)) <= now) return true
    return false
  }

  /** Leaves those that are still open in the draft, with the matches; those that timed out go to the outcomes. */
  expire(handle: number, now: number, draft: Draft, outcomes: Records): void {
    const { blocks, automaton } = this
    const { U, F } = blocks.arena
    blocks.begin(handle, draft)
    for (let index = 0; index < blocks.runs(handle); index++) {
      const word = blocks.record(handle, index)
      const byWindow = this.windowLimit(word)
      const byGap = this.gapLimit(word)
      const node = U[word + recordNode]
      const start = U[word + recordStart]
      const firstAt = F[word / 2 + recordFirstAt]
      if (byWindow > now && byGap > now) blocks.takeRuns(handle, index, index + 1, draft)
      else if (automaton.isPending[U[word + recordState]] === 1)
        draft.held.push(U[word + recordNumber], node, start, 0, firstAt, Math.min(byWindow, byGap))
      // As in Flink, a gap that has passed is named even where the window had passed before it.
      else outcomes.push(outcomeTimedOut, node, start, 0, firstAt, byGap <= now ? byGap : byWindow)
    }
  }

  /** The next instant at which a trailing absence makes a match; Infinity: none. */
  earliestDeadline(handle: number): number {
    const { automaton, blocks } = this
    let earliest = Infinity
    if (!automaton.hasPending) return earliest
    for (let index = 0; index < blocks.runs(handle); index++) {
      const word = blocks.record(handle, index)
      if (automaton.isPending[blocks.arena.U[word + recordState]] === 1)
        earliest = Math.min(earliest, this.windowLimit(word), this.gapLimit(word))
    }
    return earliest
  }

  private windowLimit(word: number): number {
    return this.blocks.arena.F[word / 2 + recordFirstAt] + this.automaton.windowMs
  }

  private gapLimit(word: number): number {
    const { U, F } = this.blocks.arena
    return F[word / 2 + recordSecondAt] + this.automaton.gapMs[U[word + recordState]]
  }
}
