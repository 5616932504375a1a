/** Every bound of the HTTP API, with the reason for its size. Past it a request is refused before its events reach the log. */
export const apiLimits = {
  /** Contract: events in one request, and bytes of its body. A larger body would hold up all others while it is split. */
  eventsPerRequestMax: 5_000,
  bodyBytesMax: 5_000_000,
  /** Errors in one problem document (contract): nobody mends more in one go. */
  errorsPerProblemMax: 100,
  /** Requests that were let in and not answered yet. A waiting one holds some 10 KB besides its body: 40 MB in all. */
  requestsInFlightMax: 4_096,
  /** Bodies that are being received or judged. Twice as much is held while the last chunks are joined. */
  bodyBytesInFlightMax: 64_000_000,
  /** After a refusal for want of room: most requests are answered within this time. */
  overloadRetryAfterSeconds: 1,
  /** Open event streams. Each new revision makes each of them read the store once. */
  streamsMax: 256,
  /** Revisions that a stream reads at a time: what one slow reader may hold in memory. */
  revisionsPerReadMax: 100,
  /** Contract: a stream that has nothing to tell sends a comment, so that no one between takes the connection for dead. */
  streamCommentMs: 15_000,
  /** Contract: alerts on one page. */
  alertsPerPageMax: 500,
  alertsPerPageDefault: 50,
  /** How long `Prefer: wait` may make a decision wait, and without it (contract). Longer than a minute, proxies give up. */
  waitMsMax: 30_000,
  waitMsDefault: 1_000,
  /** An id of 256 bytes, every byte of it percent-encoded. */
  pathParameterCharactersMax: 768,
  /** Node's own default: cookies of other services on the same host fit. */
  headerBytesMax: 16_384,
  /** 5 MB within it need 170 KB/s; a slower sender only holds memory. */
  requestMs: 30_000,
  headersMs: 10_000,
  /** A socket without any traffic. Above the longest wait and the time between two comments, so only a dead peer is cut off. */
  silentConnectionMs: 90_000,
  /** Above the minute after which common load balancers drop an idle connection, so that they are the first to close. */
  keepAliveMs: 75_000,
  /** Each costs a socket and some 20 KB. */
  connectionsMax: 8_192,
  /** How long closing waits for requests that were let in. */
  drainMs: 10_000,
} as const
