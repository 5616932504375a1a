import type { FastifyReply, FastifyRequest } from 'fastify'
import { apiLimits } from './api-limits.ts'
import { type ProblemName, problemKinds } from './problem-kinds.ts'

export const problemMediaType = 'application/problem+json'

/** Why a request is refused: what its problem document (RFC 9457) says beyond its kind. */
export interface Refusal {
  readonly name: ProblemName
  readonly detail: string
  /** More of them than a document may hold are left out. */
  readonly errors?: readonly EventError[]
  /** Place of the mistake in the body, from 1. */
  readonly line?: number
  readonly column?: number
  readonly reasons?: readonly string[]
  readonly retryAfterSeconds?: number
  readonly location?: string
}

export interface EventError {
  readonly index: number
  /** JSON pointer into the event. */
  readonly pointer: string
  readonly code: string
  readonly detail: string
}

/** Answers with the problem document. `begin` was called for the request. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { retryAfterSeconds, location } = refusal
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfterSeconds))))
  if (location !== undefined) reply.header('location', location)
  return (
    reply
      .code(problemKinds[refusal.name].status)
      .header('content-type', problemMediaType)
      // As bytes: to text Fastify adds a charset, which this media type does not have.
      .send(Buffer.from(problemBody(refusal, request.trace.traceId, request.url)))
  )
}

/** @param url of the request; undefined: none was understood */
export function problemBody(refusal: Refusal, traceId: string, url: string | undefined): string {
  const { status, title } = problemKinds[refusal.name]
  return JSON.stringify({
    type: `/problems/${refusal.name}`,
    title,
    status,
    detail: refusal.detail,
    instance: url === undefined ? undefined : pathOf(url),
    traceId,
    line: refusal.line,
    column: refusal.column,
    reasons: refusal.reasons,
    errors: refusal.errors?.slice(0, apiLimits.errorsPerProblemMax),
  })
}

/** Without the query, which may hold what should not be repeated. */
const pathOf = (url: string): string => url.split('?', 1)[0].slice(0, instanceCharactersMax)

/** Longer than any path that means something; an address may have 16 KB. */
const instanceCharactersMax = 1_024

/** @param field `merchant.id`; undefined: the event as a whole */
export const pointerTo = (field: string | undefined): string =>
  field === undefined ? '' : `/${field.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('.', '/')}`
