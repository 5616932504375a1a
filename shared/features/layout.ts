import { type Column, noCursor, noFilter, type Plan } from './plan.ts'

/**
 * Where things stand in an actor's header and in a record, in 8-byte words (`…Word`) or 4-byte halves (`…Half`), both relative to the start.
 *
 * header  head · start | block · capacity | first · cursors | queues of min and max | runs ‖ accumulators | times of what left the history
 * record  at | id | digest · bits … | columns | links (previous · next)
 */
export interface Layout {
  readonly headerWords: number
  readonly cursorsHalf: number
  readonly extremesHalf: number
  readonly runsHalf: number
  readonly accumulatorWord: readonly number[]
  /** For accumulators of unbounded windows: at of the newest counted record that left the history. */
  readonly departedWord: readonly number[]
  readonly recordWords: number
  readonly bitWords: number
  readonly columnsWord: number
  readonly linksWord: number
}

/** Halves of the header with a fixed place. */
export const headHalf = 0
export const startHalf = 1
export const blockHalf = 2
/** How many records the ring holds. */
export const capacityHalf = 3
/** Position that has, or had last, the first place of the ring. */
export const firstHalf = 4
const firstFreeHalf = 5

/** Words and halves of a record with a fixed place. */
export const atWord = 0
export const idWord = 1
export const digestHalf = 4
export const bitsHalf = 5

/** Halves of a queue in the header: block, log2 of its capacity, index of the first entry, number of entries. */
export const extremeHalves = 4

const accumulatorWords = {
  count: 1,
  sum: 1,
  squares: 2,
  expansion: 4,
  'expansion-squares': 4,
  distinct: 1,
  first: 1,
  last: 1,
} as const

/** @param patterns number of pattern rules: each has the handle of its runs in the header */
export function layoutOf(plan: Plan, patterns: number): Layout {
  const cursorsHalf = firstFreeHalf
  const extremesHalf = cursorsHalf + plan.cursors.length
  const runsHalf = extremesHalf + plan.extremes.length * extremeHalves
  let word = Math.ceil((runsHalf + patterns) / 2)
  const accumulatorWord = plan.accumulators.map(({ kind }) => {
    const at = word
    word += accumulatorWords[kind]
    return at
  })
  const departedWord = plan.accumulators.map(({ kind, window }) =>
    kind === 'last' && window.low === noCursor ? word++ : -1,
  )
  const bitWords = Math.ceil((reservedBits + plan.predicates.length + plan.faults.length) / 32)
  const columnsWord = Math.ceil((bitsHalf + bitWords) / 2)
  const linksWord = columnsWord + plan.columns.length
  return {
    headerWords: word,
    cursorsHalf,
    extremesHalf,
    runsHalf,
    accumulatorWord,
    departedWord,
    recordWords: linksWord + plan.links.length,
    bitWords,
    columnsWord,
    linksWord,
  }
}

/** Headers are allotted together so that a million actors are a thousand allocations. */
export const headersPerBlock = 1024

/** Whether each record has a text of its own for the column, as a block of the arena. */
export function holdsText({ features }: Plan, column: Column): boolean {
  return column.kind === 'text' || (column.kind === 'feature' && features[column.feature].isText)
}

/** Bit 0 of each record: no run was open after it. The bits of predicates follow, then those of faults. */
export const quietMask = 1
export const reservedBits = 1

/** Half and mask of a filter's bit in a record; mask 0 where every record passes. */
export function filterBit(filter: number): { readonly bitHalf: number; readonly bitMask: number } {
  if (filter === noFilter) return { bitHalf: bitsHalf, bitMask: 0 }
  const bit = filter + reservedBits
  return { bitHalf: bitsHalf + (bit >> 5), bitMask: 1 << (bit & 31) }
}
