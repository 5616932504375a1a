import type { EventLog, FoundEvent } from '#shared/log/event-log'
import type { OutboxEntry } from '#shared/protocol/commit'
import type { AlertDelivery, AlertStore, EvidenceEvent, StoredDecision } from '#shared/store/alert-store'
import { decisionBody } from './decision-body.ts'
import { type AlertRecord, type DecisionRecord, readOutboxRecord } from './outbox-entry.ts'
import { traceIdOf } from './trace-context.ts'

interface DeliveryOptions {
  readonly partition: number
  readonly log: EventLog
  readonly store: AlertStore
  readonly lateOutcome: string
  /** Called when a delivery has taken effect. */
  readonly onDelivered: (alerts: number) => void
}

/**
 * Delivers outbox entries to the alert store, with the events that they name as the log has them. At least once: the store knows repeats.
 * Rejects with LogUnavailable, AlertStoreUnavailable.
 */
export function deliverer(options: DeliveryOptions): (entries: readonly OutboxEntry[]) => Promise<void> {
  const { partition, log, store, lateOutcome, onDelivered } = options
  return async (entries) => {
    const records = entries.map(({ bytes }) => readOutboxRecord(bytes))
    const ids = new Set(records.flatMap((record) => (record.kind === 'alert' ? idsOf(record) : [record.id])))
    const events = new FoundEvents(partition, await log.find([...ids]))
    const alerts = records.flatMap((record) => (record.kind === 'alert' ? [alertDelivery(record, events)] : []))
    const decisions = records.flatMap((record) =>
      record.kind === 'decision' ? [storedDecision(record, events, lateOutcome)] : [],
    )
    await store.deliver({ alerts, decisions })
    onDelivered(alerts.length)
  }
}

/** Events of one partition by id, as the log has them. */
class FoundEvents {
  readonly #events = new Map<string, FoundEvent[]>()

  constructor(partition: number, found: readonly FoundEvent[]) {
    for (const event of found) {
      if (event.partition !== partition) continue
      const same = this.#events.get(event.id)
      if (same === undefined) this.#events.set(event.id, [event])
      else same.push(event)
    }
  }

  /** Where an id was used again after the lateness: the newest event up to the offset. */
  get(id: string, offset: number): FoundEvent | undefined {
    const same = this.#events.get(id)
    return same?.findLast((event) => event.offset <= offset) ?? same?.[0]
  }
}

const idsOf = ({ steps }: AlertRecord): readonly string[] => steps.flatMap(([, ids]) => ids)

function alertDelivery(record: AlertRecord, events: FoundEvents): AlertDelivery {
  const { id, revision, status, rule, scenario, severity, by, key, at, line, explanation, offset } = record
  const evidence = record.steps.flatMap(([step, ids]) =>
    ids.flatMap((eventId) => {
      const event = events.get(eventId, offset)
      return event === undefined ? [] : [evidenceOf(event, step)]
    }),
  )
  const last = events.get(record.lastEvent, offset)
  const traced = `${line.slice(0, -1)},"traceId":"${traceIdOf(last?.traceparent ?? '')}"}`
  return { id, revision, status, rule, scenario, severity, by, key, at, line: traced, explanation, events: evidence }
}

function evidenceOf(event: FoundEvent, step: string): EvidenceEvent {
  return {
    id: event.id,
    at: event.at,
    step,
    position: `${event.partition}:${event.offset}`,
    traceId: traceIdOf(event.traceparent),
    receivedAt: event.receivedAt,
    event: Buffer.from(event.body).toString('utf8'),
  }
}

function storedDecision(record: DecisionRecord, events: FoundEvents, lateOutcome: string): StoredDecision {
  const { id, revision, decision, offset } = record
  const event = events.get(id, offset)
  return {
    eventId: id,
    revision,
    madeAt: event?.receivedAt ?? 0,
    body: decisionBody({
      id,
      revision,
      decision,
      lateOutcome,
      position: event === undefined ? '' : `${event.partition}:${event.offset}`,
      traceId: traceIdOf(event?.traceparent ?? ''),
    }),
  }
}
