import { describe, expect, it } from 'vitest'
import type { FoundEvent } from '#shared/log/event-log'
import { type FinishedSpan, noTracing } from '#shared/telemetry/tracing'
import { FindingSpans } from './finding-spans.ts'
import type { AlertRecord, DecisionRecord } from './outbox-entry.ts'
import { PartitionTimes } from './partition-times.ts'
import { ToldMessages } from './told-messages.ts'
import { recordTrace } from './trace-context.ts'

const bankSpan = 'b'.repeat(16)

const found = (id: string, offset: number, flags = '00'): FoundEvent => ({
  id,
  partition: 0,
  offset,
  at: 500,
  receivedAt: 900 + offset,
  traceparent: recordTrace({
    traceparent: `00-${String(offset).repeat(32)}-${String(offset).repeat(16)}-${flags}`,
    parentId: bankSpan,
  }),
  body: new Uint8Array(),
})

const alert = {
  kind: 'alert',
  id: 'a1',
  revision: 1,
  status: 'raised',
  rule: 'many',
  scenario: undefined,
  severity: 'high',
  offset: 2,
} as unknown as AlertRecord

const decision = (outcome: string): DecisionRecord =>
  ({ kind: 'decision', id: 't1', revision: 1, offset: 1, decision: { outcome } }) as unknown as DecisionRecord

/** Offsets 1 and 2 were judged and committed. */
function spans() {
  const told: FinishedSpan[] = []
  const tracing = { ...noTracing, isOn: true, record: (span: FinishedSpan) => void told.push(span) }
  let now = 1_000
  const times = new PartitionTimes({ partition: 0, pointsMax: 256, clock: () => now++ })
  times.appended(1, 1_000)
  times.appended(2, 1_001)
  times.reads(1)
  const messages = new ToldMessages(tracing)
  const open = () => new FindingSpans({ tracing, messages, times })
  return { told, open, ofNextProcess: () => new FindingSpans({ tracing, messages: new ToldMessages(tracing), times }) }
}

const delivered = { offeredAt: 1_100, storedAt: 1_105 }

describe('the spans of what was found', () => {
  it('link an alert to every message, whose spans are told with it, whatever their flags', () => {
    const { told, open } = spans()
    const events = [found('t1', 1), found('t2', 2)]
    const cited = events.map((event) => ({ step: 'probe', event }))
    open().alert(alert, cited, events[1], delivered)
    const taken = told.filter(({ name }) => name === 'vigil.ingest')
    expect(taken).toMatchObject([
      { traceId: '1'.repeat(32), spanId: '1'.repeat(16), parentId: bankSpan, start: 901, end: 1_000 },
      { traceId: '2'.repeat(32), spanId: '2'.repeat(16), parentId: bankSpan, start: 902, end: 1_001 },
    ])
    const [raised] = told.filter(({ name }) => name === 'vigil.alert')
    expect(raised).toMatchObject({ traceId: '2'.repeat(32), parentId: '2'.repeat(16), end: 1_105 })
    expect(raised.links?.map(({ traceId, spanId }) => [traceId, spanId])).toEqual(
      taken.map(({ traceId, spanId }) => [traceId, spanId]),
    )
  })

  it('are the same spans when they are told again, and those of a message are told once', () => {
    const { told, open, ofNextProcess } = spans()
    const event = found('t1', 1)
    const finding = open()
    finding.alert(alert, [{ step: '', event }], event, delivered)
    const first = told.splice(0)
    finding.alert(alert, [{ step: '', event }], event, delivered)
    expect(told.filter(({ name }) => name === 'vigil.ingest')).toEqual([])
    told.length = 0
    ofNextProcess().alert(alert, [{ step: '', event }], event, delivered)
    expect(told.map(({ spanId }) => spanId)).toEqual(first.map(({ spanId }) => spanId))
    expect(new Set(first.map(({ spanId }) => spanId)).size).toBe(first.length)
  })

  it('have a trace of their own where the messages came without one', () => {
    const { told, open } = spans()
    const event = { ...found('t1', 1), traceparent: '' }
    open().alert(alert, [{ step: '', event }], event, delivered)
    expect(told[0]).toMatchObject({ name: 'vigil.alert', parentId: undefined, links: [] })
    expect(told[0].traceId).toMatch(/^[\da-f]{32}$/)
  })

  it.each([
    ['decline', '00', true],
    ['allow', '00', false],
    ['allow', '01', true],
  ])('of a decision to %s on a message with the flags %s are told: %o', (outcome, flags, isTold) => {
    const { told, open } = spans()
    open().decision(decision(outcome), outcome, found('t1', 1, flags), delivered)
    expect(told.some(({ name }) => name === 'vigil.decision')).toBe(isTold)
    if (!isTold) expect(told).toEqual([])
  })
})
