import fc from 'fast-check'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { describe, expect, it } from 'vitest'
import { violations } from '../../tests/support/json-schema.ts'
import { problemKinds } from './problem-kinds.ts'
import { type Api, event, openApi } from './testing/api.ts'
import { sampleAlert } from './testing/memory-vigil.ts'

type Document = { readonly [name: string]: unknown } & {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Responses }>>>>
  readonly components: { readonly schemas: { readonly Problem: object } }
}
type Responses = Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>>

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

const anyRequest: fc.Arbitrary<InjectOptions> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH' as const),
    path,
    query,
    headers,
    body,
  })
  .map(({ method, path, query, headers, body }) => ({
    method: method as 'GET',
    url: { pathname: path, search: query } as never,
    headers,
    ...(method === 'GET' || method === 'HEAD' ? {} : { payload: body }),
  }))
  .map((options) => {
    const { pathname, search } = options.url as unknown as { pathname: string; search: string }
    return { ...options, url: search === '' ? pathname : `${pathname}?${search}` }
  })

describe('whatever is sent', () => {
  it('is answered as the document says, never with a mistake of our own', async () => {
    const api = await openApi()
    const document = await prepare(api)
    const statuses = new Set<number>()
    await fc.assert(
      fc.asyncProperty(anyRequest, async (request) => {
        const answer = await ask(api, request)
        if (answer !== undefined) {
          check(document, request, answer)
          statuses.add(answer.statusCode)
        }
        expect(api.failures).toEqual([])
      }),
      { numRuns: Number(process.env['VIGIL_TEST_RUNS'] ?? 1_000) },
    )
    // Otherwise it would say little.
    expect([...statuses]).toEqual(expect.arrayContaining([200, 202, 400, 404, 405, 415, 422]))
  }, 60_000)

  it('is answered so with a key too, and without one nothing happens', async () => {
    const api = await openApi('vk_key')
    const document = await prepare(api)
    await fc.assert(
      fc.asyncProperty(anyRequest, async (request) => {
        const answer = await ask(api, request)
        if (answer === undefined) return
        check(document, request, answer)
        expect(
          answer.statusCode === 401 ||
            !String(request.url).startsWith('/v1/') ||
            answer.statusCode === 400 ||
            answer.statusCode === 414,
        ).toBe(true)
        expect(api.vigil.contexts).toEqual([])
      }),
      { numRuns: 300 },
    )
  }, 60_000)
})

async function prepare({ get, vigil }: Api): Promise<Document> {
  await vigil.raise(sampleAlert({ id: 'a1' }), sampleAlert({ id: 'a2', revision: 2, status: 'withdrawn' }))
  return (await get('/openapi.json')).json()
}

/** The stream has no end, and is not about bodies. Undefined where the request cannot even be written. */
async function ask({ send }: Api, request: InjectOptions): Promise<LightMyRequestResponse | undefined> {
  try {
    new URL(String(request.url), 'http://x')
  } catch {
    return undefined
  }
  return String(request.url).startsWith('/v1/alerts/stream') ? undefined : send(request)
}

function check(document: Document, request: InjectOptions, answer: LightMyRequestResponse): void {
  const { statusCode, headers, body } = answer
  expect(headers['traceparent']).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-0[01]$/)
  if (statusCode >= 500) expect([503, 504]).toContain(statusCode)
  if (request.method === 'HEAD') return
  const type = String(headers['content-type']).split(';')[0]
  if (statusCode >= 400) {
    expect(type).toBe('application/problem+json')
    const problem = JSON.parse(body)
    expect(violations(document.components.schemas.Problem as never, problem, document)).toEqual([])
    expect(problem.status).toBe(statusCode)
    expect(Object.keys(problemKinds)).toContain(problem.type.slice('/problems/'.length))
    if (problem.type === '/problems/bad-json') expect([problem.line, problem.column]).not.toContain(undefined)
  }
  const schema = schemaOf(document, request, statusCode, type)
  if (schema !== undefined && type.endsWith('json'))
    expect(violations(schema as never, JSON.parse(body), document)).toEqual([])
}

/** Undefined for what the document leaves out: other methods, paths that are not there, and the documents themselves. */
function schemaOf(
  document: Document,
  { url, method }: InjectOptions,
  status: number,
  type: string,
): object | undefined {
  const { pathname } = new URL(String(url), 'http://x')
  const found = Object.entries(document.paths).find(([path]) =>
    new RegExp(`^${path.replace(/\{\w+\}/, '[^/]+')}$`).test(pathname),
  )
  const responses = found?.[1][String(method).toLowerCase()]?.responses
  if (responses === undefined) return undefined
  // These two are told before the route is known: by the address alone.
  if (status === 404 && responses['404'] === undefined) throw new Error(`404 for ${pathname}`)
  const schema = responses[String(status)]?.content?.[type]?.schema
  if (schema === undefined) throw new Error(`the document has no ${status} with ${type} for ${method} ${pathname}`)
  return schema
}
