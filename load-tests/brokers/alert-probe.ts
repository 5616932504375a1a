import { randomUUID } from 'node:crypto'
import type { RecordableHistogram } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

/**
 * Sends payments that the rule `large` finds at a fixed rate, each alone, and listens for their alerts.
 * @returns microseconds from when each was due until its alert came; how many did not come within 10 s of the last
 */
export async function probeAlerts(options: {
  readonly address: string
  readonly perSecond: number
  readonly seconds: number
  readonly times: RecordableHistogram
}): Promise<{ readonly times: RecordableHistogram; readonly missing: number }> {
  const { address, perSecond, seconds, times } = options
  const account = `probe-${randomUUID()}`
  const dueAt = new Map<string, number>()
  const total = perSecond * seconds
  const ended = new AbortController()
  const response = await fetch(`${address}/v1/alerts/stream?rule=large&key=${account}`, { signal: ended.signal })
  if (response.body === null) throw new Error('the stream of alerts has no body')
  const body = response.body
  let seen = 0
  const listening = (async () => {
    let text = ''
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const due = dueAt.get(/"event":"([^"]+)"/.exec(text.slice(0, end))?.[1] ?? '')
        text = text.slice(end + 2)
        if (due === undefined) continue
        times.record(Math.max(1, Math.round((performance.now() - due) * 1000)))
        if (++seen === total) return
      }
    }
  })()
  const startedAt = performance.now()
  for (let n = 0; n < total; n++) {
    const due = startedAt + (1000 * n) / perSecond
    await setTimeout(Math.max(0, due - performance.now()))
    const id = `${account}-${n}`
    dueAt.set(id, due)
    const payment =
      `{"id":"${id}","at":${Date.now()},"account":"${account}","amount":500.00,"merchant":{"id":"m_1","name":"Shop","country":"CH","mcc":"5411"},` +
      `"channel":"pos","currency":"CHF","device":"d_1"}`
    const posted = fetch(`${address}/v1/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: payment,
    })
    // One that is refused is one that is missing in the end.
    void posted.then((answer) => answer.arrayBuffer()).catch(() => undefined)
  }
  await Promise.race([listening, setTimeout(10_000, undefined, { ref: false })])
  ended.abort()
  await listening.catch((error: unknown) => {
    if (!ended.signal.aborted) throw error
  })
  return { times, missing: total - seen }
}
