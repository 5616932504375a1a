import { Agent, request } from 'node:http'
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/**
 * Asks for decisions at a fixed rate, however long the answers take: each is timed from the moment at which it was due, so that a service
 * that stalls cannot hide what it kept waiting.
 * @returns milliseconds × 1000, and how many were not answered with 200
 */
export async function decide(options: {
  readonly address: string
  readonly perSecond: number
  readonly seconds: number
  readonly body: (n: number) => string
}): Promise<{ readonly times: RecordableHistogram; readonly failed: number }> {
  const { address, perSecond, seconds, body } = options
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const times = createHistogram()
  const startedAt = performance.now()
  const total = perSecond * seconds
  let failed = 0
  let answered = 0
  let sent = 0
  await new Promise<void>((resolve) => {
    const ask = (n: number): void => {
      const dueAt = startedAt + (1000 * n) / perSecond
      const text = body(n)
      const call = request(`${address}/v1/decisions`, {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      })
      const done = (isGood: boolean): void => {
        times.record(Math.max(1, Math.round((performance.now() - dueAt) * 1000)))
        if (!isGood) failed++
        if (++answered === total) resolve()
      }
      call.on('response', (response) => {
        response.resume()
        response.on('end', () => done(response.statusCode === 200))
      })
      call.on('error', () => done(false))
      call.end(text)
    }
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1000))
      while (sent < due) ask(sent++)
      if (sent === total) clearInterval(timer)
    }, 1)
  })
  agent.destroy()
  return { times, failed }
}
