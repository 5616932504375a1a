import type { AlertDelivery, DecisionDelivery, Delivery, EventTimes } from './alert-store.ts'
import { lockWriters } from './alert-store-migrations.ts'
import type { SqlStatement, SqlValue } from './alert-store-sql-client.ts'
import { encodeText } from './alert-store-text.ts'

/**
 * The transaction that stores a delivery: one statement for each piece of it, whatever the number of rows.
 * @param storedAt ms since 1970
 */
export function deliveryStatements(delivery: Delivery, storedAt: number): SqlStatement[] {
  const statements = [lockWriters]
  for (const alerts of pieces(delivery.alerts, alertCharacters)) statements.push(storeRevisions(alerts, storedAt))
  if (delivery.alerts.length > 0) statements.push(endOvertaken(delivery.alerts))
  for (const decisions of pieces(delivery.decisions, ({ body }) => body.length)) {
    statements.push(storeDecisions(decisions))
  }
  return statements
}

/** The memory of an embedded database grows to what its largest statement needs, and stays there. */
const pieceCharacters = 1024 * 1024

function* pieces<Item>(items: readonly Item[], charactersOf: (item: Item) => number): Generator<readonly Item[]> {
  let start = 0
  let characters = 0
  for (const [index, item] of items.entries()) {
    const more = charactersOf(item)
    if (index > start && characters + more > pieceCharacters) {
      yield items.slice(start, index)
      start = index
      characters = 0
    }
    characters += more
  }
  if (start < items.length) yield items.slice(start)
}

/** About what a statement needs for it, with all that is beside the texts. */
function alertCharacters(alert: AlertDelivery): number {
  let characters = 500 + alert.key.length + alert.line.length + alert.explanation.length
  for (const event of alert.events) characters += 200 + event.event.length
  return characters
}

/**
 * Stores the revisions that are not there yet, with their events. Of a revision that comes twice in one piece, the first is taken;
 * one that is there already brings no link and no event. In order of cursors they are as they were given.
 */
function storeRevisions(given: readonly AlertDelivery[], storedAt: number): SqlStatement {
  const alerts = firstOfEach(given, ({ id, revision }) => JSON.stringify([id, revision]))
  const links = alerts.flatMap(({ events }, alert) => events.map((event, place) => ({ alert, place, event })))
  const events = firstOfEach(
    links.map(({ event }) => event),
    ({ id, at }) => JSON.stringify([id, at]),
  )
  return {
    text: `
      with given as (
        select * from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
          $9::bigint[], $10::text[], $11::text[], $24::text[], $25::text[]) with ordinality
          as g (alert_id, revision, status, rule, scenario, severity, kept_by, key, at, line, explanation, traceparent, times, alert)
      ), stored as (
        insert into alert_revisions (until, alert_id, revision, status, rule, scenario, severity, kept_by, key, at, line, explanation, stored_at,
          traceparent, times)
        select ${standing}, alert_id, revision, status, rule, scenario, severity, kept_by, key, at, line, explanation, $12::bigint, traceparent, times
        from given g
        where not exists (select from alert_revisions r where r.alert_id = g.alert_id and r.revision = g.revision)
        order by alert
        returning cursor, alert_id, revision
      ), links as (
        select s.cursor, l.place, l.step, l.event_id, l.event_at
        from stored s join given g on g.alert_id = s.alert_id and g.revision = s.revision
          join unnest($13::integer[], $14::integer[], $15::text[], $16::text[], $17::bigint[])
            as l (alert, place, step, event_id, event_at) on l.alert = g.alert
      ), linked as (
        insert into evidence_links (cursor, place, step, event_id, event_at)
        select cursor, place, step, event_id, event_at from links
      )
      insert into evidence_events (id, at, log_position, trace_id, received_at, event, times)
      select * from unnest($18::text[], $19::bigint[], $20::text[], $21::text[], $22::bigint[], $23::text[], $26::text[])
        as e (id, at, log_position, trace_id, received_at, event, times)
      where (e.id, e.at) in (select event_id, event_at from links)
      on conflict (id, at) do nothing`,
    values: [
      texts(alerts, ({ id }) => id),
      alerts.map(({ revision }) => revision),
      texts(alerts, ({ status }) => status),
      texts(alerts, ({ rule }) => rule),
      alerts.map(({ scenario }) => (scenario === undefined ? null : encodeText(scenario))),
      texts(alerts, ({ severity }) => severity),
      texts(alerts, ({ by }) => by),
      texts(alerts, ({ key }) => key),
      alerts.map(({ at }) => at),
      texts(alerts, ({ line }) => line),
      texts(alerts, ({ explanation }) => explanation),
      storedAt,
      // Counted from 1, as the rows are.
      links.map(({ alert }) => alert + 1),
      links.map(({ place }) => place),
      texts(links, ({ event }) => event.step),
      texts(links, ({ event }) => event.id),
      links.map(({ event }) => event.at),
      texts(events, ({ id }) => id),
      events.map(({ at }) => at),
      texts(events, ({ position }) => position),
      texts(events, ({ traceId }) => traceId),
      events.map(({ receivedAt }) => receivedAt),
      texts(events, ({ event }) => event),
      texts(alerts, ({ traceparent }) => traceparent),
      alerts.map(({ times }) => timesText(times)),
      events.map(({ times }) => timesText(times)),
    ],
  }
}

const timesText = (times: EventTimes | undefined): string | null =>
  times === undefined ? null : encodeText(JSON.stringify(times))

/** Above every cursor. */
const standing = '9223372036854775807'

/**
 * Ends those revisions that stand and have a higher one, at the lowest cursor of such. What was ended before stays as it is, since later
 * revisions have higher cursors.
 */
function endOvertaken(alerts: readonly AlertDelivery[]): SqlStatement {
  return {
    text: `
      update alert_revisions r set until = h.cursor
      from (
        select a.cursor as of, min(b.cursor) as cursor from alert_revisions a
          join alert_revisions b on b.alert_id = a.alert_id and b.revision > a.revision
        where a.alert_id = any($1::text[]) and a.until = ${standing}
        group by a.cursor
      ) as h
      where r.cursor = h.of`,
    values: [
      texts(
        firstOfEach(alerts, ({ id }) => id),
        ({ id }) => id,
      ),
    ],
  }
}

/** In order of cursors they are as they were given. */
function storeDecisions(decisions: readonly DecisionDelivery[]): SqlStatement {
  return {
    text: `
      insert into decisions (event_id, revision, made_at, body, account, traceparent)
      select event_id, revision, made_at, body, account, traceparent
      from unnest($1::text[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $6::text[]) with ordinality
        as d (event_id, revision, made_at, body, account, traceparent, decision)
      order by decision
      on conflict (event_id, revision) do nothing`,
    values: [
      texts(decisions, ({ eventId }) => eventId),
      decisions.map(({ revision }) => revision),
      decisions.map(({ madeAt }) => madeAt),
      texts(decisions, ({ body }) => body),
      texts(decisions, ({ account }) => account),
      texts(decisions, ({ traceparent }) => traceparent),
    ],
  }
}

const texts = <Item>(items: readonly Item[], textOf: (item: Item) => string): SqlValue =>
  items.map((item) => encodeText(textOf(item)))

function firstOfEach<Item>(items: readonly Item[], nameOf: (item: Item) => string): Item[] {
  const found = new Map<string, Item>()
  for (const item of items) {
    const name = nameOf(item)
    if (!found.has(name)) found.set(name, item)
  }
  return [...found.values()]
}
