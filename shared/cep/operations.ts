import type { Automaton } from './automaton.ts'

/** Of a match that is reported: it becomes a hit, and mostly an alert, with its evidence. */
export const operationsPerMatch = 2_000
/** Of each event in it. */
export const operationsPerMatchEvent = 20
/** Of each event that is told from those that no run holds any more, where runs hold about as many as they may. */
export const operationsPerKeptEvent = 8

/**
 * What it takes at most to see what one event does to one run: one for the run, for each row of its state, for each literal of its guard,
 * and the same for the ends of matches; of the dearest state, so that all runs are counted at once. What conditions on the run cost to
 * judge comes on top, once for each that is asked.
 */
export function operationsPerRun({ states, rowsFrom, rows, endFrom }: Automaton): number {
  let dearest = 0
  for (let state = 0; state < states; state++) {
    let operations = 1
    for (let row = rowsFrom[state]; row < rowsFrom[state + 1]; row++) {
      operations += 1 + rows.guardTo[row] - rows.guardFrom[row]
      for (let end = rows.endsFrom[row]; end < rows.endsTo[row]; end++)
        operations += 1 + endFrom[end + 1] - endFrom[end]
    }
    dearest = Math.max(dearest, operations)
  }
  return dearest
}
