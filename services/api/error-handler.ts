import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { LogUnavailable } from '#shared/log/event-log'
import { AlertStoreUnavailable, BadCursor } from '#shared/store/alert-store'
import { DeadLettersUnavailable } from '#shared/store/dead-letter-store'
import { apiLimits } from './api-limits.ts'
import { type Refusal, sendProblem } from './problem.ts'

/** Makes the handler of all that was thrown on the way to an answer. */
export function errorHandler(onFailure: (error: unknown, traceId: string) => void) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const refusal = refusalOf(error, request)
    if (refusal.name === 'internal') onFailure(error, request.trace.traceId)
    sendProblem(request, reply, refusal)
  }
}

function refusalOf(error: unknown, request: FastifyRequest): Refusal {
  if (error instanceof BadCursor)
    return { name: 'bad-query', detail: '"cursor" was not given out for this query, or its page is no longer kept.' }
  if ([AlertStoreUnavailable, LogUnavailable, DeadLettersUnavailable].some((kind) => error instanceof kind))
    return {
      name: 'unavailable',
      detail: 'What this needs cannot be reached now.',
      retryAfterSeconds: apiLimits.overloadRetryAfterSeconds,
    }
  const { code, statusCode } = error as Partial<FastifyError>
  if (code === 'FST_ERR_BAD_URL') return { name: 'bad-request', detail: 'The path of the address is not well-formed.' }
  if (statusCode === 413)
    return { name: 'too-large', detail: `The body is longer than ${apiLimits.bodyBytesMax} bytes.` }
  if (statusCode === 414) return { name: 'uri-too-long', detail: 'A part of the path is longer than any id.' }
  if (statusCode === 415)
    return { name: 'unsupported-media-type', detail: unsupportedType(request.headers['content-type']) }
  if (statusCode === 404) return { name: 'not-found', detail: 'There is no such path.' }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return { name: 'bad-request', detail: 'The request is not well-formed, or did not arrive as a whole.' }
  return { name: 'internal', detail: 'Something happened that should not.' }
}

const typeCharactersShownMax = 100

const unsupportedType = (type: string | undefined): string =>
  `The header "Content-Type" is ${type === undefined ? 'missing' : JSON.stringify(type.slice(0, typeCharactersShownMax))}; send application/json, or application/x-ndjson with one event a line.`
