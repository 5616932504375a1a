import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { formatTimestamp } from '#shared/domain/time'
import type { DeadLetter, DeadLetterQuery, ListedLetter } from '#shared/store/dead-letter-store'
import { traceIdOf } from '../detector/trace-context.ts'
import { apiLimits } from './api-limits.ts'
import { answer } from './api-schemas.ts'
import type { DeadLetters, Replayed } from './dead-letters.ts'
import { sendJson } from './json-text.ts'
import { type Refusal, sendProblem } from './problem.ts'
import { problemAnswers } from './problem-answers.ts'
import { badQuery, parameterMistake } from './query-mistakes.ts'

const parameters = {
  source: { type: 'string', description: 'Name of the source.' },
  reason: { type: 'string', description: 'Why the row could not be read.' },
  limit: { type: 'integer', minimum: 1, maximum: apiLimits.alertsPerPageMax, default: apiLimits.alertsPerPageDefault },
  cursor: { type: 'string', description: '`nextCursor` of the page before.' },
} as const

/**
 * What operators do with rows of sources that could not be read.
 * @param deadLetters undefined: there are no sources, so no letters either
 */
export function deadLetterRoutes(app: FastifyInstance, deadLetters: DeadLetters | undefined): void {
  const idParameter = {
    type: 'object',
    properties: { id: { type: 'string', description: 'Id of the dead letter.' } },
    required: ['id'],
  }

  app.get(
    '/v1/dead-letters',
    {
      schema: {
        summary: 'Rows of sources that could not be read, newest first',
        description: 'Rows that are refused over HTTP are told to their sender at once, and are none of these.',
        tags: ['running'],
        querystring: { type: 'object', properties: parameters },
        response: { 200: { description: 'A page.', ...answer('DeadLetterPage') }, ...problemAnswers(400, 401, 503) },
      },
    },
    async (request, reply) => {
      const query = readQuery(request.query as Readonly<Record<string, unknown>>)
      if ('detail' in query) return sendProblem(request, reply, query)
      const letters = (await deadLetters?.list({ ...query, limit: query.limit + 1 })) ?? []
      const page = letters.slice(0, query.limit)
      const nextCursor = letters.length > page.length ? String(page[page.length - 1].id) : undefined
      return sendJson(reply, JSON.stringify({ deadLetters: page.map(shortForm), nextCursor }))
    },
  )

  app.get<{ Params: { id: string } }>(
    '/v1/dead-letters/:id',
    {
      schema: {
        summary: 'A row that could not be read, with its bytes',
        tags: ['running'],
        params: idParameter,
        response: {
          200: { description: 'The row.', ...answer('DeadLetterInFull') },
          ...problemAnswers(400, 401, 404, 414, 503),
        },
      },
    },
    async (request, reply) => {
      const letter = await deadLetters?.letter(readId(request.params.id))
      if (letter === undefined) return sendProblem(request, reply, noLetter)
      return sendJson(reply, JSON.stringify(fullForm(letter)))
    },
  )

  app.post<{ Params: { id: string } }>(
    '/v1/dead-letters/:id/replay',
    {
      schema: {
        summary: 'Try to read a row again',
        description:
          'By the MAP of its source as its file is now. What is taken leaves the dead letters; what is not stays, with the mistake that it has now.',
        tags: ['running'],
        params: idParameter,
        response: {
          200: { description: 'What became of it.', ...answer('ReplayedLetter') },
          ...problemAnswers(400, 401, 404, 409, 414, 503),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const replayed = await deadLetters?.replay(readId(id))
      if (replayed === undefined) return sendProblem(request, reply, noLetter)
      if (replayed.kind === 'refused')
        return sendProblem(request, reply, { name: 'letter-refused', detail: replayed.detail })
      if (replayed.kind === 'unavailable')
        return sendProblem(request, reply, {
          name: 'unavailable',
          detail: replayed.detail,
          retryAfterSeconds: apiLimits.overloadRetryAfterSeconds,
        })
      return sendJson(reply, JSON.stringify({ id, ...outcome(replayed) }))
    },
  )
}

const noLetter: Refusal = { name: 'not-found', detail: 'There is no dead letter with this id.' }

/** No letter has the id 0. */
const readId = (text: string): number => (/^\d{1,15}$/.test(text) ? Number(text) : 0)

function readQuery(given: Readonly<Record<string, unknown>>): DeadLetterQuery | Refusal {
  const mistakes: string[] = []
  for (const [name, value] of Object.entries(given)) {
    const mistake = parameterMistake(name, value, Object.keys(parameters))
    if (mistake !== undefined) mistakes.push(mistake)
    else if (value === '') mistakes.push(`"${name}" is empty`)
  }
  const { source, reason, limit = apiLimits.alertsPerPageDefault, cursor } = given
  const isLimit = /^\d{1,4}$/.test(String(limit)) && Number(limit) >= 1 && Number(limit) <= apiLimits.alertsPerPageMax
  if (!isLimit) mistakes.push(`"limit" is a whole number from 1 to ${apiLimits.alertsPerPageMax}`)
  const before = cursor === undefined ? undefined : readId(String(cursor))
  if (before === 0) mistakes.push('"cursor" was not given out for this query')
  if (mistakes.length > 0) return badQuery(mistakes)
  return { source: textOf(source), reason: textOf(reason), before, limit: Number(limit) }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const shortForm = (letter: ListedLetter): Readonly<Record<string, unknown>> => {
  const { id, source, position, row, reason, field, message, digest, size } = letter
  const receivedAt = formatTimestamp(letter.receivedAt)
  const traceId = traceIdOf(letter.traceparent)
  return { id: String(id), source, position, row, reason, field, message, digest, size, receivedAt, traceId }
}

function fullForm(letter: DeadLetter): Readonly<Record<string, unknown>> {
  const bytes = Buffer.from(letter.bytes)
  return {
    ...shortForm(letter),
    isWhole: bytes.length === letter.size,
    text: isUtf8(bytes) ? bytes.toString() : undefined,
    base64: bytes.toString('base64'),
  }
}

function outcome(replayed: Extract<Replayed, { kind: 'taken' | 'dead' }>): Readonly<Record<string, unknown>> {
  if (replayed.kind === 'dead') {
    const { reason, field, message } = replayed
    return { status: 'dead', reason, field, message }
  }
  const { isDuplicate, event, position } = replayed
  return { status: isDuplicate ? 'duplicate' : 'accepted', event, position }
}
