import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { alertEvents } from './alert-stream.ts'
import { apiLimits } from './api-limits.ts'
import { openApi } from './testing/api.ts'
import { openStream } from './testing/event-stream.ts'
import { MemoryVigil, sampleAlert } from './testing/memory-vigil.ts'

const path = '/v1/alerts/stream'

describe('GET /v1/alerts/stream', () => {
  it('tells every revision from now on', async () => {
    const { listen, vigil } = await openApi()
    await vigil.raise(sampleAlert({ id: 'before' }))
    const stream = await openStream(await listen(), path)
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      traceparent: expect.stringMatching(/^00-/),
    })
    expect(await stream.next()).toBe(': connected')
    await vigil.raise(sampleAlert({ id: 'a1' }), sampleAlert({ id: 'a1', revision: 2, status: 'withdrawn' }))
    await vigil.raise(sampleAlert({ id: 'a2' }))
    expect(await stream.alerts(3)).toEqual([
      { cursor: 2, id: 'a1' },
      { cursor: 3, id: 'a1' },
      { cursor: 4, id: 'a2' },
    ])
  })

  it('goes on behind Last-Event-ID without loss and without repeats (S1)', async () => {
    const { listen, vigil } = await openApi()
    const port = await listen()
    await vigil.raise(...Array.from({ length: 350 }, (_, i) => sampleAlert({ id: `a${i}` })))
    const first = await openStream(port, path, { 'last-event-id': '0' })
    const seen = await first.alerts(123)
    first.leave()
    await vigil.raise(sampleAlert({ id: 'late' }))
    const second = await openStream(port, path, { 'last-event-id': String(seen[122].cursor) })
    seen.push(...(await second.alerts(350 - 123 + 1)))
    expect(seen.map(({ cursor }) => cursor)).toEqual(Array.from({ length: 351 }, (_, i) => i + 1))
  })

  it('passes the same filters as the list', async () => {
    const { listen, vigil, get } = await openApi()
    const stream = await openStream(await listen(), `${path}?rule=one&severity=low`, { 'last-event-id': '0' })
    await vigil.raise(
      sampleAlert({ id: 'a1', rule: 'one' }),
      sampleAlert({ id: 'a2', rule: 'one', severity: 'low' }),
      sampleAlert({ id: 'a3', severity: 'low' }),
      sampleAlert({ id: 'a4', rule: 'one', severity: 'low' }),
    )
    expect((await stream.alerts(2)).map(({ id }) => id)).toEqual(['a2', 'a4'])
    for (const query of ['limit=5', 'cursor=x', 'rul=one'])
      expect((await get(`${path}?${query}`)).json()).toMatchObject({ type: '/problems/bad-query' })
    for (const id of ['x', '-1', '1.5', '9'.repeat(16)])
      expect((await get(path, { 'last-event-id': id })).json()).toMatchObject({ type: '/problems/bad-request' })
  })

  it('takes an id of a store that was replaced for the end of this one', async () => {
    const { listen, vigil } = await openApi()
    await vigil.raise(sampleAlert({ id: 'a1' }))
    const stream = await openStream(await listen(), path, { 'last-event-id': '999' })
    expect(await stream.next()).toBe(': connected')
    await vigil.raise(sampleAlert({ id: 'a2' }))
    expect(await stream.alerts(1)).toEqual([{ cursor: 2, id: 'a2' }])
  })

  it('lets go of everything when the client leaves', async () => {
    const { listen, vigil } = await openApi()
    const stream = await openStream(await listen(), path)
    expect(await stream.next()).toBe(': connected')
    expect(vigil.listeners).toBe(1)
    stream.leave()
    await vi.waitFor(() => expect(vigil.listeners).toBe(0))
  })

  it('ends when the server closes', async () => {
    const { app, listen, vigil } = await openApi()
    const stream = await openStream(await listen(), path)
    expect(await stream.next()).toBe(': connected')
    await app.close()
    expect(await stream.next()).toBeUndefined()
    expect(vigil.listeners).toBe(0)
  })

  it('reads no further than a slow reader takes (S2)', async () => {
    const { listen, vigil } = await openApi()
    const message = 'x'.repeat(4_000)
    const alerts = Array.from({ length: 8_000 }, (_, i) => {
      const alert = sampleAlert({ id: `a${i}` })
      return { ...alert, line: alert.line.replace('"score"', `"message":"${message}","score"`) }
    })
    const line = (cursor: number) => ({ cursor, line: alerts[cursor - 1].line })
    let reads = 0
    vigil.alerts.lastCursor = async () => alerts.length
    vigil.alerts.revisions = async (after, _filter, limit) => {
      reads++
      const upTo = Math.min(after + limit, alerts.length)
      return { revisions: Array.from({ length: upTo - after }, (_, i) => line(after + i + 1)), upTo }
    }
    const socket = connect(await listen(), '127.0.0.1')
    socket.pause()
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nlast-event-id: 0\r\n\r\n`)
    // 34 MB wait for it; kernel buffers take a few.
    let before = -1
    await vi.waitFor(
      () => {
        const now = reads
        const isStill = now === before && now > 0
        before = now
        expect(isStill).toBe(true)
      },
      { interval: 150, timeout: 5_000 },
    )
    expect(reads).toBeLessThan(60)
    let bytes = 0
    socket.on('data', (chunk) => {
      bytes += chunk.length
    })
    socket.resume()
    await vi.waitFor(() => expect(bytes).toBeGreaterThan(8_000 * 4_000), { timeout: 5_000 })
    expect(reads).toBeGreaterThanOrEqual(80)
    socket.destroy()
    await once(socket, 'close')
  })

  it('refuses more streams than it may have', async () => {
    const { listen, get, vigil } = await openApi()
    const port = await listen()
    const streams = await Promise.all(Array.from({ length: apiLimits.streamsMax }, () => openStream(port, path)))
    const refused = await get(path)
    expect(refused.json()).toMatchObject({ type: '/problems/overloaded', status: 503 })
    for (const stream of streams) stream.leave()
    await vi.waitFor(() => expect(vigil.listeners).toBe(0))
    const again = await openStream(port, path)
    expect(await again.next()).toBe(': connected')
  })
})

describe('alertEvents', () => {
  it('sends a comment when there is nothing to tell for 15 s', async () => {
    vi.useFakeTimers()
    try {
      const left = new AbortController()
      const events = alertEvents(new MemoryVigil(), {}, 0, left.signal)
      expect((await events.next()).value).toBe(': connected\n\n')
      const comment = events.next()
      await vi.advanceTimersByTimeAsync(apiLimits.streamCommentMs)
      expect((await comment).value).toBe(': \n\n')
      const end = events.next()
      left.abort()
      expect((await end).done).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  it('ends when the store cannot be read, so that the client comes back (S3)', async () => {
    const vigil = new MemoryVigil()
    const events = alertEvents(vigil, {}, 0, new AbortController().signal)
    await events.next()
    await vigil.alerts.close()
    expect((await events.next()).value).toMatch(/^: .*\n\n$/)
    expect((await events.next()).done).toBe(true)
  })

  it('tells what is stored while it reads (S1)', async () => {
    const vigil = new MemoryVigil()
    const left = new AbortController()
    const events = alertEvents(vigil, {}, 0, left.signal)
    await events.next()
    const { revisions } = vigil.alerts
    let isFirst = true
    vigil.alerts.revisions = async (...query) => {
      const page = await revisions.apply(vigil.alerts, query)
      // Behind what was read, and before it is waited for.
      if (isFirst) await vigil.raise(sampleAlert({ id: 'between' }))
      isFirst = false
      return page
    }
    expect((await events.next()).value).toContain('"id":"between"')
    left.abort()
  })
})
