import { EventBatch } from '#shared/domain/event-batch'
import type { AlertDelivery } from '#shared/store/alert-store'
import { MemoryAlertStore } from '#shared/store/alert-store-memory'
import { sampleSchema } from '#shared/wire/sample-schema'
import { ScanCodec } from '#shared/wire/scan-codec'
import type { Decided, EventRecord, RequestContext, RowProblem, Rows, Submitted, Unavailable, Vigil } from '../vigil.ts'

interface Taken {
  readonly digest: number
  readonly record: EventRecord
}

/** The service as the API sees it, over an array: rows are decoded by the engine's own codec, all else is the least that is right. */
export class MemoryVigil implements Vigil {
  readonly alerts = new MemoryAlertStore()
  readonly eventSchema = {
    type: 'object',
    properties: { id: { type: 'string' }, at: { type: 'string' }, account: { type: 'string' } },
    required: ['id', 'at'],
  }
  readonly log: Taken[] = []
  readonly contexts: RequestContext[] = []
  readonly waits: number[] = []
  /** What `submit` and `decide` answer instead of taking anything. */
  unavailable: Unavailable | undefined
  reasons: string[] = []
  /** Called before events are looked at; a test may hold them up here. */
  before: () => Promise<void> = async () => undefined
  isSlow = false
  listeners = 0
  readonly #codec = new ScanCodec(sampleSchema)
  readonly #batch = new EventBatch(sampleSchema, new Set())
  readonly #news = new Set<() => void>()

  async submit(rows: Rows, context: RequestContext): Promise<Submitted> {
    this.contexts.push(context)
    await this.before()
    if (this.unavailable !== undefined) return this.unavailable
    const problems: RowProblem[] = []
    this.#batch.clear()
    for (let i = 0; i < rows.length; i++) {
      const problem = this.#codec.decode(rows.bytes, rows.starts[i], rows.ends[i], this.#batch, i)
      if (problem !== undefined) problems.push({ index: i, problem })
      else if (this.#batch.at[this.#batch.length - 1] > Date.now() + 120_000)
        problems.push({ index: i, problem: { reason: 'in-the-future', field: 'at', message: 'the event is ahead' } })
    }
    if (problems.length > 0) return { kind: 'invalid', problems }
    const offered = new Map(this.log.map((taken) => [taken.record.id, taken]))
    const conflicts: { index: number; id: string }[] = []
    const results: { id: string; status: 'accepted' | 'duplicate'; position: string }[] = []
    for (let i = 0; i < rows.length; i++) {
      const id = this.#batch.id[i]
      const digest = this.#batch.digest[i]
      const known = offered.get(id)
      if (known !== undefined && known.digest !== digest) conflicts.push({ index: i, id })
      const taken = known ?? { digest, record: this.#record(rows, i, id, offered.size, context) }
      offered.set(id, taken)
      results.push({ id, status: known === undefined ? 'accepted' : 'duplicate', position: taken.record.position })
    }
    if (conflicts.length > 0) return { kind: 'conflict', conflicts }
    this.log.push(...[...offered.values()].slice(this.log.length))
    return { kind: 'accepted', results }
  }

  async decide(rows: Rows, context: RequestContext, waitMs: number): Promise<Submitted | Decided> {
    this.waits.push(waitMs)
    const submitted = await this.submit(rows, context)
    if (submitted.kind !== 'accepted') return submitted
    const [{ id, position }] = submitted.results
    const [first, ...later] = await this.alerts.decision(id)
    if (first !== undefined) return { kind: 'decided', body: first.body, amendments: later.map(({ body }) => body) }
    if (this.isSlow) return { kind: 'timeout', id }
    const body = decisionBody(id, 1, position)
    const { traceparent } = context
    const made = { eventId: id, revision: 1, madeAt: Date.now(), body, account: 'A', traceparent }
    await this.alerts.deliver({ alerts: [], decisions: [made] })
    return { kind: 'decided', body }
  }

  async event(id: string): Promise<EventRecord | undefined> {
    return this.log.find(({ record }) => record.id === id)?.record
  }

  onRevisions(listener: () => void, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#news.add(listener)
    this.listeners++
    signal.addEventListener('abort', () => {
      this.#news.delete(listener)
      this.listeners--
    })
  }

  /** Stores alerts and tells of it. */
  async raise(...alerts: readonly AlertDelivery[]): Promise<void> {
    await this.alerts.deliver({ alerts, decisions: [] })
    for (const listener of this.#news) listener()
  }

  unready(): readonly string[] {
    return this.reasons
  }

  async metrics(): Promise<string> {
    return '# TYPE vigil_events_total counter\nvigil_events_total 1\n'
  }

  #record(rows: Rows, i: number, id: string, offset: number, { traceparent }: RequestContext): EventRecord {
    return {
      id,
      event: rows.bytes.toString('utf8', rows.starts[i], rows.ends[i]),
      position: `0:${offset}`,
      traceId: traceparent.split('-')[1],
      receivedAt: Date.now(),
      alerts: [],
    }
  }
}

export const decisionBody = (id: string, revision: number, position = '0:0'): string =>
  `{"id":${JSON.stringify(id)},"outcome":"allow","score":0,"reasons":[],"alerts":[],"scenarios":{},"position":"${position}","revision":${revision}}`

/** An alert of one event, `minute` minutes into 2026. */
export function sampleAlert(fields: Partial<AlertDelivery> & { readonly id: string }): AlertDelivery {
  const { revision = 1, status = 'raised', rule = 'many-cards', severity = 'high', key = 'A' } = fields
  const at = fields.at ?? Date.UTC(2026, 0, 1)
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  return {
    scenario: 'card-testing',
    by: 'account',
    explanation: 'amount > 100 (amount: 120.00)',
    traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    line: `{"id":"${fields.id}","rule":"${rule}","version":"0123456789ab","by":"account","key":${JSON.stringify(key)},"at":"${new Date(at).toISOString()}","event":"t1","features":{"spent":12345678901234567.89},"score":80,"severity":"${severity}","revision":${revision},"status":"${status}","scenario":"card-testing","traceId":"${traceId}"}`,
    events: [
      {
        id: 't1',
        at,
        step: '',
        position: '0:1',
        traceId,
        receivedAt: at,
        event: '{"id":"t1","at":"2026-01-01T00:00:00Z","account":"A","amount":120.00}',
      },
    ],
    ...fields,
    revision,
    status,
    rule,
    severity,
    key,
    at,
  }
}
