import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { formatTimestamp } from '#shared/domain/time'
import type { EvidenceEvent, StoredAlert } from '#shared/store/alert-store'
import { alertFilterSchema, alertListSchema, readAlertFilter, readAlertQuery } from './alert-query.ts'
import { alertEvents } from './alert-stream.ts'
import { alertTraceText } from './alert-trace.ts'
import { alertTracePicture } from './alert-trace-picture.ts'
import { apiLimits } from './api-limits.ts'
import { answer } from './api-schemas.ts'
import { sendJson, withMembers } from './json-text.ts'
import { type Refusal, sendProblem } from './problem.ts'
import { problemAnswers } from './problem-answers.ts'
import type { Vigil } from './vigil.ts'

/**
 * What the fraud desk uses.
 * @param closing ends the streams
 */
export function alertRoutes(app: FastifyInstance, vigil: Vigil, closing: AbortSignal): void {
  let streams = 0

  app.get(
    '/v1/alerts',
    {
      schema: {
        summary: 'Alerts, newest first',
        description:
          'Without the withdrawn unless `status=withdrawn`. Pages never repeat or lose an alert that was there at the first.',
        tags: ['desk'],
        querystring: alertListSchema,
        response: { 200: { description: 'A page.', ...answer('AlertPage') }, ...problemAnswers(400, 401, 503) },
      },
    },
    async (request, reply) => {
      const query = readAlertQuery(request.query)
      if ('detail' in query) return sendProblem(request, reply, query)
      const { lines, nextCursor } = await vigil.alerts.alerts(query)
      const next = nextCursor === undefined ? '' : `,"nextCursor":${JSON.stringify(nextCursor)}`
      return sendJson(reply, `{"alerts":[${lines.join()}]${next}}`)
    },
  )

  app.get<{ Params: { id: string } }>(
    '/v1/alerts/:id',
    {
      schema: {
        summary: 'An alert with its evidence and revisions',
        tags: ['desk'],
        params: {
          type: 'object',
          properties: { id: { type: 'string', description: 'Id of the alert.' } },
          required: ['id'],
        },
        response: {
          200: { description: 'The alert.', ...answer('AlertInFull') },
          ...problemAnswers(400, 401, 404, 414, 503),
        },
      },
    },
    async (request, reply) => {
      const alert = await vigil.alerts.alert(request.params.id)
      if (alert === undefined)
        return sendProblem(request, reply, { name: 'not-found', detail: 'There is no alert with this id.' })
      return sendJson(reply, alertInFull(alert))
    },
  )

  app.get<{ Params: { id: string }; Querystring: { format?: unknown } }>(
    '/v1/alerts/:id/trace',
    {
      schema: {
        summary: 'How the events of an alert came, and what was done with them when',
        description:
          'For each contributing event: bank time, arrival, append, processing, checkpoint, delivery, as far as they are known. As a picture by `?format=svg`, or where `accept` asks for `image/svg+xml`.',
        tags: ['desk'],
        params: {
          type: 'object',
          properties: { id: { type: 'string', description: 'Id of the alert.' } },
          required: ['id'],
        },
        querystring: { type: 'object', properties: { format: { type: 'string', enum: ['json', 'svg'] } } },
        response: {
          200: {
            description: 'The story of the alert.',
            content: {
              'application/json': { schema: answer('AlertTrace') },
              'image/svg+xml': { schema: { type: 'string' } },
            },
          },
          ...problemAnswers(400, 401, 404, 414, 503),
        },
      },
    },
    async (request, reply) => {
      const { format = request.headers.accept?.includes('image/svg+xml') === true ? 'svg' : 'json' } = request.query
      if (format !== 'json' && format !== 'svg')
        return sendProblem(request, reply, { name: 'bad-request', detail: 'The format is "json" or "svg".' })
      const { id } = request.params
      const alert = await vigil.alerts.alert(id)
      if (alert === undefined)
        return sendProblem(request, reply, { name: 'not-found', detail: 'There is no alert with this id.' })
      reply.header('vary', 'accept')
      if (format === 'json') return sendJson(reply, alertTraceText(id, alert))
      return reply.header('content-type', 'image/svg+xml; charset=utf-8').send(alertTracePicture(id, alert))
    },
  )

  app.get(
    '/v1/alerts/stream',
    {
      // The answer to HEAD would read the stream without end.
      exposeHeadRoute: false,
      schema: {
        summary: 'Revisions of alerts as they are stored',
        description:
          'Server-sent events: `event: alert`, `id: CURSOR`, `data: ALERT`, one for each revision, and a comment every 15 s.',
        tags: ['desk'],
        querystring: alertFilterSchema,
        headers: {
          type: 'object',
          properties: {
            'last-event-id': {
              type: 'string',
              description: 'The stream begins behind this id; without it with the next revision.',
            },
          },
        },
        response: {
          200: { description: 'The stream.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
          ...problemAnswers(400, 401, 503),
        },
      },
    },
    async (request, reply) => {
      const filter = readAlertFilter(request.query)
      if ('detail' in filter) return sendProblem(request, reply, filter)
      const lastEventId = lastId(request.headers['last-event-id'])
      if (typeof lastEventId === 'object') return sendProblem(request, reply, lastEventId)
      if (streams >= apiLimits.streamsMax) return sendProblem(request, reply, tooManyStreams)
      streams++
      const left = new AbortController()
      reply.raw.once('close', () => {
        streams--
        left.abort()
      })
      const lastCursor = await vigil.alerts.lastCursor()
      const events = alertEvents(
        vigil,
        filter,
        // Above all cursors is one of a store that was replaced.
        Math.min(lastEventId ?? lastCursor, lastCursor),
        AbortSignal.any([closing, left.signal]),
      )
      reply.header('content-type', 'text/event-stream; charset=utf-8').header('x-accel-buffering', 'no')
      return reply.send(Readable.from(events, { objectMode: false, highWaterMark: 1 }))
    },
  )
}

const tooManyStreams: Refusal = {
  name: 'overloaded',
  detail: `There are ${apiLimits.streamsMax} streams already.`,
  retryAfterSeconds: apiLimits.overloadRetryAfterSeconds,
}

/** @returns undefined where the header is absent */
function lastId(header: unknown): number | undefined | Refusal {
  if (header === undefined || header === '') return undefined
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header)
  return { name: 'bad-request', detail: 'The header "Last-Event-ID" is no id of this stream.' }
}

function alertInFull({ line, explanation, events, revisions }: StoredAlert): string {
  const shown = revisions.map(({ line, storedAt }) => withMembers(line, `"storedAt":"${formatTimestamp(storedAt)}"`))
  return withMembers(
    line,
    `"explanation":${JSON.stringify(explanation)},"events":[${events.map(eventText).join()}],"revisions":[${shown.join()}]`,
  )
}

const eventText = ({ id, at, step, position, traceId, event }: EvidenceEvent): string =>
  `{"id":${JSON.stringify(id)},"at":"${formatTimestamp(at)}"${step === '' ? '' : `,"step":${JSON.stringify(step)}`},` +
  `"position":${JSON.stringify(position)},"traceId":${JSON.stringify(traceId)},"event":${event}}`
