import type { FastifyInstance, FastifyRequest } from 'fastify'
import { formatTimestamp } from '#shared/domain/time'
import { apiLimits } from './api-limits.ts'
import { answer } from './api-schemas.ts'
import { sendJson, withMembers } from './json-text.ts'
import { waitMs } from './prefer.ts'
import { type Refusal, sendProblem } from './problem.ts'
import { problemAnswers } from './problem-answers.ts'
import { type SplitBody, splitJson, splitLines, wholeJson } from './rows.ts'
import { badJson, refusalOfSubmission, timeoutRefusal } from './submission-refusal.ts'
import type { Rows, Vigil } from './vigil.ts'

/** What the bank's own systems use. */
export function bankRoutes(app: FastifyInstance, vigil: Vigil): void {
  const oneEvent = { 'application/json': { schema: vigil.eventSchema } }
  const idParameter = {
    type: 'object',
    properties: { id: { type: 'string', description: 'Id of the event.' } },
    required: ['id'],
  }

  app.post(
    '/v1/transactions',
    {
      schema: {
        summary: 'Take events',
        description: `At most ${apiLimits.eventsPerRequestMax} events: all of them or none. A repeat of an event is told by its id. NDJSON has one event a line.`,
        tags: ['bank'],
        body: {
          content: {
            'application/json': {
              schema: {
                anyOf: [
                  vigil.eventSchema,
                  { type: 'array', items: vigil.eventSchema, maxItems: apiLimits.eventsPerRequestMax },
                ],
              },
            },
            'application/x-ndjson': { schema: { type: 'string' } },
          },
        },
        response: {
          202: { description: 'The log holds all of them durably.', ...answer('Submission') },
          ...problemAnswers(400, 401, 409, 413, 415, 422, 503),
        },
      },
    },
    async (request, reply) => {
      const isLines = isNdjson(request)
      const rows = rowsOf(request, isLines ? splitLines : splitJson)
      if ('detail' in rows) return sendProblem(request, reply, rows)
      if (rows.length === 0) return sendJson(reply.code(202), noEvents)
      const submitted = await vigil.submit(rows, request.trace)
      if (submitted.kind !== 'accepted')
        return sendProblem(request, reply, refusalOfSubmission(submitted, rows, { isLines }))
      const { results } = submitted
      const accepted = results.reduce((n, { status }) => n + (status === 'accepted' ? 1 : 0), 0)
      return sendJson(
        reply.code(202),
        `{"accepted":${accepted},"duplicates":${results.length - accepted},"results":${JSON.stringify(results)}}`,
      )
    },
  )

  app.post(
    '/v1/decisions',
    {
      schema: {
        summary: 'Take an event and decide on it',
        description:
          'The event is judged with the state that every earlier event left. The same id answers the first decision again.',
        tags: ['bank'],
        headers: {
          type: 'object',
          properties: {
            prefer: {
              type: 'string',
              description: `\`wait=MS\`: how long to wait, 0 to ${apiLimits.waitMsMax} ms, ${apiLimits.waitMsDefault} ms by default.`,
            },
          },
        },
        body: { content: oneEvent },
        response: {
          200: { description: 'The decision.', ...answer('Decision') },
          ...problemAnswers(400, 401, 409, 413, 415, 422, 503, 504),
        },
      },
    },
    async (request, reply) => {
      const wait = waitMs(request.headers.prefer)
      if (typeof wait !== 'number') return sendProblem(request, reply, wait)
      if (isNdjson(request)) return sendProblem(request, reply, linesForOne)
      const rows = rowsOf(request, wholeJson)
      if ('detail' in rows) return sendProblem(request, reply, rows)
      const decided = await vigil.decide(rows, request.trace, wait)
      if (decided.kind === 'decided') return sendJson(reply, withAmendments(decided.body, decided.amendments ?? []))
      if (decided.kind === 'timeout') return sendProblem(request, reply, timeoutRefusal(decided.id, wait))
      if (decided.kind === 'accepted') throw new Error('an event was taken and not decided on')
      return sendProblem(request, reply, refusalOfSubmission(decided, rows, { isLines: false }))
    },
  )

  app.get<{ Params: { id: string } }>(
    '/v1/decisions/:id',
    {
      schema: {
        summary: 'The decision on an event',
        tags: ['bank'],
        params: idParameter,
        response: {
          200: { description: 'The first decision, and what came later.', ...answer('Decision') },
          ...problemAnswers(400, 401, 404, 414, 503),
        },
      },
    },
    async (request, reply) => {
      const [first, ...later] = await vigil.alerts.decision(request.params.id)
      if (first === undefined)
        return sendProblem(request, reply, {
          name: 'not-found',
          detail: 'There is no decision on an event with this id.',
        })
      return sendJson(
        reply,
        withAmendments(
          first.body,
          later.map(({ body }) => body),
        ),
      )
    },
  )

  app.get<{ Params: { id: string } }>(
    '/v1/events/:id',
    {
      schema: {
        summary: 'An event as it was received',
        description: 'Evidence of an alert is kept as long as the alert, other events as long as the log.',
        tags: ['bank'],
        params: idParameter,
        response: {
          200: { description: 'The event.', ...answer('ReceivedEvent') },
          ...problemAnswers(400, 401, 404, 414, 503),
        },
      },
    },
    async (request, reply) => {
      const found = await vigil.event(request.params.id)
      if (found === undefined)
        return sendProblem(request, reply, { name: 'not-found', detail: 'There is no event with this id.' })
      const { id, event, position, traceId, receivedAt, alerts } = found
      return sendJson(
        reply,
        `{"id":${JSON.stringify(id)},"event":${event},"position":${JSON.stringify(position)},"traceId":"${traceId}",` +
          `"receivedAt":"${formatTimestamp(receivedAt)}","alerts":${JSON.stringify(alerts)}}`,
      )
    },
  )
}

/** @param later each the JSON of a revision */
const withAmendments = (first: string, later: readonly string[]): string =>
  later.length === 0 ? first : withMembers(first, `"amendments":[${later.join()}]`)

const noEvents = '{"accepted":0,"duplicates":0,"results":[]}'

const linesForOne: Refusal = {
  name: 'unsupported-media-type',
  detail: 'A decision is made on one event: send it as application/json.',
}

const isNdjson = (request: FastifyRequest): boolean =>
  /^application\/x-ndjson\b/i.test(request.headers['content-type'] ?? '')

/** The rows of the body, or why there are none. */
function rowsOf(request: FastifyRequest, split: (body: Buffer) => SplitBody): Rows | Refusal {
  const coding = request.headers['content-encoding']
  if (coding !== undefined && coding !== 'identity')
    return { name: 'unsupported-media-type', detail: 'The body has a content-encoding; send it without one.' }
  // Without a body no parser runs.
  if (!Buffer.isBuffer(request.body)) return badJson(Buffer.alloc(0))
  const body = split(request.body)
  if (body.kind === 'rows') return body.rows
  if (body.kind === 'not-json') return badJson(request.body)
  return { name: 'too-large', detail: `The request has more than ${apiLimits.eventsPerRequestMax} events.` }
}
