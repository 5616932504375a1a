import type { FastifyInstance, FastifyRequest } from 'fastify'
import { durationCounts, type ExponentialCounts } from '#shared/telemetry/exponential-counts'
import type { Labels, MetricSamples, MetricSource } from '#shared/telemetry/metric-samples'

/**
 * How long requests took, by the conventions of OpenTelemetry. What a client sends reaches no label but as one of a few known words, so that there
 * are as many series as the API has routes, methods and answers.
 */
export class RequestMeter implements MetricSource {
  readonly #durations = new Map<string, { readonly labels: Labels; readonly counts: ExponentialCounts }>()

  /** Watches all requests of a server. */
  watch(app: FastifyInstance): void {
    app.addHook('onResponse', (request, reply, done) => {
      this.#add(request, reply.statusCode, reply.elapsedTime / 1_000)
      done()
    })
  }

  writeMetrics(samples: MetricSamples): void {
    for (const { labels, counts } of this.#durations.values())
      samples.histogram('http.server.request.duration', counts, labels)
  }

  #add(request: FastifyRequest, status: number, seconds: number): void {
    const { traceId, traceparent } = request.trace
    this.#countsOf(request, status).add(seconds, 1, traceparent.endsWith('01') ? traceId : undefined)
  }

  #countsOf(request: FastifyRequest, status: number): ExponentialCounts {
    const route = request.is404 ? '' : (request.routeOptions.url ?? '')
    const method = methods.has(request.method) ? request.method : '_OTHER'
    const name = `${status} ${method} ${route}`
    const known = this.#durations.get(name)
    if (known !== undefined) return known.counts
    const counts = durationCounts()
    const labels = {
      'http.request.method': method,
      ...(route === '' ? {} : { 'http.route': route }),
      'http.response.status_code': String(status),
    }
    this.#durations.set(name, { labels, counts })
    return counts
  }
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
