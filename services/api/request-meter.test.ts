import { describe, expect, it } from 'vitest'
import { MetricSamples } from '#shared/telemetry/metric-samples'
import { openApi } from './testing/api.ts'

describe('what is measured of requests', () => {
  it('is told by the route of the API, whatever stands in its place, and by no path that is none', async () => {
    const { get, send, meter } = await openApi()
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    await get('/livez', { traceparent })
    for (const id of ['a', 'b', 'c']) await get(`/v1/alerts/${id}`)
    for (const url of ['/4111111111111111', '/v1/nothing?card=4111111111111111']) await get(url)
    // A path that cannot be read is answered before there is anything to measure.
    expect((await get('/%zz')).statusCode).toBe(400)
    await send({ method: 'DELETE', url: '/v1/alerts' })
    const { histograms } = await MetricSamples.of([meter])
    const told = (histograms.get('http.server.request.duration') ?? []).map(({ labels, counts }) => [
      `${labels['http.request.method']} ${labels['http.route'] ?? '-'} ${labels['http.response.status_code']}`,
      counts.count,
    ])
    expect(Object.fromEntries(told)).toEqual({
      'GET /livez 200': 1,
      'GET /v1/alerts/:id 404': 3,
      'GET - 404': 2,
      'DELETE /v1/alerts 405': 1,
    })
    const [{ counts }] = histograms.get('http.server.request.duration') ?? []
    expect(counts?.exemplars.find((exemplar) => exemplar !== undefined)?.traceId).toBe(traceparent.slice(3, 35))
  })
})
