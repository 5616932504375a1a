import fc from 'fast-check'
import { event } from './sample-event.ts'

export interface HostileRequest {
  readonly method: 'GET' | 'POST' | 'HEAD' | 'PUT' | 'DELETE' | 'OPTIONS' | 'PATCH'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload?: Buffer
}

const nasty = fc.constantFrom(
  ...['', ' ', '\0', '%', '%00', '%ff', '%2f', '..', '//', '?', '#', '\u{1f600}', '\ud800', '__proto__', 'constructor'],
  ...[
    'a'.repeat(300),
    'x'.repeat(5_000),
    '9'.repeat(400),
    '-1',
    '1e999',
    'null',
    '"',
    '\\',
    "'; drop table alerts; --",
  ],
)

const someText = fc.oneof(nasty, fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ maxLength: 20 }))

const path = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('/v1/alerts', '/v1/transactions', '/v1/decisions', '/readyz', '/livez', '/metrics'),
  },
  { weight: 4, arbitrary: fc.constantFrom('/v1/alerts/a1', '/v1/decisions/t0', '/v1/events/t0', '/openapi.json') },
  fc
    .tuple(fc.constantFrom('/v1/alerts/', '/v1/decisions/', '/v1/events/', '/problems/', '/', '/docs/'), someText)
    .map(([start, rest]) => start + rest),
  fc
    .tuple(fc.constantFrom('/v1/alerts/', '/v1/decisions/', '/v1/events/'), someText)
    .map(([start, rest]) => start + encodeURIComponent(rest.toWellFormed())),
)

const parameter = fc.tuple(
  fc.oneof(fc.constantFrom(...'rule scenario severity status by key event from to limit cursor'.split(' ')), someText),
  fc.oneof(fc.constantFrom('raised', 'withdrawn', '2026-01-01T00:00:00Z', '50', '500', '501', '0', 'a1'), someText),
)

const query = fc
  .array(parameter, { maxLength: 4 })
  .chain((parameters) =>
    fc
      .boolean()
      .map((isRaw) =>
        parameters
          .map((pair) => pair.map((text) => (isRaw ? text : encodeURIComponent(text.toWellFormed()))).join('='))
          .join('&'),
      ),
  )

const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, -0, 1e308, 2 ** 53, '', '12.345', [], {}, 'x'.repeat(300), '2026-01-01T00:00:00Z'),
)

const oddEvent = fc
  .dictionary(
    fc.oneof(fc.constantFrom('id', 'at', 'type', 'account', 'amount', 'merchant', 'tags', 'visits', 'age'), someText),
    value,
    { maxKeys: 6 },
  )
  .map((fields) => JSON.stringify(fields))

const someEvent = fc.oneof(
  { weight: 3, arbitrary: fc.nat(5).map((n) => event(`t${n}`)) },
  fc.nat(5).map((n) => event(`t${n}`, '"amount":1,"amount":2')),
  fc.tuple(fc.nat(5), value).map(([n, amount]) => event(`t${n}`, `"amount":${JSON.stringify(amount)}`)),
  oddEvent,
  fc.constantFrom(
    event('t0').replace('12.30', '9'.repeat(1_000)),
    event('t0').replace('12.30', '1e999999999'),
    `{"id":"t","a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
    `{"a":`.repeat(5_000),
    '['.repeat(50_000),
    `{"id":"${'x'.repeat(70_000)}"}`,
    '{"id":"\\ud800","at":"2026-01-01T00:00:00Z","account":"\\u0000","amount":1}',
  ),
)

const text = fc.oneof(
  { weight: 4, arbitrary: fc.array(someEvent, { maxLength: 5 }).map((events) => `[${events.join()}]`) },
  { weight: 2, arbitrary: someEvent },
  { weight: 2, arbitrary: fc.array(someEvent, { maxLength: 5 }).map((events) => events.join('\n')) },
  fc.array(someEvent, { maxLength: 5 }).map((events) => `\ufeff ${events.join('\r\n\n')}`),
  fc.json(),
  someText,
)

/** Sometimes a few bytes are changed, cut out or put in. */
const body = fc
  .tuple(text, fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.uint8Array({ maxLength: 3 })), { maxLength: 2 }), fc.boolean())
  .map(([text, edits, isEdited]) =>
    (isEdited ? edits : []).reduce((bytes, [at, cut, more]) => {
      const place = at % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, place), more, bytes.subarray(place + cut)])
    }, Buffer.from(text)),
  )

const headerText = someText.map((text) => text.replace(/[^\t -~]/g, ''))

const headers = fc.record(
  {
    'content-type': fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('application/json', 'application/x-ndjson') },
      fc.constantFrom('application/json; charset=latin1', 'application/json;', 'APPLICATION/X-NDJSON', 'text/plain'),
      headerText,
    ),
    'content-encoding': fc.constantFrom('identity', 'gzip'),
    prefer: fc.oneof(fc.constantFrom('wait=0', 'wait=99999', 'wait'), headerText),
    traceparent: headerText,
    'last-event-id': headerText,
    accept: headerText,
    authorization: headerText,
    'accept-version': headerText,
  },
  { requiredKeys: ['content-type'] },
)

const anyRequest: fc.Arbitrary<HostileRequest> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH' as const),
    path,
    query,
    headers,
    body,
  })
  .map(({ method, path, query, headers, body }) => ({
    method,
    url: query === '' ? path : `${path}?${query}`,
    headers,
    ...(method === 'GET' || method === 'HEAD' ? {} : { payload: body }),
  }))

/** By chance alone, hardly one in three hundred is taken. */
const soundRequest: fc.Arbitrary<HostileRequest> = fc
  .array(fc.nat(5), { minLength: 1, maxLength: 5 })
  .map((numbers) => ({
    method: 'POST',
    url: '/v1/transactions',
    headers: { 'content-type': 'application/json' },
    payload: Buffer.from(`[${numbers.map((n) => event(`sound${n}`)).join()}]`),
  }))

/** Any request that a client may make, sound ones among them. Its address is as it goes over the wire, well-formed or not. */
export const hostileRequest: fc.Arbitrary<HostileRequest> = fc.oneof(
  { weight: 30, arbitrary: anyRequest },
  { weight: 1, arbitrary: soundRequest },
)
