/**
 * `decide`: an event whose sender waits for the decision. `ask`: somebody wants the decision on an event that the log has already; the body
 * is the event's again. The rest are the owner's own records. Logs hold the numbers: new kinds go to the end.
 */
export const recordKinds = ['event', 'decide', 'claim', 'ruleset', 'tick', 'ask'] as const
export type RecordKind = (typeof recordKinds)[number]

/** Records as columns. Valid for as long as it is held. */
export interface LogBlock {
  readonly length: number
  readonly offsets: ArrayLike<number>
  /** Indexes into `recordKinds`. */
  readonly kinds: ArrayLike<number>
  readonly receivedAt: ArrayLike<number>
  readonly traceparents: readonly string[]
  /** Record `i` is `bytes[starts[i], ends[i])`. */
  readonly bytes: Uint8Array
  readonly starts: ArrayLike<number>
  readonly ends: ArrayLike<number>
}
