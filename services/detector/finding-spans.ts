import type { FoundEvent } from '#shared/log/event-log'
import type { EventTimes } from '#shared/store/alert-store'
import type { SpanPlace, Tracing } from '#shared/telemetry/tracing'
import type { AlertRecord, DecisionRecord } from './outbox-entry.ts'
import type { PartitionTimes } from './partition-times.ts'
import { spanIdOf, type ToldMessages, traceIdFor } from './told-messages.ts'
import { isSampled, readRecordTrace } from './trace-context.ts'

interface FindingSpansOptions {
  readonly tracing: Tracing
  readonly messages: ToldMessages
  readonly times: PartitionTimes
}

/** An event of the log that a step of an alert names. */
export interface CitedEvent {
  readonly step: string
  readonly event: FoundEvent
}

/** From when to when findings were handed to the store. */
export interface Delivered {
  readonly offeredAt: number
  readonly storedAt: number
}

/**
 * Tells the spans of what a partition found, once it is stored: of every alert, and of every decision that is not `allow`, with those of
 * the messages that led to it, whatever their flags say. They are made of the few numbers that are kept anyway, so nothing is gathered for
 * the events that lead to nothing.
 */
export class FindingSpans {
  readonly #options: FindingSpansOptions

  constructor(options: FindingSpansOptions) {
    this.#options = options
  }

  /** @param last the event that completed it, where the log has it */
  alert(record: AlertRecord, cited: readonly CitedEvent[], last: FoundEvent | undefined, delivered: Delivered): void {
    for (const { event } of cited) this.#message(event)
    const { id, revision, status, severity, rule, scenario } = record
    const trace = readRecordTrace(last?.traceparent ?? '')
    const place = {
      traceId: trace?.traceId ?? traceIdFor('alert', id),
      spanId: spanIdOf('alert', id, String(revision)),
      parentId: trace?.spanId,
      tracestate: trace?.tracestate,
    }
    const times = this.#options.times.of(record.offset)
    const attributes = {
      'vigil.alert.id': id,
      'vigil.alert.revision': revision,
      'vigil.alert.status': status,
      'vigil.alert.severity': severity,
      'vigil.rule': rule,
      'vigil.scenario': scenario,
      'vigil.position': last && positionOf(last),
    }
    const links = cited.flatMap(({ step, event }) => {
      const found = readRecordTrace(event.traceparent)
      if (found === undefined) return []
      const { traceId, spanId } = found
      const of = { 'vigil.event.id': event.id, 'vigil.event.step': step || undefined }
      return [{ traceId, spanId, attributes: { ...of, 'vigil.position': positionOf(event) } }]
    })
    const start = times.judgedFrom ?? delivered.offeredAt
    this.#options.tracing.record({ ...place, name: 'vigil.alert', start, end: delivered.storedAt, attributes, links })
    this.#steps(place, times, delivered)
  }

  /** @param event as the log has it */
  decision(
    record: DecisionRecord,
    outcome: string,
    event: Pick<FoundEvent, 'partition' | 'offset' | 'receivedAt' | 'traceparent'> | undefined,
    delivered: Delivered,
  ): void {
    if (event === undefined || (outcome === 'allow' && !isSampled(event.traceparent))) return
    const trace = readRecordTrace(event.traceparent)
    if (trace === undefined) return
    this.#message(event)
    const { id, revision } = record
    const place = {
      traceId: trace.traceId,
      spanId: spanIdOf('decision', trace.spanId, id, String(revision)),
      parentId: trace.spanId,
      tracestate: trace.tracestate,
    }
    const times = this.#options.times.of(record.offset)
    const attributes = {
      'vigil.event.id': id,
      'vigil.position': positionOf(event),
      'vigil.decision.outcome': outcome,
      'vigil.decision.revision': revision,
    }
    const start = times.judgedFrom ?? delivered.offeredAt
    this.#options.tracing.record({ ...place, name: 'vigil.decision', start, end: delivered.storedAt, attributes })
    this.#steps(place, times, delivered)
  }

  #message(event: Pick<FoundEvent, 'partition' | 'offset' | 'receivedAt' | 'traceparent'>): void {
    const { traceparent, receivedAt, offset } = event
    const { appendedAt } = this.#options.times.of(offset)
    const position = positionOf(event)
    this.#options.messages.tell({ traceparent, receivedAt, appendedFrom: undefined, appendedAt, position, records: 1 })
  }

  /** What was done on the way, as far as it is known. */
  #steps(parent: SpanPlace, when: EventTimes, { offeredAt, storedAt }: Delivered): void {
    const { tracing, times } = this.#options
    const tell = (
      name: 'vigil.batch' | 'vigil.checkpoint' | 'vigil.delivery',
      start: number | undefined,
      end: number | undefined,
    ): void => {
      if (start === undefined || end === undefined) return
      const { traceId, spanId } = parent
      const attributes = { 'vigil.partition': times.partition }
      tracing.record({ traceId, spanId: spanIdOf(spanId, name), parentId: spanId, name, start, end, attributes })
    }
    tell('vigil.batch', when.judgedFrom, when.judgedAt)
    tell('vigil.checkpoint', when.committedFrom, when.committedAt)
    tell('vigil.delivery', offeredAt, storedAt)
  }
}

const positionOf = ({ partition, offset }: Pick<FoundEvent, 'partition' | 'offset'>): string => `${partition}:${offset}`
