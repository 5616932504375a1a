/** Every kind of problem document. Contract: the names are the last part of `type`. */
export const problemKinds = {
  'bad-request': {
    status: 400,
    title: 'The request cannot be understood',
    meaning: 'The address or a header of the request is not well-formed, or has a value that it cannot have.',
    remedy: '`detail` names the part. Correct it and send the request again; the same request will fail again.',
  },
  'bad-query': {
    status: 400,
    title: 'The query has a mistake',
    meaning: 'A parameter of the query is unknown, given twice, or has a value that it cannot have.',
    remedy: '`detail` names each such parameter. A `cursor` is only good for the query that gave it.',
  },
  'bad-json': {
    status: 400,
    title: 'The body is not JSON',
    meaning: 'The body could not be read. `line` and `column`, both from 1, say where it stops being JSON.',
    remedy: 'Send JSON in UTF-8; NDJSON needs `content-type: application/x-ndjson`. Nothing was taken.',
  },
  unauthorized: {
    status: 401,
    title: 'A valid key is needed',
    meaning: 'The request has no `Authorization: Bearer` header, or its key is not valid.',
    remedy: 'Send the key that the service was started with. `GET /livez` answers without one.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here',
    meaning: 'No such path, or nothing with this id: never there, or no longer kept.',
    remedy: 'Look at the paths in `/openapi.json`. A decision that timed out is found a little later under its id.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This path does not have that method',
    meaning: 'The path exists, for the methods in the header `Allow`.',
    remedy: 'Use one of these methods.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    meaning: 'Its headers or its body came too slowly.',
    remedy: 'Send it again, with fewer events if the line is slow. Nothing was taken.',
  },
  'id-conflict': {
    status: 409,
    title: 'An id is in use for another event',
    meaning: 'An event with the same id and other content came before it. The first one stays.',
    remedy: 'Give each event an id of its own, and send a repeat exactly as it was. Nothing was taken.',
  },
  'letter-refused': {
    status: 409,
    title: 'The dead letter cannot be tried',
    meaning:
      'Its source is no longer in the file of sources, its MAP has a mistake, or only the start of the row was kept.',
    remedy: 'Mend what `detail` names and send the same again. The letter stays as it was.',
  },
  'too-large': {
    status: 413,
    title: 'The request is too large',
    meaning: 'A request may hold at most 5,000 events and 5 MB.',
    remedy: 'Send several smaller requests. Nothing was taken.',
  },
  'uri-too-long': {
    status: 414,
    title: 'The address is too long',
    meaning: 'A part of the path is longer than any id.',
    remedy: 'Ids have at most 256 bytes.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body has a type that is not taken',
    meaning: 'Bodies are `application/json` or, for several events, `application/x-ndjson`, and not compressed.',
    remedy: 'Set `content-type` to what the body is, and send it without `content-encoding`. Nothing was taken.',
  },
  'expectation-failed': {
    status: 417,
    title: 'The expectation cannot be met',
    meaning: 'The only value of the header `Expect` that has a meaning is `100-continue`.',
    remedy: 'Leave the header out.',
  },
  'invalid-event': {
    status: 422,
    title: 'An event is not what it must be',
    meaning:
      'At least one event is not as `events.yaml` declares it, or lies in the future. `errors` has, for each, its place in the request (`index`, from 0), the place within the event (`pointer`), and a code.',
    remedy: 'Correct these events and send all of them again: validation is all or nothing, so nothing was taken.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    meaning: 'All headers together may have 16 KiB.',
    remedy: 'Send fewer or shorter headers.',
  },
  internal: {
    status: 500,
    title: 'The service made a mistake',
    meaning: 'Something happened that should not. It is in the log of the service under this `traceId`.',
    remedy: 'Send the same again: repeats are told by the id of the event. Tell the operator the `traceId`.',
  },
  'not-ready': {
    status: 503,
    title: 'The service is not ready',
    meaning: 'It is starting or stopping, or does not reach what it needs. `reasons` has all reasons.',
    remedy: 'Ask again, or ask another instance.',
  },
  overloaded: {
    status: 503,
    title: 'The service has too much to do',
    meaning: 'Too many requests, bytes or streams are open, or the engine is behind.',
    remedy: 'Send the same again after `Retry-After` seconds.',
  },
  unavailable: {
    status: 503,
    title: 'The service cannot do this now',
    meaning: 'It is starting or stopping, or cannot reach or write its log or its store.',
    remedy: 'Send the same again after `Retry-After` seconds. A part may be in the log; a repeat does no harm.',
  },
  'decision-timeout': {
    status: 504,
    title: 'The decision was not made in time',
    meaning: 'The event is in the log, but was not judged within the time that the request would wait.',
    remedy: 'Get the decision under the address in `Location` a little later, or send the same again.',
  },
} as const

export type ProblemName = keyof typeof problemKinds

export const isProblemName = (name: string): name is ProblemName => Object.hasOwn(problemKinds, name)

/** What `GET /problems/NAME` answers. */
export function problemText(name: ProblemName): string {
  const { status, title, meaning, remedy } = problemKinds[name]
  return `${name} (${status}): ${title}.\n\n${meaning}\n\nWhat to do: ${remedy}\n`
}
