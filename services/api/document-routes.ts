import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { asyncApi } from './async-api.ts'
import { sendJson } from './json-text.ts'
import { sendProblem } from './problem.ts'
import { isProblemName, problemText } from './problem-kinds.ts'
import type { Vigil } from './vigil.ts'

/** How the OpenAPI document is made of the schemas of the routes. */
export const openApi: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Vigil',
      version: 'v1',
      description: 'Watches every account of a bank: events in, decisions and alerts out. Times are RFC 3339 in UTC.',
    },
    tags: [
      { name: 'bank', description: 'Events and decisions' },
      { name: 'desk', description: 'Alerts' },
      { name: 'running', description: 'Running it' },
    ],
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
  },
  transform: ({ schema, url, route }) => ({
    schema: { ...schema, ...(route.config?.isOpen === true ? {} : { security: [{ key: [] }] }) },
    url,
  }),
  refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json['$id'] ?? `schema-${i}`) },
}

/** The documents that say how to use the API. */
export function documentRoutes(app: FastifyInstance, { eventSchema }: Pick<Vigil, 'eventSchema'>): void {
  const config = { isOpen: true }
  let document: string | undefined
  let streams: string | undefined

  app.get('/openapi.json', { config, schema: { hide: true } }, async (_request, reply) => {
    document ??= JSON.stringify(app.swagger())
    return sendJson(reply, document)
  })

  app.get('/asyncapi.json', { config, schema: { hide: true } }, async (_request, reply) => {
    streams ??= JSON.stringify(asyncApi(eventSchema))
    return sendJson(reply, streams)
  })

  app.get<{ Params: { name: string } }>(
    '/problems/:name',
    { config, schema: { hide: true } },
    async (request, reply) => {
      const { name } = request.params
      if (!isProblemName(name))
        return sendProblem(request, reply, { name: 'not-found', detail: 'There is no such problem.' })
      return reply.header('content-type', 'text/plain; charset=utf-8').send(problemText(name))
    },
  )
}
