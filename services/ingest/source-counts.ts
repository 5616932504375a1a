/** What became of a source since the start, for metrics. */
export interface SourceCounts {
  messages: number
  accepted: number
  duplicates: number
  /** By reason. */
  readonly deadLetters: Map<string, number>
  /** Dead letters, of any source, that went for the want of room. */
  droppedLetters: number
  isConnected: boolean
}

export const noSourceCounts = (): SourceCounts => ({
  messages: 0,
  accepted: 0,
  duplicates: 0,
  deadLetters: new Map(),
  droppedLetters: 0,
  isConnected: false,
})
