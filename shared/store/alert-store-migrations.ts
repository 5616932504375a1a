import type { SqlClient, SqlStatement } from './alert-store-sql-client.ts'

/** The database was written by a newer Vigil, whose tables this one does not know. Nothing in it was changed. */
export class AlertStoreTooNew extends Error {
  readonly _tag = 'AlertStoreTooNew'
  override readonly name = 'AlertStoreTooNew'
}

/**
 * Steps from an empty database to the present tables, oldest first; each is a list of statements. A step that was released never changes.
 *
 * Texts are compared by their bytes (collation "C"), so that their order is the same on every machine. Ids are at most `limits.idBytesMax`
 * and fit into an index; a key may be longer, so its index holds only its start.
 */
const migrations: readonly (readonly string[])[] = [
  [
    // One row for each revision; it never changes but for `until`: the first cursor that a higher revision of the alert got. It stood from
    // its own cursor on, and before `until`; one that was overtaken before it came, with `until` below its own cursor, never stood.
    `create table alert_revisions (
       cursor bigint generated always as identity primary key,
       until bigint not null,
       alert_id text collate "C" not null,
       revision integer not null,
       status text collate "C" not null,
       rule text collate "C" not null,
       scenario text collate "C",
       severity text collate "C" not null,
       kept_by text collate "C" not null,
       key text collate "C" not null,
       at bigint not null,
       line text not null,
       explanation text not null,
       stored_at bigint not null,
       unique (alert_id, revision)
     )`,
    'create index alert_revisions_at on alert_revisions (at, alert_id)',
    'create index alert_revisions_rule on alert_revisions (rule, at, alert_id)',
    'create index alert_revisions_scenario on alert_revisions (scenario, at, alert_id)',
    'create index alert_revisions_severity on alert_revisions (severity, at, alert_id)',
    'create index alert_revisions_status on alert_revisions (status, at, alert_id)',
    'create index alert_revisions_kept_by on alert_revisions (kept_by, at, alert_id)',
    'create index alert_revisions_key on alert_revisions (left(key, 200), at, alert_id)',
    // Events as received, each once however many alerts it is part of. An id may come again, at another time, beyond the lateness.
    `create table evidence_events (
       id text collate "C" not null,
       at bigint not null,
       log_position text not null,
       trace_id text not null,
       received_at bigint not null,
       event text not null,
       primary key (id, at)
     )`,
    // The events of a revision, in order of place.
    `create table evidence_links (
       cursor bigint not null,
       place integer not null,
       step text not null,
       event_id text collate "C" not null,
       event_at bigint not null,
       primary key (cursor, place)
     )`,
    'create index evidence_links_event on evidence_links (event_id, event_at)',
    `create table decisions (
       event_id text collate "C" not null,
       revision integer not null,
       made_at bigint not null,
       body text not null,
       primary key (event_id, revision)
     )`,
    'create index decisions_made_at on decisions (made_at)',
  ],
  [
    // What sinks tell others: decisions get cursors as revisions have them. What was stored before has no trace and no account.
    `alter table alert_revisions add column traceparent text not null default ''`,
    `alter table decisions add column cursor bigint,
       add column account text collate "C" not null default '', add column traceparent text not null default ''`,
    // Where rows lie says nothing of when they came: of one event no revision may come before a lower one.
    `update decisions d set cursor = numbered.cursor
     from (select event_id, revision, row_number() over (order by first_made_at, event_id, revision) as cursor
       from (select event_id, revision, min(made_at) over (partition by event_id) as first_made_at from decisions) made) numbered
     where d.event_id = numbered.event_id and d.revision = numbered.revision`,
    `alter table decisions alter column cursor set not null, alter column cursor add generated always as identity`,
    `select setval(pg_get_serial_sequence('decisions', 'cursor'), (select count(*) from decisions) + 1, false)`,
    'create unique index decisions_cursor on decisions (cursor)',
    'create table sinks (name text collate "C" primary key, cursor bigint not null)',
  ],
  [
    // JSON: when things happened to what was stored. Of what was stored before nobody knows.
    'alter table alert_revisions add column times text',
    'alter table evidence_events add column times text',
  ],
]

/**
 * Brings the database to the present tables, in one transaction. Several processes may start at once: one of them does it.
 * Rejects with AlertStoreTooNew, AlertStoreUnavailable.
 */
export async function migrate(client: SqlClient): Promise<void> {
  const applied = await appliedMigrations(client)
  if (applied > migrations.length) {
    throw new AlertStoreTooNew(
      `the alert store has tables of version ${applied}, this Vigil knows those up to ${migrations.length}: start the newer Vigil again`,
    )
  }
  if (applied === migrations.length) return
  const statements: SqlStatement[] = [lockWriters]
  if (applied === 0) statements.push(statement('create table store_migrations (number integer primary key)'))
  for (const [index, texts] of migrations.entries()) {
    if (index < applied) continue
    statements.push(...texts.map(statement))
    statements.push({ text: 'insert into store_migrations (number) values ($1::integer)', values: [index + 1] })
  }
  try {
    await client.transaction(statements)
  } catch (error) {
    // Another process may have been the one; then the table or its row was there already.
    if ((await appliedMigrations(client)) !== migrations.length) throw error
  }
}

/** One writer at a time, until its transaction ends: so revisions can be read in the order of their cursors. The number is Vigil's own. */
export const lockWriters: SqlStatement = { text: 'select pg_advisory_xact_lock($1::bigint)', values: [7_369_483_912] }

const statement = (text: string): SqlStatement => ({ text, values: [] })

async function appliedMigrations(client: SqlClient): Promise<number> {
  const [{ name }] = await client.query(statement(`select to_regclass('store_migrations')::text as name`))
  if (name === null) return 0
  const [{ number }] = await client.query(statement('select coalesce(max(number), 0) as number from store_migrations'))
  return Number(number)
}
