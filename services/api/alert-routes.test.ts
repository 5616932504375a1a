import { describe, expect, it } from 'vitest'
import { openApi } from './testing/api.ts'
import { sampleAlert } from './testing/memory-vigil.ts'

const minute = (n: number) => Date.UTC(2026, 0, 1, 0, n)

describe('GET /v1/alerts', () => {
  it('pages through all alerts, newest first, and passes amounts on as they were written', async () => {
    const { get, vigil } = await openApi()
    await vigil.raise(...[0, 1, 2, 3, 4].map((n) => sampleAlert({ id: `a${n}`, at: minute(n) })))
    const ids: string[] = []
    let cursor: string | undefined
    for (let pages = 1; ; pages++) {
      const page = await get(`/v1/alerts?limit=2${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
      expect(page.body).toContain('"spent":12345678901234567.89')
      ids.push(...page.json().alerts.map(({ id }: { id: string }) => id))
      cursor = page.json().nextCursor
      if (cursor === undefined) {
        expect([pages, 'nextCursor' in page.json()]).toEqual([3, false])
        break
      }
    }
    expect(ids).toEqual(['a4', 'a3', 'a2', 'a1', 'a0'])
  })

  it('filters by every parameter', async () => {
    const { get, vigil } = await openApi()
    await vigil.raise(
      sampleAlert({ id: 'a1', rule: 'one', key: 'Ä b' }),
      sampleAlert({ id: 'a2', severity: 'low', at: minute(10) }),
      sampleAlert({ id: 'a3', status: 'withdrawn' }),
    )
    for (const [query, expected] of [
      ['', ['a2', 'a1']],
      ['rule=one', ['a1']],
      ['scenario=card-testing&severity=low', ['a2']],
      ['status=withdrawn', ['a3']],
      ['by=account&key=%C3%84+b', ['a1']],
      ['event=t1&from=2026-01-01T00:10:00Z', ['a2']],
      ['to=2026-01-01T01:10:00%2B01:00', ['a1']],
      ['event=other', []],
    ] as const) {
      const { alerts } = (await get(`/v1/alerts?${query}`)).json()
      expect(alerts.map(({ id }: { id: string }) => id)).toEqual(expected)
    }
  })

  it.each([
    ['limit=0', 'between 1 and 500'],
    ['limit=501', 'between 1 and 500'],
    ['limit=1e2', '"limit": expected'],
    ['limit=', '"limit": expected'],
    ['from=yesterday', 'RFC 3339'],
    ['from=2026-01-01', 'RFC 3339'],
    ['to=1767225600000', 'RFC 3339'],
    ['status=closed', '"raised" | "amended" | "withdrawn"'],
    ['severity=hihg', '"low" | "medium" | "high" | "critical"'],
    ['rule=', '"rule": expected'],
    ['rule=a&rule=b', '"rule" is given more than once'],
    ['sevrity=high', 'there is no parameter "sevrity" (did you mean "severity"?)'],
    ['__proto__=1', 'there is no parameter "__proto__"'],
    ['cursor=nonsense', '"cursor"'],
    ['limit=0&status=x', '; '],
  ])('refuses ?%s', async (query, detail) => {
    const { get } = await openApi()
    const answer = (await get(`/v1/alerts?${query}`)).json()
    expect(answer).toMatchObject({ type: '/problems/bad-query', status: 400, instance: '/v1/alerts' })
    expect(answer.detail).toContain(detail)
  })

  it('answers 503 where the store is not available', async () => {
    const { get, vigil, failures } = await openApi()
    await vigil.alerts.close()
    for (const url of ['/v1/alerts', '/v1/alerts/a1', '/v1/alerts/stream', '/v1/decisions/t1']) {
      const answer = await get(url)
      expect(answer.json()).toMatchObject({ type: '/problems/unavailable', status: 503 })
      expect(answer.headers['retry-after']).toBe('1')
    }
    expect(failures).toEqual([])
  })
})

describe('GET /v1/alerts/{id}', () => {
  it('tells the alert with its explanation, events and revisions', async () => {
    const { get, vigil } = await openApi()
    const first = sampleAlert({ id: 'a1' })
    const [evidence] = first.events
    const second = sampleAlert({
      id: 'a1',
      revision: 2,
      status: 'amended',
      events: [evidence, { ...evidence, id: 't2', step: 'strike' }],
    })
    await vigil.raise(first, second)
    const answer = await get('/v1/alerts/a1')
    expect(answer.body).toContain('"amount":120.00')
    expect(answer.json()).toMatchObject({
      ...JSON.parse(second.line),
      explanation: first.explanation,
      revisions: [
        { ...JSON.parse(first.line), storedAt: expect.any(String) },
        { revision: 2, status: 'amended' },
      ],
    })
    expect(answer.json().events).toEqual([
      {
        id: 't1',
        at: '2026-01-01T00:00:00.000Z',
        position: '0:1',
        traceId: evidence.traceId,
        event: { id: 't1', at: '2026-01-01T00:00:00Z', account: 'A', amount: 120 },
      },
      expect.objectContaining({ id: 't2', step: 'strike' }),
    ])
  })
})
