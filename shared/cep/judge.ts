/**
 * What the caller knows and the matcher does not: whether a condition holds for the event being judged. Asked at most once per
 * event for a condition on the event alone, and at most once per event and run for one that reads the run (see `compile`).
 * May throw: the event then leaves the open runs as they were.
 */
export interface Judge {
  /** @param condition the number that the pattern has in `where` or `until`; `matcher.taken` is set to the run */
  holds(condition: number): boolean
}

/**
 * The events that the run being judged has taken so far, without the event being judged. One reusable view: valid only inside
 * `Judge.holds`. Steps are numbers as in `numberedSteps`, positions those given to `Matcher.step`, ascending within a step.
 * Cost grows with the events taken after the one asked for, so `last` is cheap where the step was taken last.
 */
export interface Taken {
  count(step: number): number
  /** Position of the first event in the step; -1: none. */
  first(step: number): number
  /** Position of the last event in the step; -1: none. */
  last(step: number): number
  /** Position of event `index` (from 0) in the step; -1: none. */
  position(step: number, index: number): number
  /**
   * Writes all positions of the step to the start of `into`, ascending.
   * @returns how many there are; where `into` is too short nothing is written
   */
  positions(step: number, into: Uint32Array): number
}
