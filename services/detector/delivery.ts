import { limits } from '#shared/domain/limits'
import type { EventLog, FoundEvent } from '#shared/log/event-log'
import type { OutboxEntry } from '#shared/protocol/commit'
import type { AlertDelivery, AlertStore, DecisionDelivery, EvidenceEvent } from '#shared/store/alert-store'
import { decisionBody } from './decision-body.ts'
import type { CitedEvent, Delivered, FindingSpans } from './finding-spans.ts'
import { type AlertRecord, type DecisionRecord, type OutboxRecord, readOutboxRecord } from './outbox-entry.ts'
import type { PartitionTimes } from './partition-times.ts'
import { traceIdOf, traceparentOf } from './trace-context.ts'

interface DeliveryOptions {
  readonly partition: number
  readonly log: EventLog
  readonly store: Pick<AlertStore, 'deliver'>
  readonly lateOutcome: string
  /** The value of the home key of an event that the log has; '' where it has none. */
  readonly accountOf: (event: Uint8Array) => string
  readonly times: PartitionTimes
  /** undefined: nobody listens. */
  readonly spans: FindingSpans | undefined
  /** Called when a delivery has taken effect. */
  readonly onDelivered: (alerts: number, decisions: number) => void
}

/**
 * Delivers outbox entries to the alert store, with the events that they name as the log has them. At least once: the store knows repeats.
 * Rejects with LogUnavailable, AlertStoreUnavailable.
 */
export function deliverer(options: DeliveryOptions): (entries: readonly OutboxEntry[]) => Promise<void> {
  const { partition, log, store, lateOutcome, times, spans, onDelivered } = options
  const deliver = async (records: readonly OutboxRecord[]): Promise<void> => {
    const offeredAt = Date.now()
    const ids = new Set(records.flatMap(idsOf))
    const events = new FoundEvents(partition, ids.size === 0 ? [] : await log.find([...ids]))
    const found = records.map((record) => foundFor(record, events, options))
    const alerts = found.flatMap((one) => (one.kind === 'alert' ? [alertDelivery(one, times, offeredAt)] : []))
    const decisions = found.flatMap((one) => (one.kind === 'decision' ? [storedDecision(one, lateOutcome)] : []))
    await store.deliver({ alerts, decisions })
    if (spans !== undefined) tell(spans, found, { offeredAt, storedAt: Date.now() })
    onDelivered(alerts.length, decisions.length)
  }
  const tell = (told: FindingSpans, found: readonly FoundRecord[], when: Delivered): void => {
    for (const one of found)
      if (one.kind === 'alert') told.alert(one.record, one.cited, one.last, when)
      else told.decision(one.record, one.record.decision?.outcome ?? lateOutcome, one.event, when)
  }
  return async (entries) => {
    for (const records of inPieces(entries.map(({ bytes }) => readOutboxRecord(bytes)))) await deliver(records)
  }
}

/** An alert may have thousands of events: what is held at once is bounded by them. */
function* inPieces(records: readonly OutboxRecord[]): Generator<readonly OutboxRecord[]> {
  let piece: OutboxRecord[] = []
  let events = 0
  for (const record of records) {
    piece.push(record)
    events += idsOf(record).length
    if (events < limits.deliveredEventsMax) continue
    yield piece
    piece = []
    events = 0
  }
  if (piece.length > 0) yield piece
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

  /**
   * Where an id was used again beyond the lateness: the event of this time, else the newest one up to it.
   * @param offset none after this one
   */
  get(id: string, at: number, offset: number): FoundEvent | undefined {
    const same = this.#events.get(id)?.filter((event) => event.offset <= offset)
    return same?.find((event) => event.at === at) ?? same?.findLast((event) => event.at <= at) ?? same?.[0]
  }
}

/** Events that the log is asked for. */
const idsOf = (record: OutboxRecord): readonly string[] =>
  record.kind === 'alert' ? record.steps.flatMap(([, ids]) => ids) : record.event === undefined ? [record.id] : []

/** A record with the events that it names, as far as the log has them. */
type FoundRecord = FoundAlert | FoundDecision

interface FoundAlert {
  readonly kind: 'alert'
  readonly record: AlertRecord
  /** All that it is made of, in order. */
  readonly cited: readonly CitedEvent[]
  /** That which completed it. */
  readonly last: FoundEvent | undefined
}

interface FoundDecision {
  readonly kind: 'decision'
  readonly record: DecisionRecord
  readonly event: DecidedEvent | undefined
}

type DecidedEvent = Pick<FoundEvent, 'partition' | 'offset' | 'receivedAt' | 'traceparent'> & {
  readonly account: string | undefined
}

function foundFor(
  record: OutboxRecord,
  events: FoundEvents,
  { partition, accountOf }: Pick<DeliveryOptions, 'partition' | 'accountOf'>,
): FoundRecord {
  if (record.kind === 'decision')
    return { kind: 'decision', record, event: decidedEvent(record, partition, events, accountOf) }
  const { lastEvent, at, offset } = record
  return { kind: 'alert', record, cited: citedBy(record, events), last: events.get(lastEvent, at, offset) }
}

const citedBy = ({ steps, at, offset }: AlertRecord, events: FoundEvents): readonly CitedEvent[] =>
  steps.flatMap(([step, ids]) =>
    ids.flatMap((id) => {
      const event = events.get(id, at, offset)
      return event === undefined ? [] : [{ step, event }]
    }),
  )

function alertDelivery({ record, cited, last }: FoundAlert, times: PartitionTimes, offeredAt: number): AlertDelivery {
  const { id, revision, status, rule, scenario, severity, by, key, at, line, explanation, offset } = record
  const evidence = cited.map(({ event, step }) => evidenceOf(event, step, times))
  const traceparent = traceparentOf(last?.traceparent ?? '')
  const traced = `${line.slice(0, -1)},"traceId":"${traceIdOf(traceparent)}"}`
  const told = { id, revision, status, rule, scenario, severity, by, key, at, line: traced }
  const when = { ...times.of(offset), position: `${times.partition}:${offset}`, offeredAt }
  return { ...told, explanation, events: evidence, traceparent, times: when }
}

function evidenceOf(event: FoundEvent, step: string, times: PartitionTimes): EvidenceEvent {
  return {
    id: event.id,
    at: event.at,
    step,
    position: `${event.partition}:${event.offset}`,
    traceId: traceIdOf(event.traceparent),
    receivedAt: event.receivedAt,
    event: Buffer.from(event.body).toString('utf8'),
    times: times.of(event.offset),
  }
}

function decidedEvent(
  record: DecisionRecord,
  partition: number,
  events: FoundEvents,
  accountOf: DeliveryOptions['accountOf'],
): DecidedEvent | undefined {
  const { id, at, offset, event } = record
  if (event !== undefined) return { partition, offset, ...event }
  const found = events.get(id, at ?? Number.POSITIVE_INFINITY, offset)
  return found && { ...found, account: accountOf(found.body) }
}

function storedDecision({ record, event }: FoundDecision, lateOutcome: string): DecisionDelivery {
  const { id, revision, decision } = record
  const position = event === undefined ? '' : `${event.partition}:${event.offset}`
  const traceparent = traceparentOf(event?.traceparent ?? '')
  const traceId = traceIdOf(traceparent)
  return {
    eventId: id,
    revision,
    madeAt: event?.receivedAt ?? 0,
    body: decisionBody({ id, revision, decision, lateOutcome, position, traceId }),
    account: event?.account ?? '',
    traceparent,
  }
}
