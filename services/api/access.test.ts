import { describe, expect, it } from 'vitest'
import { guard } from './access.ts'
import { openApi } from './testing/api.ts'
import { event } from './testing/sample-event.ts'

const token = 'vk_correct-horse'
const protectedPaths = ['/v1/alerts', '/v1/alerts/a1', '/v1/alerts/stream', '/v1/decisions/t1', '/v1/events/t1']
const openPaths = ['/livez', '/healthz', '/readyz', '/metrics', '/docs', '/openapi.json', '/problems/bad-json']

describe('access with a token', () => {
  it('is asked for on every path but the open ones', async () => {
    const { get, post, vigil } = await openApi(token)
    const answers = [
      ...(await Promise.all(
        [...protectedPaths, '/v1', '/v1/rules', '/%76%31/alerts', '/v1/alerts/', '/else'].map((path) => get(path)),
      )),
      await post('/v1/transactions', event('t1')),
      await post('/v1/decisions', event('t1')),
    ]
    for (const answer of answers) {
      expect(answer.json()).toMatchObject({ type: '/problems/unauthorized', status: 401 })
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="vigil"')
    }
    expect(vigil.contexts).toEqual([])
    for (const path of openPaths) expect((await get(path)).statusCode).toBe(200)
  })

  it('is refused before the body is looked at', async () => {
    const { send } = await openApi(token)
    const answer = await send({
      method: 'POST',
      url: '/v1/transactions',
      headers: { 'content-type': 'text/x', 'content-length': '99999999' },
      payload: 'x',
    })
    expect(answer.statusCode).toBe(401)
  })

  it.each([`Bearer ${token}`, `bearer  ${token} `])('is given by %j', async (authorization) => {
    const { get } = await openApi(token)
    expect((await get('/v1/alerts', { authorization })).statusCode).toBe(200)
    expect((await get('/v1/rules', { authorization })).statusCode).toBe(404)
  })

  it.each(['', 'Bearer', 'Bearer ', `Basic ${token}`, token, `Bearer ${token}x`, `Bearer ${token} x`, 'Bearer vk_'])(
    'is not given by %j',
    async (authorization) => {
      const { get } = await openApi(token)
      expect((await get('/v1/alerts', { authorization })).statusCode).toBe(401)
    },
  )

  it('cannot be asked for with an empty token', () => {
    expect(() => guard({ adminToken: '' })).toThrow('empty token')
  })
})

describe('access without a token', () => {
  it('is open', async () => {
    const { get } = await openApi()
    expect((await get('/v1/alerts')).statusCode).toBe(200)
    expect((await get('/v1/rules')).statusCode).toBe(404)
  })
})
