import { compareTexts } from '#shared/rule-language/text-order'
import {
  type AlertDelivery,
  type AlertFilter,
  type AlertPage,
  type AlertQuery,
  type AlertStore,
  AlertStoreUnavailable,
  type DecisionDelivery,
  type Delivery,
  type EvidenceEvent,
  type OutgoingEntry,
  type OutgoingKind,
  outgoingCharactersMax,
  type StoredAlert,
  type StoredDecision,
} from './alert-store.ts'
import { formatPageCursor, parsePageCursor } from './alert-store-cursor.ts'

interface StoredRevision extends AlertDelivery {
  readonly cursor: number
  readonly storedAt: number
}

/** Alerts in memory, for tests and for the simulator. It answers by looking at everything, so it is slow and obviously right. */
export class MemoryAlertStore implements AlertStore {
  /** The revision with cursor `c` is at `c - 1`. */
  readonly #revisions: StoredRevision[] = []
  readonly #decisions: (DecisionDelivery & { readonly cursor: number })[] = []
  #lastDecision = 0
  readonly #sinks = new Map<string, number>()
  /** By id and time: an id may be used again by another event beyond the lateness. */
  readonly #events = new Map<string, EvidenceEvent>()
  #isClosed = false

  async deliver(delivery: Delivery): Promise<void> {
    this.#checkOpen()
    for (const alert of delivery.alerts) {
      if (this.#revisions.some(({ id, revision }) => id === alert.id && revision === alert.revision)) continue
      this.#revisions.push({ ...alert, cursor: this.#revisions.length + 1, storedAt: Date.now() })
      for (const event of alert.events) {
        const name = JSON.stringify([event.id, event.at])
        if (!this.#events.has(name)) this.#events.set(name, { ...event, step: '' })
      }
    }
    for (const decision of delivery.decisions) {
      const { eventId, revision } = decision
      if (!this.#decisions.some((other) => other.eventId === eventId && other.revision === revision)) {
        this.#decisions.push({ ...decision, cursor: ++this.#lastDecision })
      }
    }
  }

  async alerts(query: AlertQuery): Promise<AlertPage> {
    this.#checkOpen()
    const end = query.cursor === undefined ? undefined : parsePageCursor(query.cursor, query)
    const asOf = end?.asOf ?? this.#revisions.length
    const isListed = (revision: StoredRevision): boolean =>
      passes(revision, query) && (query.status !== undefined || revision.status !== 'withdrawn')
    const rest = this.#standing(asOf)
      .filter((revision) => isListed(revision) && (end === undefined || compareNewestFirst(end, revision) < 0))
      .sort(compareNewestFirst)
    const page = rest.slice(0, query.limit)
    const last = page.at(-1)
    return {
      lines: page.map(({ line }) => line),
      nextCursor:
        last === undefined || rest.length === page.length
          ? undefined
          : formatPageCursor({ asOf, at: last.at, id: last.id }, query),
    }
  }

  async alert(id: string): Promise<StoredAlert | undefined> {
    this.#checkOpen()
    const revisions = this.#revisions.filter((revision) => revision.id === id).sort((a, b) => a.revision - b.revision)
    const highest = revisions.at(-1)
    if (highest === undefined) return undefined
    return {
      line: highest.line,
      explanation: highest.explanation,
      events: highest.events.map((event) => ({ ...this.#kept(event), step: event.step })),
      revisions: revisions.map(({ revision, status, line, storedAt, times }) => ({
        revision,
        status,
        line,
        storedAt,
        times,
      })),
    }
  }

  async revisions(after: number, filter: AlertFilter, limit: number): ReturnType<AlertStore['revisions']> {
    this.#checkOpen()
    const found = this.#revisions.filter((revision) => revision.cursor > after && passes(revision, filter))
    const revisions = found.slice(0, limit).map(({ cursor, line }) => ({ cursor, line }))
    const isAll = found.length <= limit
    return { revisions, upTo: isAll ? Math.max(after, this.#revisions.length) : (revisions.at(-1)?.cursor ?? after) }
  }

  async lastCursor(): Promise<number> {
    this.#checkOpen()
    return this.#revisions.length
  }

  async decision(eventId: string): Promise<readonly StoredDecision[]> {
    this.#checkOpen()
    return this.#decisions
      .filter((decision) => decision.eventId === eventId)
      .sort((a, b) => a.revision - b.revision)
      .map(({ revision, madeAt, body }) => ({ eventId, revision, madeAt, body }))
  }

  async evidence(eventId: string): ReturnType<AlertStore['evidence']> {
    this.#checkOpen()
    const isOf = (event: EvidenceEvent): boolean => event.id === eventId
    const [event] = [...this.#events.values()].filter(isOf).sort((a, b) => b.at - a.at)
    if (event === undefined) return undefined
    const alerts = this.#revisions.filter(({ events }) => events.some((e) => isOf(e) && e.at === event.at))
    return { event, alerts: [...new Set(alerts.map(({ id }) => id))] }
  }

  async removeDecisionsBefore(time: number): Promise<void> {
    this.#checkOpen()
    const isKept = new Set(this.#decisions.filter(({ madeAt }) => madeAt >= time).map(({ eventId }) => eventId))
    this.#decisions.splice(0, Infinity, ...this.#decisions.filter(({ eventId }) => isKept.has(eventId)))
  }

  async outgoing(kind: OutgoingKind, after: number, limit: number): Promise<readonly OutgoingEntry[]> {
    const next = this.#outgoing(kind).filter(({ cursor }) => cursor > after)
    let characters = 0
    return next.slice(0, limit).filter(({ body }, i) => {
      characters += body.length
      return i === 0 || characters <= outgoingCharactersMax
    })
  }

  async lastOutgoing(kind: OutgoingKind): Promise<number> {
    return this.#outgoing(kind).at(-1)?.cursor ?? 0
  }

  async sinkCursor(sink: string): Promise<number> {
    this.#checkOpen()
    return this.#sinks.get(sink) ?? 0
  }

  async moveSinkCursor(sink: string, cursor: number): Promise<void> {
    this.#sinks.set(sink, Math.max(await this.sinkCursor(sink), cursor))
  }

  async ping(): Promise<void> {
    this.#checkOpen()
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  /** The highest revision of each alert among those with a cursor up to `asOf`. */
  #standing(asOf: number): StoredRevision[] {
    const highest = new Map<string, StoredRevision>()
    for (const revision of this.#revisions.slice(0, asOf)) {
      if (revision.revision > (highest.get(revision.id)?.revision ?? -1)) highest.set(revision.id, revision)
    }
    return [...highest.values()]
  }

  #outgoing(kind: OutgoingKind): OutgoingEntry[] {
    this.#checkOpen()
    if (kind === 'alerts')
      return this.#revisions.map(({ cursor, id, revision, status, key, storedAt, traceparent, line }) => {
        return { cursor, id, revision, status, key, time: storedAt, traceparent, body: line }
      })
    return this.#decisions.map(({ cursor, eventId, revision, account, madeAt, traceparent, body }) => {
      const status = revision === 1 ? 'made' : 'amended'
      return { cursor, id: eventId, revision, status, key: account, time: madeAt, traceparent, body }
    })
  }

  #kept({ id, at }: EvidenceEvent): EvidenceEvent {
    return this.#events.get(JSON.stringify([id, at]))!
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new AlertStoreUnavailable('the alert store is closed')
  }
}

type Place = Pick<AlertDelivery, 'at' | 'id'>

const compareNewestFirst = (a: Place, b: Place): number => b.at - a.at || compareTexts(b.id, a.id)

function passes(alert: AlertDelivery, filter: AlertFilter): boolean {
  const { rule, scenario, severity, status, by, key, event, from, to } = filter
  return (
    (rule === undefined || alert.rule === rule) &&
    (scenario === undefined || alert.scenario === scenario) &&
    (severity === undefined || alert.severity === severity) &&
    (status === undefined || alert.status === status) &&
    (by === undefined || alert.by === by) &&
    (key === undefined || alert.key === key) &&
    (event === undefined || alert.events.some(({ id }) => id === event)) &&
    (from === undefined || alert.at >= from) &&
    (to === undefined || alert.at < to)
  )
}
