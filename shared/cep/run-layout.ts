/**
 * The words of a run block, which is the state of one pattern for one actor: copying the state is copying the words.
 *
 *   header    number of runs · number of matches held back · number of nodes and size of the block · next match number
 *   nodes     events taken, appended: position · parent · step · how many events of that step up to here
 *   (free)
 *   records   from the end towards the front: the runs, oldest first, then the matches held back, oldest first
 *
 * R1 A node's number is one more than its index; 0 is no node. Its parent's number is lower. Branches of a run share nodes.
 * R2 Runs are sorted by the position of their first event, those of one start by their branching; so are matches held back.
 * R3 Handle 0 is the state without a run and without a match held back. No block is kept for it.
 * R4 Nodes that no record reaches are dropped when room is needed. What is reported or refused does not depend on when.
 */
export const headerWords = 4
export const headerRuns = 0
export const headerHeld = 1
export const headerNodes = 2
export const headerNextNumber = 3

/** The size shares a word with the number of nodes: 16 · 2ⁿ words. */
export const sizeShift = 26
export const nodesMask = 2 ** sizeShift - 1

export const nodeWords = 4
export const nodePosition = 0
export const nodeParent = 1
export const nodeStep = 2
export const nodeCount = 3

/** Records: see `records.ts`. */
export const recordWords = 8
/** Of a run: where it waits, above 0. Of a match: 1 where it was found before, else 0. */
export const recordState = 0
export const recordNode = 1
export const recordStart = 2
/** Of a match held back: the number under which it was raised. Of a run: 1 once what it has taken was found as a match, else 0. */
export const recordNumber = 3
/** In doubles from the start of the record. */
export const recordFirstAt = 2
export const recordSecondAt = 3
