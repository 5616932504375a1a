import { describe, expect, it } from 'vitest'
import { apiLimits } from './api-limits.ts'
import { ndjson, openApi } from './testing/api.ts'
import { decisionBody } from './testing/memory-vigil.ts'
import { event } from './testing/sample-event.ts'

describe('POST /v1/transactions', () => {
  it('takes an object, an array and lines, and tells repeats, in the order given', async () => {
    const { post } = await openApi()
    const one = await post('/v1/transactions', event('t1'))
    expect(one.statusCode).toBe(202)
    expect(one.json()).toEqual({
      accepted: 1,
      duplicates: 0,
      results: [{ id: 't1', status: 'accepted', position: '0:0' }],
    })
    const several = await post('/v1/transactions', `[${event('t2')}, ${event('t1')}]`)
    expect(several.json()).toMatchObject({ accepted: 1, duplicates: 1, results: [{ id: 't2' }, { id: 't1' }] })
    const lines = await post('/v1/transactions', `${event('t3')}\r\n\n${event('t4')}\n`, ndjson)
    expect(lines.json()).toMatchObject({ accepted: 2, duplicates: 0 })
  })

  it('hands rows on as they were written, with a type that names a charset too', async () => {
    const { post, vigil } = await openApi()
    const written = ' {"id":"t1" ,"at":"2026-01-01T00:00:00Z","account":"Ä","amount":12.30,"x":1e400}'
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' }
    expect((await post('/v1/transactions', `[${written}]`, headers)).statusCode).toBe(202)
    expect(vigil.log[0].record.event).toBe(written.trim())
  })

  it.each(['[]', ' [ ]\n'])('takes %j, which is no event', async (body) => {
    const { post, vigil } = await openApi()
    const answer = await post('/v1/transactions', body)
    expect([answer.statusCode, answer.body]).toEqual([202, '{"accepted":0,"duplicates":0,"results":[]}'])
    expect(vigil.contexts).toEqual([])
  })

  it('takes nothing of a request with an invalid event, and says which and why', async () => {
    const { post, vigil } = await openApi()
    const bad = `{"id":"t2","at":"2026-01-01T00:00:00Z","account":"A","amount":1,"merchant":{"id":5.5}}`
    const ahead = event('t3').replace('2026', '2199')
    const answer = await post('/v1/transactions', `[${event('t1')},${bad},${ahead},7,{"id":"t4"}]`)
    expect(answer.statusCode).toBe(422)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.json()).toMatchObject({
      type: '/problems/invalid-event',
      status: 422,
      detail: '4 of 5 events are invalid; none was taken.',
      instance: '/v1/transactions',
      errors: [
        { index: 1, pointer: '/merchant/id', code: 'bad-value' },
        { index: 2, pointer: '/at', code: 'in-the-future' },
        { index: 3, pointer: '', code: 'not-an-object' },
        { index: 4, code: 'missing-field' },
      ],
    })
    expect(vigil.log).toEqual([])
  })

  it('lists at most 100 errors', async () => {
    const { post } = await openApi()
    const answer = (await post('/v1/transactions', `[${Array(150).fill('1').join()}]`)).json()
    expect(answer.errors).toHaveLength(100)
    expect(answer.detail).toBe('150 of 150 events are invalid; none was taken.')
  })

  it('refuses a body that is not JSON with line and column, wherever the mistake lies', async () => {
    const { post, vigil } = await openApi()
    for (const [body, line, column] of [
      [`[${event('t1')},\n {"id":tru}]`, 2, 8],
      [`[${event('t1')}\n`, 2, 1],
      ['', 1, 1],
      [`${event('t1')} x`, 1, event('t1').length + 2],
      ['{"a":1', 1, 7],
    ] as const) {
      const answer = await post('/v1/transactions', body)
      expect(answer.json()).toMatchObject({ type: '/problems/bad-json', status: 400, line, column })
    }
    expect(vigil.log).toEqual([])
  })

  it('refuses a line that is not JSON as one bad event', async () => {
    const { post } = await openApi()
    const answer = await post('/v1/transactions', `${event('t1')}\n{"id":tru}\n`, ndjson)
    expect(answer.json()).toMatchObject({
      type: '/problems/invalid-event',
      errors: [{ index: 1, pointer: '', code: 'bad-json' }],
    })
  })

  it('tells bad UTF-8, deep nesting and long events as such', async () => {
    const { post } = await openApi()
    const bodies: [Buffer, string][] = [
      [Buffer.from('{"id":"\xff"}', 'latin1'), 'bad-encoding'],
      [Buffer.from(`{"id":"t","a":${'['.repeat(100)}${']'.repeat(100)}}`), 'too-deep'],
      [Buffer.from(`{"id":"${'x'.repeat(70_000)}"}`), 'too-large'],
    ]
    for (const [body, code] of bodies)
      expect((await post('/v1/transactions', body)).json()).toMatchObject({ status: 422, errors: [{ code }] })
  })

  it('refuses other content under a used id, in the log or in the same request', async () => {
    const { post, vigil } = await openApi()
    await post('/v1/transactions', event('t1'))
    const body = `[${event('t2')},${event('t1', '"amount":5')},${event('t2', '"amount":6')}]`
    expect((await post('/v1/transactions', body)).json()).toMatchObject({
      type: '/problems/id-conflict',
      status: 409,
      errors: [
        { index: 1, pointer: '/id', code: 'id-conflict' },
        { index: 2, pointer: '/id', code: 'id-conflict' },
      ],
    })
    expect(vigil.log).toHaveLength(1)
  })

  it('refuses more than 5,000 events or 5 MB', async () => {
    const { post } = await openApi()
    const many = (n: number) => `[${Array.from({ length: n }, (_, i) => event(`t${i}`)).join()}]`
    expect((await post('/v1/transactions', many(5_000))).statusCode).toBe(202)
    expect((await post('/v1/transactions', many(5_001))).json()).toMatchObject({ type: '/problems/too-large' })
    const body = Buffer.alloc(apiLimits.bodyBytesMax + 1, ' ')
    expect((await post('/v1/transactions', body)).json()).toMatchObject({ type: '/problems/too-large', status: 413 })
    expect((await post('/v1/transactions', body.subarray(1))).json()).toMatchObject({ type: '/problems/bad-json' })
  })

  it.each([
    ['text/plain', undefined],
    ['application/xml', undefined],
    ['', undefined],
    ['application/json', 'gzip'],
  ])('refuses a body of type %j with encoding %s', async (type, encoding) => {
    const { send } = await openApi()
    const headers = { 'content-type': type, ...(encoding === undefined ? {} : { 'content-encoding': encoding }) }
    const answer = await send({ method: 'POST', url: '/v1/transactions', payload: event('t1'), headers })
    expect(answer.json()).toMatchObject({ type: '/problems/unsupported-media-type', status: 415 })
    if (encoding === undefined) expect(answer.json().detail).toMatch(/application\/json.*application\/x-ndjson/)
  })

  it.each([
    ['overloaded', '/problems/overloaded'],
    ['disk-full', '/problems/unavailable'],
    ['starting', '/problems/unavailable'],
  ] as const)('answers 503 with Retry-After where the service is %s', async (reason, type) => {
    const { post, vigil } = await openApi()
    vigil.unavailable = { kind: 'unavailable', reason, detail: 'not now', retryAfterSeconds: 1.2 }
    for (const url of ['/v1/transactions', '/v1/decisions']) {
      const answer = await post(url, event('t1'))
      expect(answer.json()).toMatchObject({ type, status: 503, detail: 'not now' })
      expect(answer.headers['retry-after']).toBe('2')
    }
  })

  it('puts the trace of the caller into the log', async () => {
    const { post, vigil } = await openApi()
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const answer = await post('/v1/transactions', event('t1'), { traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
    expect(answer.headers['traceparent']).toContain(traceId)
    expect(vigil.contexts[0].traceparent).toBe(answer.headers['traceparent'])
  })
})

describe('POST /v1/decisions', () => {
  it('answers the decision, and the same with amendments for a repeat', async () => {
    const { post, get, vigil } = await openApi()
    const first = await post('/v1/decisions', event('t1'))
    expect([first.statusCode, first.body]).toEqual([200, decisionBody('t1', 1)])
    expect((await post('/v1/decisions', event('t1'))).body).toBe(first.body)
    const body = decisionBody('t1', 2)
    const made = { eventId: 't1', revision: 2, madeAt: Date.now(), body, account: 'A', traceparent: '' }
    await vigil.alerts.deliver({ alerts: [], decisions: [made] })
    const amended = { ...JSON.parse(first.body), amendments: [JSON.parse(body)] }
    expect((await post('/v1/decisions', event('t1'))).json()).toEqual(amended)
    expect((await get('/v1/decisions/t1')).json()).toEqual(amended)
  })

  it('takes one event, and nothing else', async () => {
    const { post } = await openApi()
    const list = await post('/v1/decisions', `[${event('t1')}]`)
    expect(list.json()).toMatchObject({ status: 422, errors: [{ index: 0, code: 'not-an-object' }] })
    expect((await post('/v1/decisions', `${event('t1')}${event('t2')}`)).json()).toMatchObject({ status: 400 })
    expect((await post('/v1/decisions', event('t1'), ndjson)).json()).toMatchObject({ status: 415 })
  })

  it('answers 504 where the decision is not made in time, and says where it will be', async () => {
    const { post, vigil } = await openApi()
    vigil.isSlow = true
    const answer = await post('/v1/decisions', event('t/1 é'), { prefer: 'wait=5' })
    expect(answer.json()).toMatchObject({ type: '/problems/decision-timeout', status: 504 })
    expect(answer.json().detail).toContain('5 ms')
    expect(answer.headers['location']).toBe('/v1/decisions/t%2F1%20%C3%A9')
  })

  it.each([
    [undefined, 1_000],
    ['wait=0', 0],
    ['respond-async, Wait = 30000; x=y', 30_000],
    ['wait="7"', 7],
    ['return=minimal', 1_000],
    ['wait=1, wait=2', 1],
    ['wait=30001', undefined],
    ['wait=-1', undefined],
    ['wait', undefined],
    ['wait=5s', undefined],
    ['wait=1e3', undefined],
  ])('reads Prefer: %s', async (prefer, expected) => {
    const { post, vigil } = await openApi()
    const answer = await post('/v1/decisions', event('t1'), prefer === undefined ? {} : { prefer })
    expect(answer.statusCode).toBe(expected === undefined ? 400 : 200)
    expect(vigil.waits).toEqual(expected === undefined ? [] : [expected])
  })
})

describe('GET /v1/decisions/{id} and /v1/events/{id}', () => {
  it('answer 404 for what is not there', async () => {
    const { get } = await openApi()
    for (const url of ['/v1/decisions/t1', '/v1/events/t1', '/v1/events/', '/v1/decisions/a/b', '/v1/alerts/nope'])
      expect((await get(url)).json()).toMatchObject({ type: '/problems/not-found', status: 404 })
  })

  it('find ids of any characters', async () => {
    const { post, get } = await openApi()
    for (const id of ['a/b', 'é😀', '%41', 'a?b#c', 'x'.repeat(256)]) {
      await post('/v1/decisions', event(id))
      const found = await get(`/v1/events/${encodeURIComponent(id)}`)
      expect(found.json()).toMatchObject({ id, event: { id, amount: 12.3 }, position: expect.any(String), alerts: [] })
      expect((await get(`/v1/decisions/${encodeURIComponent(id)}`)).json()).toMatchObject({ id, revision: 1 })
    }
  })

  it('give the event with its amounts as they were written', async () => {
    const { post, get } = await openApi()
    await post('/v1/transactions', event('t1', '"amount":12.30,"x":12345678901234567890'))
    const { body } = await get('/v1/events/t1')
    expect(body).toContain('"amount":12.30,"x":12345678901234567890')
    expect(JSON.parse(body).receivedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/)
  })
})
