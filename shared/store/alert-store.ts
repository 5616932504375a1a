/**
 * Alerts, their revisions, the events that are their evidence, and decisions: what people and their systems read.
 *
 * A1 A delivery takes effect as a whole or not at all, and a repeated one has no further effect: revisions are known by (alert, revision),
 *    decisions by (event, revision).
 * A2 Each revision gets a number of its own when it is stored (its cursor); numbers rise in the order in which revisions can be read, and
 *    whoever has read up to one finds all later ones after it.
 * A3 The alert itself is its highest revision, whatever the order of delivery.
 */
export interface AlertStore {
  /** Rejects with AlertStoreUnavailable: whether it took effect is unknown then, and the same may be sent again. */
  deliver(delivery: Delivery): Promise<void>
  /** Newest first by (`at`, `id`). Rejects with AlertStoreUnavailable, BadCursor. */
  alerts(query: AlertQuery): Promise<AlertPage>
  alert(id: string): Promise<StoredAlert | undefined>
  /**
   * Revisions after a cursor that pass the filter (without `status` withdrawn ones too), oldest first, at most `limit`, which is at least
   * 1. `upTo`: every revision up to there was looked at. Gotcha: one call looks at a bounded number, so that none found does not mean
   * that there are no more; that is so where `upTo` is what was asked from.
   */
  revisions(
    after: number,
    filter: AlertFilter,
    limit: number,
  ): Promise<{
    readonly revisions: readonly { readonly cursor: number; readonly line: string }[]
    readonly upTo: number
  }>
  /** The highest cursor; 0 where there is none. Cursors may have gaps. */
  lastCursor(): Promise<number>
  /** All revisions of the decision on an event, oldest first; empty where there is none. */
  decision(eventId: string): Promise<readonly StoredDecision[]>
  /**
   * What is kept of an event as evidence, with '' as its step, and the ids of the alerts (withdrawn ones too) that it is part of in any
   * revision, oldest first; undefined: part of none. Where an id was used again beyond the lateness, the event with the highest `at`.
   */
  evidence(eventId: string): Promise<{ readonly event: EvidenceEvent; readonly alerts: readonly string[] } | undefined>
  /** Removes decisions whose last revision was made before this time, ms since 1970, with all their revisions. */
  removeDecisionsBefore(time: number): Promise<void>
  /**
   * What is told to others behind a cursor, in the order in which it was stored, which for one alert or decision is that of delivery: at
   * most `limit`, and no more than make `outgoingCharactersMax` together, but one where there is any.
   */
  outgoing(kind: OutgoingKind, after: number, limit: number): Promise<readonly OutgoingEntry[]>
  /** The highest cursor of what is told to others; 0 where there is none. Cursors may have gaps. */
  lastOutgoing(kind: OutgoingKind): Promise<number>
  /** The cursor up to which a sink has everything; 0 for one that is new. */
  sinkCursor(sink: string): Promise<number>
  /** Durable when it resolves. A cursor never goes back. */
  moveSinkCursor(sink: string, cursor: number): Promise<void>
  /** Rejects with AlertStoreUnavailable where the store does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface Delivery {
  readonly alerts: readonly AlertDelivery[]
  readonly decisions: readonly DecisionDelivery[]
}

/** One revision of an alert. */
export interface AlertDelivery {
  readonly id: string
  readonly revision: number
  readonly status: 'raised' | 'amended' | 'withdrawn'
  readonly rule: string
  readonly scenario: string | undefined
  readonly severity: string
  /** Name of the key that the rule is kept by, and its value. */
  readonly by: string
  readonly key: string
  /** Event time, ms since 1970. */
  readonly at: number
  /** The alert line of the command line with `traceId`: JSON, stored and given back as it is. */
  readonly line: string
  /** The condition with the values it had. */
  readonly explanation: string
  /** All contributing events in order. */
  readonly events: readonly EvidenceEvent[]
  /** W3C trace context of the message that completed it; '' where there is none. */
  readonly traceparent: string
  readonly times?: RevisionTimes | undefined
}

export interface EvidenceEvent {
  readonly id: string
  readonly at: number
  /** Step of the pattern that took it; '' for the event of a condition. */
  readonly step: string
  /** `PARTITION:OFFSET`. */
  readonly position: string
  readonly traceId: string
  readonly receivedAt: number
  /** The event as received: JSON. */
  readonly event: string
  readonly times?: EventTimes | undefined
}

/** When things happened to a record of the log, ms since 1970; undefined: nobody knows any more. */
export interface EventTimes {
  /** It was durable. */
  readonly appendedAt?: number | undefined
  /** Of the batch in which it was judged. */
  readonly judgedFrom?: number | undefined
  readonly judgedAt?: number | undefined
  /** Of the commit of the state that follows from it. */
  readonly committedFrom?: number | undefined
  readonly committedAt?: number | undefined
}

/** Of the record that set a revision off. */
export interface RevisionTimes extends EventTimes {
  /** `PARTITION:OFFSET`. */
  readonly position: string
  /** When it was handed to the store. */
  readonly offeredAt: number
}

export interface AlertFilter {
  readonly rule?: string | undefined
  readonly scenario?: string | undefined
  readonly severity?: string | undefined
  /** Of alerts, without it every status but `withdrawn`; of revisions, every status. */
  readonly status?: 'raised' | 'amended' | 'withdrawn' | undefined
  readonly by?: string | undefined
  readonly key?: string | undefined
  /** Alerts that this event is part of, in the revision that is looked at. */
  readonly event?: string | undefined
  /** Event time of the alert, ms since 1970: from this on, and before that. */
  readonly from?: number | undefined
  readonly to?: number | undefined
}

export interface AlertQuery extends AlertFilter {
  readonly limit: number
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined
}

/** A page shows what stood when the first page was read: no alert of then is lost or repeated. */
export interface AlertPage {
  readonly lines: readonly string[]
  readonly nextCursor: string | undefined
}

export interface StoredAlert {
  /** The line of the highest revision. */
  readonly line: string
  readonly explanation: string
  readonly events: readonly EvidenceEvent[]
  /** Oldest first. */
  readonly revisions: readonly {
    readonly revision: number
    readonly status: string
    readonly line: string
    /** When it was stored, ms since 1970. */
    readonly storedAt: number
    readonly times?: RevisionTimes | undefined
  }[]
}

export interface StoredDecision {
  readonly eventId: string
  readonly revision: number
  /** When it was made, ms since 1970. */
  readonly madeAt: number
  /** The answer of `POST /v1/decisions`: JSON. */
  readonly body: string
}

export interface DecisionDelivery extends StoredDecision {
  /** Value of the home key of the event; '' where it is not known. */
  readonly account: string
  /** W3C trace context of the event; '' where there is none. */
  readonly traceparent: string
}

/** What others can be told of. */
export type OutgoingKind = 'alerts' | 'decisions'

/** One revision, as it is told to others: the same however often it is read. */
export interface OutgoingEntry {
  readonly cursor: number
  /** Of the alert; for a decision that of its event. */
  readonly id: string
  readonly revision: number
  /** `made` is the first revision of a decision. */
  readonly status: AlertDelivery['status'] | 'made'
  /** Value of the key that the alert is kept by; for a decision the account. */
  readonly key: string
  /** When it was stored, or made; ms since 1970. */
  readonly time: number
  readonly traceparent: string
  /** The alert line, or the answer of `POST /v1/decisions`: JSON. */
  readonly body: string
}

/** A page is held in memory. A longer entry comes alone. */
export const outgoingCharactersMax = 1_048_576

/** The store cannot be reached or written now. */
export class AlertStoreUnavailable extends Error {
  readonly _tag = 'AlertStoreUnavailable'
  override readonly name = 'AlertStoreUnavailable'
}

/** The cursor was not given out by this store. */
export class BadCursor extends Error {
  readonly _tag = 'BadCursor'
  override readonly name = 'BadCursor'
}
