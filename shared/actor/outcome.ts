/** What became of an event at one actor. `conflict`: a known id with other content; the first stays. */
export type Outcome = 'applied' | 'late' | 'duplicate' | 'conflict'
