/** Every bound of reading from a bank's streams, with the reason for its size. */
export const ingestLimits = {
  /** Sources in one file. Each holds connections, buffers and labels of metrics. */
  sourcesMax: 64,
  /** Larger messages are read by no broker's default; one such becomes a dead letter as a whole. */
  messageBytesMax: 16 * 2 ** 20,
  /** Rows of one message, as many as of a request over HTTP; the rest becomes one dead letter. */
  messageRowsMax: 5_000,
  /** Messages that a source hands over at once, and their bytes; it holds as much again that was not asked for yet. */
  messagesMax: 1_000,
  messageBytesAtOnceMax: 4 * 2 ** 20,
  /**
   * Rows that go to the log together, and their bytes: one transaction of it takes them, so that they are appended in order or not at all.
   * Reading more before others have their turn would hold up who waits for a decision.
   */
  rowsAtOnceMax: 512,
  rowBytesAtOnceMax: 2 ** 20,
  /**
   * Events in the log that wait to be judged: above it, sources wait. Far below where requests are refused for it, so that a source that
   * catches up leaves room for them, and a decision waits for some ten milliseconds at most.
   */
  lagEventsMax: 4_096,
  /** Of a row that is too large ever to be taken, so much is kept for people. */
  cutRowBytes: 1_024,
  /** Between tries while the log or the store of dead letters cannot be written, or judging is behind. */
  pauseMsMin: 20,
  pauseMsMax: 1_000,
  /** Between tries to reach a source that is away. Half of it by chance. */
  backOffMsMin: 200,
  backOffMsMax: 10_000,
  /** A line in the log about a source that is still away, or about dead letters, at most so often. */
  noticeEveryMs: 60_000,
  /** How long a source may take to end what it has begun, when the service stops. What is not done by then is read again. */
  stopMs: 5_000,
} as const
