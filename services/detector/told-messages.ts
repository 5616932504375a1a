import { createHash } from 'node:crypto'
import type { Tracing } from '#shared/telemetry/tracing'
import { Lately } from './lately.ts'
import { type RecordTrace, readRecordTrace } from './trace-context.ts'

/** A message of a bank that the log has. */
interface TakenMessage {
  /** Of its records: `recordTrace`. */
  readonly traceparent: string
  readonly receivedAt: number
  /** When the log began to write it, and when it had it; undefined: nobody knows any more. */
  readonly appendedFrom: number | undefined
  readonly appendedAt: number | undefined
  /** `PARTITION:OFFSET` of one of its events. */
  readonly position: string
  readonly records: number
}

/**
 * The spans of messages. Those that are followed from their start are told when they are taken, others when they turn out to matter. The
 * ids of a message's spans follow from its record, so that it is the same spans whoever tells them.
 */
export class ToldMessages {
  readonly #tracing: Tracing
  readonly #told = new Lately<true>(toldMin)

  constructor(tracing: Tracing) {
    this.#tracing = tracing
  }

  /** Tells the spans of a message, unless that was done lately. */
  tell(message: TakenMessage): void {
    const trace = readRecordTrace(message.traceparent)
    if (trace === undefined || this.#told.get(trace.spanId) === true) return
    this.#told.set(trace.spanId, true)
    this.#ingest(trace, message)
  }

  #ingest({ traceId, spanId, parentId, tracestate }: RecordTrace, message: TakenMessage): void {
    const { receivedAt, appendedFrom = receivedAt, appendedAt, position, records } = message
    const attributes = { 'vigil.position': position, 'vigil.records': records }
    const end = appendedAt ?? receivedAt
    const place = { traceId, spanId, parentId, tracestate }
    this.#tracing.record({ ...place, name: 'vigil.ingest', kind: 'taken', start: receivedAt, end, attributes })
    if (appendedAt === undefined) return
    const below = { traceId, spanId: spanIdOf(spanId, 'append'), parentId: spanId }
    this.#tracing.record({ ...below, name: 'vigil.append', start: appendedFrom, end: appendedAt, attributes })
  }
}

/** The id of a span that follows from what it is about: told again after a crash it is the same span. */
export const spanIdOf = (...parts: readonly string[]): string => hexOf(parts).slice(0, 16)

/** The id of a trace for what came without one. */
export const traceIdFor = (...parts: readonly string[]): string => hexOf(parts).slice(0, 32)

const hexOf = (parts: readonly string[]): string => createHash('sha256').update(parts.join('\n')).digest('hex')

/** Alerts that share their events come close together. Of 50 bytes each. */
const toldMin = 10_000
