import type {
  AlertFilter,
  AlertPage,
  AlertQuery,
  AlertStore,
  Delivery,
  EventTimes,
  EvidenceEvent,
  OutgoingEntry,
  OutgoingKind,
  RevisionTimes,
  StoredAlert,
  StoredDecision,
} from './alert-store.ts'
import { formatPageCursor, parsePageCursor } from './alert-store-cursor.ts'
import { deliveryStatements } from './alert-store-delivery.ts'
import { migrate } from './alert-store-migrations.ts'
import { lastOutgoing, moveSinkCursor, readOutgoing, readSinkCursor } from './alert-store-outgoing.ts'
import type { SqlClient, SqlRow, SqlStatement, SqlValue } from './alert-store-sql-client.ts'
import { decodeText, encodeText } from './alert-store-text.ts'

/**
 * Alerts in PostgreSQL, by statements that a server and an embedded one run alike.
 *
 * S1 A revision's cursor comes from a sequence while its transaction holds the writers' lock up to its end: whoever sees a cursor sees
 *    every lower one that there will ever be.
 * S2 `until` says up to which cursor a revision stood, so any page can be answered as of the cursor that its first page saw.
 * S3 Every text goes in by `encodeText` and comes out by `decodeText`.
 *
 * The revisions, and the decisions, are the queue of deliveries too: a sink keeps the cursor up to which it has delivered, and reads on
 * from there.
 */
export class SqlAlertStore implements AlertStore {
  readonly #client: SqlClient

  private constructor(client: SqlClient) {
    this.#client = client
  }

  /** Brings the tables up to date. Takes the client over, and closes it where it rejects: AlertStoreTooNew, AlertStoreUnavailable. */
  static async open(client: SqlClient): Promise<AlertStore> {
    try {
      await migrate(client)
    } catch (error) {
      await client.close()
      throw error
    }
    return new SqlAlertStore(client)
  }

  async deliver(delivery: Delivery): Promise<void> {
    if (delivery.alerts.length === 0 && delivery.decisions.length === 0) return
    await this.#client.transaction(deliveryStatements(delivery, Date.now()))
  }

  async alerts(query: AlertQuery): Promise<AlertPage> {
    const end = query.cursor === undefined ? undefined : parsePageCursor(query.cursor, query)
    const asOf = end?.asOf ?? (await this.lastCursor())
    const values = new Values()
    const where = [
      `r.cursor <= ${values.add(asOf, 'bigint')}`,
      `r.until > ${values.add(asOf, 'bigint')}`,
      ...conditions(query, values),
    ]
    if (query.status === undefined) where.push(`r.status <> 'withdrawn'`)
    if (end !== undefined) {
      where.push(`(r.at, r.alert_id) < (${values.add(end.at, 'bigint')}, ${values.add(encodeText(end.id), 'text')})`)
    }
    // One more than asked for tells whether there is a next page.
    const rows = await this.#client.query({
      text: `select r.at, r.alert_id, r.line from alert_revisions r where ${where.join(' and ')}
             order by r.at desc, r.alert_id desc limit ${values.add(query.limit + 1, 'bigint')}`,
      values: values.list,
    })
    const page = rows.slice(0, query.limit)
    const last = page.at(-1)
    return {
      lines: page.map((row) => text(row, 'line')),
      nextCursor:
        last === undefined || rows.length === page.length
          ? undefined
          : formatPageCursor({ asOf, at: number(last, 'at'), id: text(last, 'alert_id') }, query),
    }
  }

  async alert(id: string): Promise<StoredAlert | undefined> {
    const rows = await this.#query(
      `select cursor, revision, status, line, explanation, stored_at, times from alert_revisions
       where alert_id = $1::text order by revision`,
      encodeText(id),
    )
    const highest = rows.at(-1)
    if (highest === undefined) return undefined
    const events = await this.#query(
      `select l.step, e.id, e.at, e.log_position, e.trace_id, e.received_at, e.event, e.times
       from evidence_links l join evidence_events e on e.id = l.event_id and e.at = l.event_at
       where l.cursor = $1::bigint order by l.place`,
      number(highest, 'cursor'),
    )
    return {
      line: text(highest, 'line'),
      explanation: text(highest, 'explanation'),
      events: events.map((row) => ({ ...eventOf(row), step: text(row, 'step') })),
      revisions: rows.map((row) => ({
        revision: number(row, 'revision'),
        status: text(row, 'status'),
        line: text(row, 'line'),
        storedAt: number(row, 'stored_at'),
        times: times<RevisionTimes>(row),
      })),
    }
  }

  async revisions(after: number, filter: AlertFilter, limit: number): ReturnType<AlertStore['revisions']> {
    const [looked] = await this.#query(
      `select coalesce(max(cursor), $1::bigint) as up_to from
         (select cursor from alert_revisions where cursor > $1::bigint order by cursor limit $2::bigint) as looked`,
      after,
      revisionsLookedAtMax,
    )
    const upTo = number(looked, 'up_to')
    const values = new Values()
    const where = [
      `r.cursor > ${values.add(after, 'bigint')}`,
      `r.cursor <= ${values.add(upTo, 'bigint')}`,
      ...conditions(filter, values),
    ]
    const rows = await this.#client.query({
      text: `select r.cursor, r.line from alert_revisions r where ${where.join(' and ')}
             order by r.cursor limit ${values.add(limit, 'bigint')}`,
      values: values.list,
    })
    const revisions = rows.map((row) => ({ cursor: number(row, 'cursor'), line: text(row, 'line') }))
    return { revisions, upTo: rows.length < limit ? upTo : (revisions.at(-1)?.cursor ?? after) }
  }

  async lastCursor(): Promise<number> {
    const [row] = await this.#query('select coalesce(max(cursor), 0) as cursor from alert_revisions')
    return number(row, 'cursor')
  }

  async decision(eventId: string): Promise<readonly StoredDecision[]> {
    const rows = await this.#query(
      'select revision, made_at, body from decisions where event_id = $1::text order by revision',
      encodeText(eventId),
    )
    return rows.map((row) => ({
      eventId,
      revision: number(row, 'revision'),
      madeAt: number(row, 'made_at'),
      body: text(row, 'body'),
    }))
  }

  async evidence(eventId: string): ReturnType<AlertStore['evidence']> {
    const [row] = await this.#query(
      `select id, at, log_position, trace_id, received_at, event, times from evidence_events
       where id = $1::text order by at desc limit 1`,
      encodeText(eventId),
    )
    if (row === undefined) return undefined
    const event = { ...eventOf(row), step: '' }
    const alerts = await this.#query(
      `select r.alert_id from evidence_links l join alert_revisions r on r.cursor = l.cursor
       where l.event_id = $1::text and l.event_at = $2::bigint group by r.alert_id order by min(r.cursor)`,
      encodeText(eventId),
      event.at,
    )
    return { event, alerts: alerts.map((alert) => text(alert, 'alert_id')) }
  }

  async removeDecisionsBefore(time: number): Promise<void> {
    // In bounded pieces, between which deliveries have their turn. It ends: each piece removes what it found.
    for (let removed = decisionsPerRemoval; removed === decisionsPerRemoval; ) {
      const [row] = await this.#query(
        `with old as (
           select d.event_id, d.revision from decisions d
           where d.made_at < $1::bigint
             and not exists (select from decisions l where l.event_id = d.event_id and l.made_at >= $1::bigint)
           limit $2::bigint
         ), gone as (
           delete from decisions d using old where d.event_id = old.event_id and d.revision = old.revision returning 1
         )
         select count(*) as removed from gone`,
        time,
        decisionsPerRemoval,
      )
      removed = number(row, 'removed')
    }
  }

  async outgoing(kind: OutgoingKind, after: number, limit: number): Promise<readonly OutgoingEntry[]> {
    const rows = await this.#client.query(readOutgoing(kind, after, limit))
    return rows.map((row) => ({
      cursor: number(row, 'cursor'),
      id: text(row, 'id'),
      revision: number(row, 'revision'),
      status: text(row, 'status') as OutgoingEntry['status'],
      key: text(row, 'key'),
      time: number(row, 'time'),
      traceparent: text(row, 'traceparent'),
      body: text(row, 'body'),
    }))
  }

  async lastOutgoing(kind: OutgoingKind): Promise<number> {
    const [row] = await this.#client.query(lastOutgoing(kind))
    return number(row, 'cursor')
  }

  async sinkCursor(sink: string): Promise<number> {
    const [row] = await this.#client.query(readSinkCursor(sink))
    return number(row, 'cursor')
  }

  async moveSinkCursor(sink: string, cursor: number): Promise<void> {
    await this.#client.query(moveSinkCursor(sink, cursor))
  }

  async ping(): Promise<void> {
    await this.#query('select 1 as one')
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #query(statement: string, ...values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    const asked: SqlStatement = { text: statement, values }
    return this.#client.query(asked)
  }
}

/** A filter that few pass would otherwise read the whole table in one go. */
const revisionsLookedAtMax = 5_000
/** About 50 ms of work. */
const decisionsPerRemoval = 5_000

/** The values of a statement in the making. */
class Values {
  readonly list: SqlValue[] = []

  /** The placeholder for a value. */
  add(value: SqlValue, type: 'bigint' | 'text'): string {
    this.list.push(value)
    return `$${this.list.length}::${type}`
  }
}

function conditions(filter: AlertFilter, values: Values): string[] {
  const found: string[] = []
  const equal = (column: string, value: string | undefined): void => {
    if (value !== undefined) found.push(`${column} = ${values.add(encodeText(value), 'text')}`)
  }
  equal('r.rule', filter.rule)
  equal('r.scenario', filter.scenario)
  equal('r.severity', filter.severity)
  equal('r.status', filter.status)
  equal('r.kept_by', filter.by)
  if (filter.key !== undefined) {
    // The index holds the start of the key.
    const key = values.add(encodeText(filter.key), 'text')
    found.push(`left(r.key, 200) = left(${key}, 200) and r.key = ${key}`)
  }
  if (filter.event !== undefined) {
    const event = values.add(encodeText(filter.event), 'text')
    found.push(`r.cursor in (select l.cursor from evidence_links l where l.event_id = ${event})`)
  }
  if (filter.from !== undefined) found.push(`r.at >= ${values.add(filter.from, 'bigint')}`)
  if (filter.to !== undefined) found.push(`r.at < ${values.add(filter.to, 'bigint')}`)
  return found
}

function eventOf(row: SqlRow): Omit<EvidenceEvent, 'step'> {
  return {
    id: text(row, 'id'),
    at: number(row, 'at'),
    position: text(row, 'log_position'),
    traceId: text(row, 'trace_id'),
    receivedAt: number(row, 'received_at'),
    event: text(row, 'event'),
    times: times<EventTimes>(row),
  }
}

const times = <T extends EventTimes>(row: SqlRow): T | undefined =>
  row['times'] === null ? undefined : JSON.parse(text(row, 'times'))

const text = (row: SqlRow, column: string): string => decodeText(String(row[column]))
const number = (row: SqlRow, column: string): number => Number(row[column])
