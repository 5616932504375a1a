// Any alert can be followed back to the messages of the bank that led to it, whatever happened between.
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fivePayments, paymentOf } from '../support/five-payments.ts'
import { killLiveServices, type LiveOptions, LiveService } from '../support/live-service.ts'
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.ts'
import { Workspace } from '../support/vigil-command.ts'

const workspace = new Workspace()
let receiver: OtlpReceiver
let rules: string

beforeAll(async () => {
  rules = workspace.rules('rules', fivePayments)
  receiver = await OtlpReceiver.open()
}, 120_000)
afterEach(killLiveServices)
afterAll(async () => {
  await receiver.close()
  workspace.close()
})

/** The message of the bank with this number, in a trace and with a span of the bank's own. */
const bank = (n: number) => ({
  traceId: `${n}`.repeat(32),
  spanId: `${n}`.repeat(16),
  event: paymentOf(n),
})

async function send(service: LiveService, n: number, flags: string): Promise<void> {
  const { traceId, spanId, event } = bank(n)
  const answer = await fetch(`${await service.address()}/v1/transactions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      traceparent: `00-${traceId}-${spanId}-${flags}`,
      tracestate: 'bank=x',
    },
    body: event,
  })
  expect(answer.status).toBe(202)
  expect(answer.headers.get('traceparent')).toContain(traceId)
}

interface Alert {
  readonly id: string
  readonly traceId: string
}

async function theAlert(service: LiveService): Promise<Alert> {
  await service.atRest()
  const { alerts } = (await (await fetch(`${await service.address()}/v1/alerts`)).json()) as {
    alerts: readonly Alert[]
  }
  expect(alerts).toHaveLength(1)
  return alerts[0]
}

const named = (spans: readonly ReceivedSpan[], name: string): readonly ReceivedSpan[] =>
  spans.filter((span) => span.name === name)

const telemetryTo = (url: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '50' })

describe('five messages of a bank and a kill between', { timeout: 240_000 }, () => {
  it.each([
    { flags: '01', what: 'which the bank follows' },
    { flags: '00', what: 'which the bank does not follow' },
  ])('$what: the span of the alert is linked to all five', async ({ flags }) => {
    const options: LiveOptions = {
      dataDir: workspace.path(`data-${flags}`),
      rules,
      environment: telemetryTo(receiver.url),
    }
    const seen = receiver.spans.length
    const first = await LiveService.ready(options)
    for (const n of [1, 2, 3]) await send(first, n, flags)
    await first.kill()
    const second = await LiveService.ready(options)
    for (const n of [4, 5]) await send(second, n, flags)
    const { id, traceId } = await theAlert(second)
    expect(traceId).toBe(bank(5).traceId)
    await second.stop()
    const spans = receiver.spans.slice(seen)
    const [alert, ...others] = named(spans, 'vigil.alert')
    expect(others).toEqual([])
    expect(alert).toMatchObject({
      traceId,
      attributes: { 'vigil.alert.id': id, 'vigil.alert.revision': 1, 'vigil.rule': 'five-payments' },
      resource: { 'service.name': 'vigil' },
    })
    expect(alert.links.map((link) => [link.traceId, link.attributes['vigil.event.id']])).toEqual(
      [1, 2, 3, 4, 5].map((n) => [bank(n).traceId, `t${n}`]),
    )
    // Each link leads to the span that took the message, and that to the span of the bank.
    for (const [i, link] of alert.links.entries()) {
      const { traceId: ofBank, spanId } = bank(i + 1)
      const taken = named(spans, 'vigil.ingest').find((span) => span.spanId === link.spanId)
      expect(taken).toMatchObject({ traceId: ofBank, parentId: spanId, state: 'bank=x' })
    }
    const parts = spans.filter(({ parentId }) => parentId === alert.spanId)
    expect(parts.map(({ name }) => name).sort()).toEqual(['vigil.batch', 'vigil.checkpoint', 'vigil.delivery'])
    const strike = named(spans, 'vigil.ingest').find((span) => span.spanId === alert.parentId)
    expect(strike?.traceId).toBe(traceId)
    for (const part of parts) expect(part.start).toBeGreaterThanOrEqual(strike?.start ?? Number.NaN)
  })
})

describe('an event that comes late, after a kill', { timeout: 240_000 }, () => {
  it('amends the alert, whose new revision is linked to it as well', async () => {
    const repeated =
      'rule: repeated\nfeatures: { n: { count: all, over: 1d } }\nwhen: n >= 2\nscore: 50\nseverity: low\n'
    const options: LiveOptions = {
      dataDir: workspace.path('data-amended'),
      rules: workspace.rules('repeated', {
        'events.yaml': fivePayments['events.yaml'],
        'repeated.rule.yaml': repeated,
      }),
      environment: telemetryTo(receiver.url),
    }
    const seen = receiver.spans.length
    const first = await LiveService.ready(options)
    for (const n of [1, 3]) await send(first, n, '00')
    const alertsTold = (): readonly ReceivedSpan[] => named(receiver.spans.slice(seen), 'vigil.alert')
    await first.until('has told its alert', async () => alertsTold().length === 1)
    await first.kill()
    const second = await LiveService.ready(options)
    await send(second, 2, '00')
    await second.atRest()
    await second.stop()
    // What was told and not yet noted as told before the kill is told again, as the same span.
    const alerts = [...new Map(alertsTold().map((span) => [span.spanId, span])).values()].map(
      ({ traceId, attributes, links }) => ({
        of: traceId,
        revision: attributes['vigil.alert.revision'],
        status: attributes['vigil.alert.status'],
        links: links.map((link) => link.traceId),
      }),
    )
    const trace = (n: number): string => bank(n).traceId
    const raised = { revision: 1, status: 'raised' }
    expect(alerts).toHaveLength(3)
    expect(alerts).toEqual(
      expect.arrayContaining([
        { of: trace(3), ...raised, links: [trace(1), trace(3)] },
        { of: trace(2), ...raised, links: [trace(1), trace(2)] },
        { of: trace(3), revision: 2, status: 'amended', links: [trace(1), trace(2), trace(3)] },
      ]),
    )
  })
})

describe('the story of an alert', { timeout: 240_000 }, () => {
  it('is there without a collector, tells of events from before a kill, and is the same after another', async () => {
    const options: LiveOptions = { dataDir: workspace.path('data-story'), rules }
    const first = await LiveService.ready(options)
    for (const n of [1, 2, 3]) await send(first, n, '01')
    await first.atRest()
    await first.kill()
    const second = await LiveService.ready(options)
    for (const n of [4, 5]) await send(second, n, '01')
    const { id } = await theAlert(second)
    const path = `/v1/alerts/${id}/trace`
    const told = await (await fetch(`${await second.address()}${path}`)).text()
    const { events: stories } = JSON.parse(told) as { events: readonly Record<string, string>[] }
    expect(stories.map(({ traceId }) => traceId)).toEqual([1, 2, 3, 4, 5].map((n) => bank(n).traceId))
    for (const story of stories) {
      const { receivedAt, appendedAt, processedFrom, processedAt, checkpointedFrom, checkpointedAt } = story
      const times = [receivedAt, appendedAt, processedAt, checkpointedFrom, checkpointedAt, story['deliveredAt']]
      expect(times.filter((time) => time === undefined)).toEqual([])
      expect(times.toSorted()).toEqual(times)
      expect(processedFrom <= processedAt).toBe(true)
    }
    await second.kill()
    const third = await LiveService.ready(options)
    expect(await (await fetch(`${await third.address()}${path}`)).text()).toBe(told)
    const picture = await fetch(`${await third.address()}${path}?format=svg`)
    expect(picture.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8')
  })
})

describe('a collector', { timeout: 240_000 }, () => {
  it.each(['that is away', 'that never answers'])('%s: nothing else notices', async (what) => {
    const silent = await OtlpReceiver.open()
    silent.fallSilent()
    const { url } = silent
    if (what === 'that is away') await silent.close()
    const environment = { ...telemetryTo(url), OTEL_BSP_MAX_QUEUE_SIZE: '2', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' }
    const service = await LiveService.ready({ dataDir: workspace.path(`data-${what}`), rules, environment })
    for (const n of [1, 2, 3, 4, 5]) await send(service, n, '01')
    await theAlert(service)
    const page = await (await fetch(`${await service.address()}/metrics`)).text()
    expect(page).toMatch(/^vigil_\w*spans\w*\{[^}]*dropped[^}]*\} [1-9]\d*$|^vigil_\w*spans_dropped_total [1-9]\d*$/m)
    const ended = await Promise.race([service.stop(), setTimeout(60_000, undefined, { ref: false })])
    expect(ended).toMatchObject({ code: 0 })
    if (what !== 'that is away') await silent.close()
  })
})
