import {
  headerWords as headerWordsOfRuns,
  recordWords as wordsPerRun,
  nodeWords as wordsPerRunEvent,
} from '#shared/cep/run-layout'
import { holdsText, layoutOf } from '#shared/features/layout'
import type { PopulationPlan } from '#shared/features/plan-population'
import { arenaWords } from '#shared/memory/arena'

/** Bytes of one actor in the arena. Its key is kept outside. */
export interface StateBytes {
  /** With no event in its windows. */
  readonly base: number
  /** What each event adds, before rings are rounded up to blocks of the arena. */
  readonly perEvent: number
  /** With so many events in its windows, as they lie in the arena. */
  readonly atEvents: number
}

/**
 * What the layout of a plan comes to. Open runs are not in it (`runBytes`).
 * Ids that end in digits take nothing more; a UUID takes 16 bytes, each other id a block of 64 or more.
 * @param patterns number of pattern rules
 */
export function stateBytes(plan: PopulationPlan, patterns: number, events: number): StateBytes {
  const { headerWords, recordWords } = layoutOf(plan, patterns)
  // What no window and no run refers to goes when its ring is full.
  const kept = patterns > 0 || plan.cursors.length > 0 ? events : recordsMin
  const texts = plan.columns.filter((column) => holdsText(plan, column)).length
  const header = headerWords * 8
  const ring = (records: number): number => arenaWords(recordWords * 2 * Math.max(recordsMin, records)) * bytesPerWord
  const extreme = arenaWords(Math.max(positionsMin, powerOfTwo(events))) * bytesPerWord
  return {
    base: Math.ceil(header + ring(0)),
    perEvent: recordWords * 8 + texts * textBytes,
    atEvents: Math.ceil(header + ring(kept) + texts * textBytes * kept + plan.extremes.length * extreme),
  }
}

/** Open runs of one pattern, as a block in the arena. */
export function runBytes({ runs, runEvents }: { runs: number; runEvents: number }): number {
  if (runs === 0) return 0
  const least = headerWordsOfRuns + wordsPerRunEvent * runEvents + wordsPerRun * runs
  return arenaWords(least <= 32 ? least : least + (least >>> 2)) * bytesPerWord
}

const bytesPerWord = 4
/** A text of up to 60 bytes; longer ones take more. */
const textBytes = 64
/** First capacities of a ring and of a queue. */
const recordsMin = 4
const positionsMin = 16

const powerOfTwo = (count: number): number => (count <= 1 ? 1 : 2 ** (32 - Math.clz32(count - 1)))
