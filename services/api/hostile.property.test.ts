import fc from 'fast-check'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { describe, expect, it } from 'vitest'
import { violations } from '../../tests/support/json-schema.ts'
import { problemKinds } from './problem-kinds.ts'
import { type Api, openApi } from './testing/api.ts'
import { hostileRequest } from './testing/hostile-request.ts'
import { sampleAlert } from './testing/memory-vigil.ts'

type Document = { readonly [name: string]: unknown } & {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Responses }>>>>
  readonly components: { readonly schemas: { readonly Problem: object } }
}
type Responses = Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>>

describe('whatever is sent', () => {
  it('is answered as the document says, never with a mistake of our own', async () => {
    const api = await openApi()
    const document = await prepare(api)
    const statuses = new Set<number>()
    await fc.assert(
      fc.asyncProperty(hostileRequest, async (request) => {
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
      fc.asyncProperty(hostileRequest, async (request) => {
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
