import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from './alert-store-migrations.ts'
import { PgliteClient, startPglite } from './alert-store-pglite.ts'
import { SqlAlertStore } from './alert-store-sql.ts'
import type { SqlClient } from './alert-store-sql-client.ts'
import { alert, decision, told } from './testing/alert-store-samples.ts'

let folder = ''
let client: PgliteClient

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigil-alert-store-'))
  client = await PgliteClient.open(startPglite(join(folder, 'pglite')))
})
afterAll(async () => {
  await client.close()
  await rm(folder, { recursive: true })
})

const run = async (text: string) => await client.query({ text, values: [] })

/** In an empty schema, brought to an older version only. */
async function databaseOf(version: number): Promise<void> {
  await run(`create schema version_${version}_${++schemas}`)
  await run(`set search_path to version_${version}_${schemas}`)
  const older: SqlClient = {
    query: (statement) => client.query(statement),
    transaction: async (statements) => {
      const last = statements.findIndex(
        ({ text, values }) => text.startsWith('insert into store_migrations') && values[0] === version,
      )
      await client.transaction(statements.slice(0, last + 1))
    },
    close: async () => {},
  }
  await migrate(older)
}
let schemas = 0

describe('an alert store of an older version', () => {
  it('numbers its decisions so that revisions stay in order, wherever they lie, and goes on behind them', async () => {
    await databaseOf(1)
    // The amended one of e came to lie first, in the place of something that was deleted; of f the time of revision 2 is not known.
    await run(`insert into decisions (event_id, revision, made_at, body) values
      ('e', 2, 70, '2'), ('f', 2, 0, '2'), ('z', 1, 60, '1'), ('f', 1, 90, '1'), ('e', 1, 70, '1')`)
    const store = await SqlAlertStore.open(client)
    await store.deliver({ alerts: [], decisions: [told(decision('e', { revision: 3 }))] })
    const entries = await store.outgoing('decisions', 0, 10)
    expect(entries.map(({ id, revision, cursor }) => [id, revision, cursor])).toEqual([
      ['f', 1, 1],
      ['f', 2, 2],
      ['z', 1, 3],
      ['e', 1, 4],
      ['e', 2, 5],
      ['e', 3, 6],
    ])
    expect(entries[3]).toMatchObject({ key: '', traceparent: '', status: 'made', body: '1' })
    expect(entries[5].key).toBe('A')
  })

  it('keeps the cursors of its alerts, and goes on behind them', async () => {
    await databaseOf(1)
    const columns =
      'until, alert_id, revision, status, rule, severity, kept_by, key, at, line, explanation, stored_at, cursor'
    await run(`insert into alert_revisions (${columns}) overriding system value values
      (9223372036854775807, 'a', 2, 'amended', 'velocity', 'low', 'account', 'A', 500, '{"revision":2}', '', 80, 8),
      (8, 'a', 1, 'raised', 'velocity', 'low', 'account', 'A', 500, '{"revision":1}', '', 70, 3)`)
    await run(`select setval(pg_get_serial_sequence('alert_revisions', 'cursor'), 8)`)
    const store = await SqlAlertStore.open(client)
    await store.deliver({ alerts: [alert('b')], decisions: [] })
    const entries = await store.outgoing('alerts', 0, 10)
    expect(entries.map(({ id, revision, cursor }) => [id, revision, cursor])).toEqual([
      ['a', 1, 3],
      ['a', 2, 8],
      ['b', 1, 9],
    ])
    expect(entries[0]).toMatchObject({ time: 70, traceparent: '', body: '{"revision":1}', key: 'A' })
  })

  it('begins with cursor 1 where it has no decisions', async () => {
    await databaseOf(1)
    const store = await SqlAlertStore.open(client)
    await store.deliver({ alerts: [], decisions: [told(decision('e'))] })
    expect(await store.lastOutgoing('decisions')).toBe(1)
  })
})
