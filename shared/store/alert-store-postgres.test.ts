import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { ownServerFor, serverFor } from '../../tests/support/servers.ts'
import { testAlertStore } from './alert-store.conformance.ts'
import { AlertStoreUnavailable, type Delivery } from './alert-store.ts'
import { openPostgresAlertStore, PostgresClient } from './alert-store-postgres.ts'
import { SqlAlertStore } from './alert-store-sql.ts'
import { decision as sample, told } from './testing/alert-store-samples.ts'

const suite = 'alerts in PostgreSQL'
const server = await serverFor(suite, 'postgres')
const own = await ownServerFor(`${suite} that dies`, 'postgres')

/** A database of this test's own on a server. */
async function database(url: string): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `vigil_${randomUUID().replaceAll('-', '')}`
  const admin = new PostgresClient(url)
  await admin.query({ text: `create database ${name}`, values: [] })
  const made = new URL(url)
  made.pathname = `/${name}`
  return {
    url: made.href,
    drop: async () => {
      await admin.query({ text: `drop database ${name} with (force)`, values: [] })
      await admin.close()
    },
  }
}

const decision = (eventId: string): Delivery => ({
  alerts: [],
  decisions: [told(sample(eventId))],
})

describe.skipIf(server === undefined)(suite, async () => {
  const home = server === undefined ? undefined : await database(server)
  const client = new PostgresClient(home?.url ?? '')
  const store = home === undefined ? undefined : await SqlAlertStore.open(client)
  afterAll(async () => {
    await store?.close()
    await home?.drop()
  })

  testAlertStore('SqlAlertStore over PostgreSQL', async () => {
    const tables = 'alert_revisions, evidence_events, evidence_links, decisions, sinks'
    await client.query({ text: `truncate ${tables} restart identity`, values: [] })
    return store!
  })

  it('reports a wrong statement as what it is, undoes its transaction, and goes on', async () => {
    const insert = { text: `insert into decisions values ('wrong', 1, 1, '')`, values: [] }
    const refusal = client.transaction([insert, { text: 'select nothing', values: [] }])
    await expect(refusal).rejects.toThrow('column "nothing" does not exist')
    await expect(refusal).rejects.not.toBeInstanceOf(AlertStoreUnavailable)
    expect(await store!.decision('wrong')).toEqual([])
  })

  it('makes its tables once, where several processes start at the same time', async () => {
    const fresh = await database(server!)
    const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgresAlertStore(fresh.url)))
    await Promise.all(stores.map((one, i) => one.deliver(decision(`e${i}`))))
    for (let i = 0; i < stores.length; i++) expect(await stores[0].decision(`e${i}`)).toHaveLength(1)
    for (const one of stores) await one.close()
    await fresh.drop()
  })

  it('waits for the disk also where the server is set not to', async () => {
    const fresh = await database(server!)
    const name = new URL(fresh.url).pathname.slice(1)
    await client.query({ text: `alter database ${name} set synchronous_commit = off`, values: [] })
    const one = new PostgresClient(fresh.url)
    expect(await one.query({ text: 'show synchronous_commit', values: [] })).toEqual([{ synchronous_commit: 'on' }])
    await one.close()
    await fresh.drop()
  })

  it('refuses what is asked of it after it was closed', async () => {
    const one = new PostgresClient(home!.url)
    await one.close()
    await expect(one.query({ text: 'select 1', values: [] })).rejects.toThrow('it is closed')
  })
})

describe.skipIf(own === undefined)(`${suite} that dies`, () => {
  afterAll(() => own?.close())

  it('is away while its server is, and back when that is, with all that it had answered', async () => {
    const home = await database(own!.url)
    const store = await openPostgresAlertStore(home.url)
    const state = (): Promise<string> =>
      store.ping().then(
        () => 'there',
        (error: unknown) => (error instanceof AlertStoreUnavailable ? 'away' : String(error)),
      )
    await store.deliver(decision('before'))
    await own!.kill()
    // The process of a connection outlives the first one by a moment.
    await expect.poll(state).toBe('away')
    await expect(store.deliver(decision('meanwhile'))).rejects.toBeInstanceOf(AlertStoreUnavailable)
    await own!.restart()
    await expect.poll(state, { timeout: 20_000 }).toBe('there')
    await store.deliver(decision('meanwhile'))
    await store.deliver(decision('meanwhile'))
    expect(await store.decision('before')).toHaveLength(1)
    expect(await store.decision('meanwhile')).toHaveLength(1)
    await store.close()
  }, 60_000)

  it('names an address where nobody answers', async () => {
    await expect(openPostgresAlertStore('postgres://127.0.0.1:1/none')).rejects.toThrow(
      /does not answer: .*ECONNREFUSED/,
    )
  })
})
