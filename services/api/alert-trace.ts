import { formatTimestamp } from '#shared/domain/time'
import type { EventTimes, EvidenceEvent, StoredAlert } from '#shared/store/alert-store'

/** When something was done, ms since 1970; a moment where both are the same. */
export interface TraceStep {
  readonly name: 'bank' | 'arrival' | 'append' | 'processing' | 'checkpoint' | 'delivery'
  readonly from: number
  readonly to: number
}

/** What happened to one event of an alert, in order; steps of which nobody knows any more are left out. */
export interface TracedEvent {
  readonly event: EvidenceEvent
  readonly steps: readonly TraceStep[]
}

/** The story of an alert, from what is stored with it: no collector is needed. */
export function tracedEvents({ events, revisions }: StoredAlert): readonly TracedEvent[] {
  return events.map((event) => ({ event, steps: stepsOf(event, deliveredWith(event, revisions)) }))
}

type Revision = StoredAlert['revisions'][number]

/** The first revision that could name the event: one that it set off itself, or that a later record did. */
function deliveredWith({ position }: EvidenceEvent, revisions: readonly Revision[]): Revision | undefined {
  return revisions.find(({ times }) => times !== undefined && offsetOf(times.position) >= offsetOf(position))
}

const offsetOf = (position: string): number => Number(position.slice(position.indexOf(':') + 1))

function stepsOf({ at, receivedAt, times = {} }: EvidenceEvent, revision: Revision | undefined): readonly TraceStep[] {
  const { appendedAt, judgedFrom, judgedAt, committedFrom, committedAt } = times
  const offeredAt = revision?.times?.offeredAt
  const all: readonly (readonly [TraceStep['name'], number | undefined, number | undefined])[] = [
    ['bank', at, at],
    ['arrival', receivedAt, receivedAt],
    ['append', receivedAt, appendedAt],
    ['processing', judgedFrom, judgedAt],
    ['checkpoint', committedFrom, committedAt],
    ['delivery', offeredAt, revision?.storedAt],
  ]
  return all.flatMap(([name, from, to]) => (from === undefined || to === undefined ? [] : [{ name, from, to }]))
}

/** @param alertId as it was asked for */
export function alertTraceText(alertId: string, alert: StoredAlert): string {
  const { traceId, revision, status } = JSON.parse(alert.line)
  const events = tracedEvents(alert).map(({ event, steps }) => {
    const { id, step, position, at, receivedAt, times } = event
    const delivery = steps.find(({ name }) => name === 'delivery')
    return {
      id,
      ...(step === '' ? {} : { step }),
      position,
      traceId: event.traceId,
      at: formatTimestamp(at),
      receivedAt: formatTimestamp(receivedAt),
      ...timesText(times),
      ...(delivery && { deliveredFrom: formatTimestamp(delivery.from), deliveredAt: formatTimestamp(delivery.to) }),
    }
  })
  const revisions = alert.revisions.map((told) => ({
    revision: told.revision,
    status: told.status,
    ...(told.times && { position: told.times.position }),
    ...timesText(told.times),
    ...(told.times && { deliveredFrom: formatTimestamp(told.times.offeredAt) }),
    deliveredAt: formatTimestamp(told.storedAt),
  }))
  return JSON.stringify({ id: alertId, revision, status, traceId, events, revisions })
}

/** The times that are known, under the names of the answer. */
function timesText(times: EventTimes | undefined): Readonly<Record<string, string>> {
  const named = {
    appendedAt: times?.appendedAt,
    processedFrom: times?.judgedFrom,
    processedAt: times?.judgedAt,
    checkpointedFrom: times?.committedFrom,
    checkpointedAt: times?.committedAt,
  }
  const known = Object.entries(named).flatMap(([name, ms]) => (ms === undefined ? [] : [[name, formatTimestamp(ms)]]))
  return Object.fromEntries(known)
}
