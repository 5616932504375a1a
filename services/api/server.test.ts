import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { apiLimits } from './api-limits.ts'
import { problemKinds } from './problem-kinds.ts'
import { openApi } from './testing/api.ts'
import { decisionBody } from './testing/memory-vigil.ts'
import { rawExchange } from './testing/raw-exchange.ts'
import { event } from './testing/sample-event.ts'

describe('running it', () => {
  it.each(['/livez', '/healthz'])('%s answers while nothing else does', async (path) => {
    const { get, vigil } = await openApi()
    vigil.reasons = ['everything is broken']
    expect((await get(path)).json()).toEqual({ status: 'live' })
  })

  it('/readyz tells all reasons', async () => {
    const { get, vigil } = await openApi()
    expect((await get('/readyz')).json()).toEqual({ status: 'ready' })
    vigil.reasons = ['partition 3 is being loaded', 'the alert store does not answer']
    const answer = await get('/readyz')
    expect(answer.json()).toMatchObject({ type: '/problems/not-ready', status: 503, reasons: vigil.reasons })
    expect(answer.headers['retry-after']).toBe('1')
  })

  it('/metrics is the text for Prometheus', async () => {
    const { get, vigil } = await openApi()
    const answer = await get('/metrics')
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(answer.body).toBe(await vigil.metrics())
  })
})

describe('documents', () => {
  it('describe every route and nothing that asks the internet', async () => {
    const { get } = await openApi()
    const { openapi, paths } = (await get('/openapi.json')).json()
    expect(openapi).toBe('3.1.0')
    expect(
      Object.entries(paths).flatMap(([path, of]) => Object.keys(of as object).map((verb) => `${verb} ${path}`)),
    ).toEqual([
      'post /v1/transactions',
      'post /v1/decisions',
      'get /v1/decisions/{id}',
      'get /v1/events/{id}',
      'get /v1/alerts',
      'get /v1/alerts/{id}',
      'get /v1/alerts/{id}/trace',
      'get /v1/alerts/stream',
      'get /v1/dead-letters',
      'get /v1/dead-letters/{id}',
      'post /v1/dead-letters/{id}/replay',
      'get /livez',
      'get /healthz',
      'get /readyz',
      'get /metrics',
    ])
    const page = await get('/docs')
    expect(page.headers['content-security-policy']).toContain("script-src 'self';")
    const links = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link)
    expect(links.length).toBeGreaterThan(4)
    for (const link of links) {
      expect(link).toMatch(/^\/docs\//)
      expect((await get(link)).statusCode).toBe(200)
    }
    // Only scripts of its own: the policy lets no other run.
    expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)/)
    expect((await get('/docs/static/swagger-initializer.js')).body).toContain('"validatorUrl":null')
  })

  it('say of each problem what it means and what to do', async () => {
    const { get } = await openApi()
    for (const [name, { status, title }] of Object.entries(problemKinds)) {
      const answer = await get(`/problems/${name}`)
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
      expect(answer.body).toContain(`${name} (${status}): ${title}.`)
      expect(answer.body).toContain('What to do: ')
    }
    for (const name of ['nothing', 'constructor', '__proto__'])
      expect((await get(`/problems/${name}`)).statusCode).toBe(404)
  })
})

describe('every answer', () => {
  it('has the trace and the security headers', async () => {
    const { send } = await openApi()
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    for (const url of [
      '/livez',
      '/v1/alerts',
      '/v1/alerts?x=1',
      '/v1/nothing',
      '/docs',
      '/%ff',
      `/v1/events/${'x'.repeat(800)}`,
    ])
      for (const method of ['GET', 'HEAD', 'PUT'] as const) {
        const { headers, body } = await send({
          method,
          url,
          headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
        })
        expect(headers['traceparent']).toMatch(new RegExp(`^00-${traceId}-[\\da-f]{16}-01$`))
        expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' })
        expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
        if (headers['content-type'] === 'application/problem+json' && body !== '')
          expect(JSON.parse(body).traceId).toBe(traceId)
      }
  })

  it('to HEAD has no body', async () => {
    const { send } = await openApi()
    for (const url of ['/livez', '/readyz', '/metrics', '/v1/alerts', '/v1/alerts/none', '/openapi.json'])
      expect((await send({ method: 'HEAD', url })).body).toBe('')
    const stream = await send({ method: 'HEAD', url: '/v1/alerts/stream' })
    expect([stream.statusCode, stream.headers['allow']]).toEqual([405, 'GET'])
  })

  it.each([
    ['DELETE', '/v1/alerts', 'GET, HEAD'],
    ['GET', '/v1/transactions', 'POST'],
    ['PUT', '/v1/decisions/t1', 'GET, HEAD'],
    ['POST', '/livez', 'GET, HEAD'],
  ] as const)('to %s %s names the methods that are there', async (method, url, allow) => {
    const { send } = await openApi()
    const answer = await send({ method, url, payload: 'x', headers: { 'content-type': 'text/x' } })
    expect(answer.json()).toMatchObject({ type: '/problems/method-not-allowed', status: 405 })
    expect(answer.headers['allow']).toBe(allow)
  })

  it('is 404 for paths that are not there yet, whatever they bring', async () => {
    const { send } = await openApi()
    for (const url of ['/v1/rules', '/v1/lists', '/v1/cases', '/v1/audit', '/', '/v1', '/V1/alerts'])
      for (const method of ['GET', 'POST'] as const) {
        const answer = await send({ method, url, payload: 'x', headers: { 'content-type': 'text/x' } })
        expect(answer.json()).toMatchObject({ type: '/problems/not-found', status: 404, instance: url })
      }
  })

  it('is 500 without details where we made a mistake, and the caller is told', async () => {
    const { get, vigil, failures } = await openApi()
    vigil.event = async () => {
      throw new Error('a secret of ours')
    }
    const answer = await get('/v1/events/t1')
    expect(answer.json()).toMatchObject({ type: '/problems/internal', status: 500 })
    expect(answer.body).not.toContain('secret')
    expect(failures).toEqual([new Error('a secret of ours')])
  })
})

/** The headers of a request, but for those that tell the length of its body. */
const waiting = 'POST /v1/transactions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'

describe('on the wire', () => {
  it.each([
    ['what is not HTTP', 'HELLO\r\n\r\n', 400, 'bad-request'],
    [
      'headers above 16 KiB',
      `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    [
      'an expectation',
      'GET /v1/alerts HTTP/1.1\r\nhost: x\r\nexpect: magic\r\nconnection: close\r\n\r\n',
      417,
      'expectation-failed',
    ],
    ['a bad length', 'POST /v1/transactions HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n', 400, 'bad-request'],
    [
      'two lengths',
      'POST /v1/transactions HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      400,
      'bad-request',
    ],
    [
      'a body that is announced too long',
      'POST /v1/transactions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 6000000\r\n\r\n',
      413,
      'too-large',
    ],
  ])('answers %s with a problem', async (_, bytes, status, name) => {
    const { listen } = await openApi()
    const answer = await rawExchange(await listen(), bytes)
    const [head, body] = answer.split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(head).toContain('traceparent: 00-')
    expect(head).toContain('x-content-type-options: nosniff')
    expect(head.toLowerCase()).toContain('content-type: application/problem+json\r\n')
    expect(JSON.parse(body)).toMatchObject({ type: `/problems/${name}`, status })
  })

  it('refuses a body that grows too long on the way', async () => {
    const { listen } = await openApi()
    const half = ' '.repeat(apiLimits.bodyBytesMax / 2)
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
    const answer = await rawExchange(
      await listen(),
      `${waiting}transfer-encoding: chunked\r\n\r\n${chunk(half)}${chunk(half)}${chunk(' ')}`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
  })
})

describe('room', () => {
  it('is refused before the body is read, and is there again when others have left', async () => {
    const { listen, get, post } = await openApi()
    const port = await listen()
    const count = Math.floor(apiLimits.bodyBytesInFlightMax / apiLimits.bodyBytesMax)
    const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
    for (const socket of sockets) {
      socket.write(`${waiting}content-length: ${apiLimits.bodyBytesMax}\r\nexpect: 100-continue\r\n\r\n`)
      // It is let in when it is told to go on.
      await once(socket, 'data')
    }
    const large = Buffer.alloc(apiLimits.bodyBytesMax, ' ')
    const refused = await post('/v1/transactions', large)
    expect(refused.json()).toMatchObject({ type: '/problems/overloaded', status: 503 })
    expect(refused.headers['retry-after']).toBe('1')
    expect((await post('/v1/transactions', event('t1'))).statusCode).toBe(202)
    expect((await get('/livez')).statusCode).toBe(200)
    for (const socket of sockets) socket.destroy()
    await vi.waitFor(async () => expect((await post('/v1/transactions', large)).statusCode).toBe(400), 5_000)
  })
})

describe('closing', () => {
  it('answers what was let in, and nothing after it (H3)', async () => {
    const { app, vigil, listen } = await openApi()
    const port = await listen()
    const post = (id: string) =>
      fetch(`http://127.0.0.1:${port}/v1/transactions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: event(id),
      })
    const entered = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    vigil.before = () => {
      entered.resolve()
      return release.promise
    }
    const answered = post('t1')
    await entered.promise
    vigil.before = async () => undefined
    let isClosed = false
    const closed = app.close().then(() => {
      isClosed = true
    })
    await vi.waitFor(async () => {
      const refused = await post('t2')
      expect(await refused.json()).toMatchObject({ type: '/problems/unavailable', status: 503 })
    })
    expect(isClosed).toBe(false)
    release.resolve()
    expect((await answered).status).toBe(202)
    await closed
    expect(vigil.log.map(({ record }) => record.id)).toEqual(['t1'])
  })

  it('does not wait for connections that are only kept alive', async () => {
    const { app, listen } = await openApi()
    const port = await listen()
    const agent = await fetch(`http://127.0.0.1:${port}/livez`)
    expect(await agent.json()).toEqual({ status: 'live' })
    const before = performance.now()
    await app.close()
    expect(performance.now() - before).toBeLessThan(2_000)
  })

  it('counts a request whose client left as gone', async () => {
    const { app, vigil, listen } = await openApi()
    const port = await listen()
    const entered = Promise.withResolvers<void>()
    vigil.decide = () => {
      entered.resolve()
      return new Promise((resolve) =>
        setTimeout(resolve, 60_000, { kind: 'decided', body: decisionBody('t', 1) }).unref(),
      )
    }
    const body = event('t1')
    const socket = connect(port, '127.0.0.1')
    socket.write(
      `POST /v1/decisions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    await entered.promise
    socket.destroy()
    const before = performance.now()
    await app.close()
    expect(performance.now() - before).toBeLessThan(2_000)
  })
})
