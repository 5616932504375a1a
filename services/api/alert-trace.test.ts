import { describe, expect, it } from 'vitest'
import type { EvidenceEvent } from '#shared/store/alert-store'
import { openApi } from './testing/api.ts'
import { sampleAlert } from './testing/memory-vigil.ts'

const noon = Date.UTC(2026, 0, 1, 12)
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

const event = (id: string, offset: number, fields: Partial<EvidenceEvent> = {}): EvidenceEvent => ({
  id,
  at: noon,
  step: 'probe',
  position: `0:${offset}`,
  traceId,
  receivedAt: noon + 20,
  event: '{}',
  times: {
    appendedAt: noon + 22,
    judgedFrom: noon + 23,
    judgedAt: noon + 24,
    committedFrom: noon + 100,
    committedAt: noon + 104,
  },
  ...fields,
})

const times = { position: '0:8', offeredAt: noon + 105 }

describe('GET /v1/alerts/{id}/trace', () => {
  it('tells of each event when it came and what was done with it when', async () => {
    const { get, vigil } = await openApi()
    await vigil.raise(sampleAlert({ id: 'a1', events: [event('t1', 7), event('t2', 8, { times: undefined })], times }))
    const answer = await get('/v1/alerts/a1/trace')
    expect(answer.statusCode).toBe(200)
    const { events, revisions, ...alert } = answer.json()
    expect(alert).toEqual({ id: 'a1', revision: 1, status: 'raised', traceId })
    const received = { step: 'probe', traceId, at: '2026-01-01T12:00:00.000Z', receivedAt: '2026-01-01T12:00:00.020Z' }
    const delivered = { deliveredFrom: '2026-01-01T12:00:00.105Z', deliveredAt: expect.any(String) }
    expect(events).toEqual([
      {
        id: 't1',
        position: '0:7',
        ...received,
        appendedAt: '2026-01-01T12:00:00.022Z',
        processedFrom: '2026-01-01T12:00:00.023Z',
        processedAt: '2026-01-01T12:00:00.024Z',
        checkpointedFrom: '2026-01-01T12:00:00.100Z',
        checkpointedAt: '2026-01-01T12:00:00.104Z',
        ...delivered,
      },
      { id: 't2', position: '0:8', ...received, ...delivered },
    ])
    expect(revisions).toEqual([{ revision: 1, status: 'raised', position: '0:8', ...delivered }])
  })

  it('says of each event with which revision it was delivered', async () => {
    const { get, vigil } = await openApi()
    await vigil.raise(sampleAlert({ id: 'a1', events: [event('t1', 7)], times }))
    const second = { position: '0:9', offeredAt: noon + 900 }
    const events = [event('t1', 7), event('t2', 9)]
    await vigil.raise(sampleAlert({ id: 'a1', revision: 2, status: 'amended', events, times: second }))
    const told = (await get('/v1/alerts/a1/trace')).json()
    expect(told.events.map(({ deliveredFrom }: { deliveredFrom: string }) => deliveredFrom)).toEqual([
      '2026-01-01T12:00:00.105Z',
      '2026-01-01T12:00:00.900Z',
    ])
    expect(told.revisions).toHaveLength(2)
  })

  it.each([
    ['?format=svg', {}],
    ['', { accept: 'image/avif,image/svg+xml,*/*;q=0.8' }],
  ] as const)('draws it where a picture is asked for: "%s" %o', async (query, headers) => {
    const { get, vigil } = await openApi()
    await vigil.raise(sampleAlert({ id: 'a1', events: [event('t1', 7)], times }))
    const { headers: answered, body } = await get(`/v1/alerts/a1/trace${query}`, headers)
    expect(answered['content-type']).toBe('image/svg+xml; charset=utf-8')
    expect(body).toMatch(/^<svg .*<\/svg>\n$/s)
    expect(body).toContain('probe: t1')
    // What is left of the event is a bar for each of the four steps that last, and the background and the legend.
    expect(body.match(/<rect /g)).toHaveLength(1 + 4 + 4)
  })

  it('lets no text of a bank out of its place in the picture', async () => {
    const { get, vigil } = await openApi()
    const evil = `</text><script>alert('"&')</script>\u0000\u001b\ud800\ufffe`
    await vigil.raise(sampleAlert({ id: 'a1', events: [event(evil, 7, { step: evil })], times }))
    const { body } = await get('/v1/alerts/a1/trace?format=svg')
    expect(body).not.toContain('<script')
    expect(body).toContain('&#60;/text&#62;&#60;script')
    for (const character of ['\u0000', '\u001b', '\ufffe']) expect(body).not.toContain(character)
    expect(body.isWellFormed()).toBe(true)
  })

  it('draws so many rows at most, and says how many there are', async () => {
    const { get, vigil } = await openApi()
    const events = Array.from({ length: 2_000 }, (_, i) => event(`t${i}`, i))
    await vigil.raise(sampleAlert({ id: 'a1', events, times }))
    const { body } = await get('/v1/alerts/a1/trace?format=svg')
    expect(body).toContain('and 1500 more events')
    expect((await get('/v1/alerts/a1/trace')).json().events).toHaveLength(2_000)
  })

  it('refuses other formats, and does not know other alerts', async () => {
    const { get, vigil } = await openApi()
    await vigil.raise(sampleAlert({ id: 'a1' }))
    expect((await get('/v1/alerts/a1/trace?format=png')).statusCode).toBe(400)
    expect((await get('/v1/alerts/a1/trace?format=svg&format=svg')).statusCode).toBe(400)
    expect((await get('/v1/alerts/a2/trace')).statusCode).toBe(404)
  })

  it('tells what it knows of an alert that was stored before times were', async () => {
    const { get, vigil } = await openApi()
    await vigil.raise(sampleAlert({ id: 'a1' }))
    const { events, revisions } = (await get('/v1/alerts/a1/trace')).json()
    expect(Object.keys(events[0])).toEqual(['id', 'position', 'traceId', 'at', 'receivedAt'])
    expect(Object.keys(revisions[0])).toEqual(['revision', 'status', 'deliveredAt'])
    expect((await get('/v1/alerts/a1/trace?format=svg')).statusCode).toBe(200)
  })
})
