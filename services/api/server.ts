import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type Access, bearerChallenge, guard } from './access.ts'
import { Admission } from './admission.ts'
import { alertRoutes } from './alert-routes.ts'
import { apiLimits } from './api-limits.ts'
import { registeredSchemas } from './api-schemas.ts'
import { bankRoutes } from './bank-routes.ts'
import { answerClientError } from './client-error.ts'
import { deadLetterRoutes } from './dead-letter-routes.ts'
import type { DeadLetters } from './dead-letters.ts'
import { documentRoutes, openApi } from './document-routes.ts'
import { errorHandler } from './error-handler.ts'
import { otherMethods } from './other-methods.ts'
import { type Refusal, sendProblem } from './problem.ts'
import type { RequestMeter } from './request-meter.ts'
import { runningRoutes } from './running-routes.ts'
import { docsContentSecurityPolicy, securityHeaders } from './security-headers.ts'
import { openTrace, type Trace } from './trace-context.ts'
import type { Vigil } from './vigil.ts'

declare module 'fastify' {
  interface FastifyRequest {
    trace: Trace
  }
  interface FastifyContextConfig {
    /** Without it a route asks for a key, and counts as a request in flight. */
    isOpen?: boolean
  }
}

export interface ServerOptions {
  readonly vigil: Vigil
  readonly access: Access
  /** Default: there are no sources, so no rows of them that could not be read. */
  readonly deadLetters?: DeadLetters | undefined
  /** Whether a trace that begins here is followed from its start. Default: every one. */
  readonly samples?: (traceId: string) => boolean
  /** Default: nobody measures. */
  readonly meter?: RequestMeter
  /** Told of every mistake of our own; the client is told its trace id alone. */
  readonly onFailure: (error: unknown, traceId: string) => void
}

/**
 * The HTTP API of Vigil: `http-api.md` is its contract. Listening is the caller's.
 *
 * H1 Every answer carries `traceparent` and the security headers, and every refusal is a problem document, whoever makes it.
 * H2 Whether a request may come in is decided before its body is read: path and method, key, room. A route is open only if it says so.
 * H3 `close` first ends the streams, lets nothing more in, and waits for the requests that were let in, at most `drainMs`.
 */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { vigil, access, deadLetters, samples, meter, onFailure } = options
  const app = Fastify({
    logger: false,
    bodyLimit: apiLimits.bodyBytesMax,
    requestTimeout: apiLimits.requestMs,
    connectionTimeout: apiLimits.silentConnectionMs,
    keepAliveTimeout: apiLimits.keepAliveMs,
    routerOptions: { maxParamLength: apiLimits.pathParameterCharactersMax },
    forceCloseConnections: true,
    // Its answer is no problem document: `Admission` refuses instead.
    return503OnClosing: false,
    trustProxy: false,
    // It bounds the hooks of closing as well, which wait for requests.
    pluginTimeout: 2 * apiLimits.drainMs,
    http: {
      headersTimeout: apiLimits.headersMs,
      maxHeaderSize: apiLimits.headerBytesMax,
      connectionsCheckingInterval: apiLimits.headersMs / 2,
    },
    frameworkErrors: (error, request, reply) => {
      begin(request, reply, samples)
      onError(error, request, reply)
    },
    clientErrorHandler: answerClientError,
  })
  const admission = new Admission(apiLimits)
  const refuse = guard(access)
  const streams = new AbortController()
  const onError = errorHandler(onFailure)
  app.server.maxConnections = apiLimits.connectionsMax
  app.server.on('checkExpectation', (request, response) => app.routing(request, response))

  app.decorateRequest('trace')
  meter?.watch(app)
  app.addHook('onRequest', (request, reply, done) => {
    begin(request, reply, samples)
    const refusal = comeIn(request, reply)
    if (refusal === undefined) done()
    else sendProblem(request, reply, refusal)
  })
  app.addHook('preClose', async () => {
    streams.abort()
    await admission.close(apiLimits.drainMs)
  })
  app.setErrorHandler(onError)

  /** H2. */
  function comeIn(request: FastifyRequest, reply: FastifyReply): Refusal | undefined {
    if (request.headers.expect !== undefined && request.headers.expect.toLowerCase() !== '100-continue')
      return { name: 'expectation-failed', detail: 'The header "Expect" is not "100-continue".' }
    const { isOpen } = request.routeOptions.config
    if (isOpen !== true) {
      const refusal = refuse(request)
      if (refusal !== undefined) {
        reply.header('www-authenticate', bearerChallenge)
        return refusal
      }
    }
    if (request.is404) return { name: 'not-found', detail: 'There is no such path.' }
    if (isOpen === true) return undefined
    const bytes = bodyBytes(request)
    const refusal = admission.enter(bytes)
    // Not in the hook `onResponse`: it is not called where the client left before the end of the answer.
    if (refusal === undefined) reply.raw.once('close', () => admission.leave(bytes))
    return refusal
  }

  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    ['application/json', 'application/x-ndjson'],
    { parseAs: 'buffer' },
    (_request, body, done) => done(null, body),
  )
  // The schemas of routes are for the document; what they say is checked where the values are read.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  for (const schema of registeredSchemas()) app.addSchema(schema)

  await app.register(swagger, openApi)
  const refuseOtherMethods = otherMethods(app)
  app.addHook('onRoute', (route) => {
    // These routes are not ours to mark.
    if (route.url.startsWith('/docs')) route.config = { ...route.config, isOpen: true }
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: docsContentSecurityPolicy,
    // Otherwise the page asks a server on the internet what it thinks of the document.
    uiConfig: { validatorUrl: null },
  })
  bankRoutes(app, vigil)
  alertRoutes(app, vigil, streams.signal)
  deadLetterRoutes(app, deadLetters)
  runningRoutes(app, vigil)
  documentRoutes(app, vigil)
  await app.after()
  refuseOtherMethods()
  return app
}

/** H1. */
function begin(request: FastifyRequest, reply: FastifyReply, samples: ServerOptions['samples']): void {
  const { traceparent, tracestate } = request.headers
  request.trace = openTrace({ traceparent, tracestate }, samples)
  reply.headers(securityHeaders).header('traceparent', request.trace.traceparent)
}

/** What the body may take: a length that is not told beforehand may be the largest. */
function bodyBytes({ headers }: FastifyRequest): number {
  if (headers['transfer-encoding'] !== undefined) return apiLimits.bodyBytesMax
  const length = Number(headers['content-length'] ?? 0)
  // A longer body is refused by its length, and not read.
  return length <= apiLimits.bodyBytesMax ? length : 0
}
