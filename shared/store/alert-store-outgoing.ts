import { type OutgoingKind, outgoingCharactersMax } from './alert-store.ts'
import type { SqlStatement } from './alert-store-sql-client.ts'

/** The rows of what is told to others, by kind; a cursor of either is seen only after all lower ones (S1). */
const rowsOf: Readonly<Record<OutgoingKind, string>> = {
  alerts:
    'select cursor, alert_id as id, revision, status, key, stored_at as time, traceparent, line as body from alert_revisions',
  decisions: `select cursor, event_id as id, revision, case when revision = 1 then 'made' else 'amended' end as status, account as key,
      made_at as time, traceparent, body from decisions`,
}

const tableOf: Readonly<Record<OutgoingKind, string>> = { alerts: 'alert_revisions', decisions: 'decisions' }

/** An entry comes where those before it in the page are not as long already as a page may be. */
export const readOutgoing = (kind: OutgoingKind, after: number, limit: number): SqlStatement => ({
  text: `
    with next as (${rowsOf[kind]} where cursor > $1::bigint order by cursor limit $2::bigint),
      counted as (select *, sum(length(body)) over (order by cursor) as characters, min(cursor) over () as first from next)
    select * from counted where characters <= $3::bigint or cursor = first order by cursor`,
  values: [after, limit, outgoingCharactersMax],
})

export const lastOutgoing = (kind: OutgoingKind): SqlStatement => ({
  text: `select coalesce(max(cursor), 0) as cursor from ${tableOf[kind]}`,
  values: [],
})

export const readSinkCursor = (sink: string): SqlStatement => ({
  text: 'select coalesce(max(cursor), 0) as cursor from sinks where name = $1::text',
  values: [sink],
})

export const moveSinkCursor = (sink: string, cursor: number): SqlStatement => ({
  text: `insert into sinks (name, cursor) values ($1::text, $2::bigint)
         on conflict (name) do update set cursor = greatest(sinks.cursor, excluded.cursor)`,
  values: [sink, cursor],
})
