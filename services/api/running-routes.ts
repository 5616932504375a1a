import type { FastifyInstance } from 'fastify'
import { metricsContentTypes, metricsFormatOf } from '#shared/telemetry/prometheus-page'
import { apiLimits } from './api-limits.ts'
import { answer } from './api-schemas.ts'
import { sendJson } from './json-text.ts'
import { sendProblem } from './problem.ts'
import { problemAnswers } from './problem-answers.ts'
import type { Vigil } from './vigil.ts'

/** What those who run the service ask; open, and meant for the inside. */
export function runningRoutes(app: FastifyInstance, vigil: Vigil): void {
  const config = { isOpen: true }

  for (const [url, operationId] of [
    ['/livez', 'livez'],
    ['/healthz', 'healthz'],
  ])
    app.get(
      url,
      {
        config,
        schema: {
          summary: 'Whether the process answers',
          operationId,
          tags: ['running'],
          response: { 200: { description: 'It does.', ...answer('Health') }, ...problemAnswers() },
        },
      },
      async (_request, reply) => sendJson(reply, '{"status":"live"}'),
    )

  app.get(
    '/readyz',
    {
      config,
      schema: {
        summary: 'Whether it owns its partitions and reaches its stores',
        tags: ['running'],
        response: { 200: { description: 'It does.', ...answer('Health') }, ...problemAnswers(503) },
      },
    },
    async (request, reply) => {
      const reasons = vigil.unready()
      if (reasons.length === 0) return sendJson(reply, '{"status":"ready"}')
      return sendProblem(request, reply, {
        name: 'not-ready',
        detail: reasons.join('; '),
        reasons,
        retryAfterSeconds: apiLimits.overloadRetryAfterSeconds,
      })
    },
  )

  app.get(
    '/metrics',
    {
      config,
      schema: {
        summary: 'Metrics for Prometheus',
        tags: ['running'],
        response: {
          200: {
            description: 'Prometheus text, or OpenMetrics with exemplars where `accept` asks for it.',
            content: {
              'text/plain': { schema: { type: 'string' } },
              'application/openmetrics-text': { schema: { type: 'string' } },
            },
          },
          ...problemAnswers(),
        },
      },
    },
    async (request, reply) => {
      const format = metricsFormatOf(request.headers.accept)
      return reply.header('content-type', metricsContentTypes[format]).send(await vigil.metrics(format))
    },
  )
}
