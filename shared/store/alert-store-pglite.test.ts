import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testAlertStore } from './alert-store.conformance.ts'
import { type AlertStore, AlertStoreUnavailable } from './alert-store.ts'
import { AlertStoreTooNew } from './alert-store-migrations.ts'
import { openPgliteAlertStore, PgliteClient, startPglite } from './alert-store-pglite.ts'
import { SqlAlertStore } from './alert-store-sql.ts'
import { decision, told } from './testing/alert-store-samples.ts'

// Opening takes a second or two, so that one database serves all cases that do not end it.
let folder = ''
let client: PgliteClient
let store: AlertStore
const tables = 'alert_revisions, evidence_events, evidence_links, decisions, sinks'

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigil-alert-store-'))
  await (await openPgliteAlertStore(folder)).close()
  client = await PgliteClient.open(startPglite(join(folder, 'pglite')))
  store = await SqlAlertStore.open(client)
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

testAlertStore('SqlAlertStore over PGlite', async () => {
  await client.query({ text: `truncate ${tables} restart identity`, values: [] })
  return store
})

describe('the embedded alert store', () => {
  it('reports a wrong statement as what it is, undoes its transaction, and goes on', async () => {
    await client.query({ text: `truncate ${tables}`, values: [] })
    const insert = { text: `insert into decisions values ('e', 1, 1, '')`, values: [] }
    const refusal = client.transaction([insert, { text: 'select nothing', values: [] }])
    await expect(refusal).rejects.toThrow('column "nothing" does not exist')
    await expect(refusal).rejects.not.toBeInstanceOf(AlertStoreUnavailable)
    expect(await store.decision('e')).toEqual([])
  })

  it('does not keep this thread from its work', async () => {
    const slow = client.query({ text: 'select count(*) from generate_series(1, 300000)', values: [] })
    let turns = 0
    let isDone = false
    const done = slow.then(() => {
      isDone = true
    })
    while (!isDone) {
      turns++
      await new Promise(setImmediate)
    }
    await done
    expect(turns).toBeGreaterThan(100)
  })

  it('does what was asked for before it closes, and refuses what comes later', async () => {
    const other = join(folder, 'closing')
    const closing = await openPgliteAlertStore(other)
    const delivered = closing.deliver({ alerts: [], decisions: [told(decision('e'))] })
    await Promise.all([closing.close(), delivered, closing.close()])
    await expect(closing.ping()).rejects.toBeInstanceOf(AlertStoreUnavailable)
    const again = await openPgliteAlertStore(other)
    expect(await again.decision('e')).toHaveLength(1)
    await again.close()
  })

  // The next three use that database on, since making one takes seconds; the last one ends it.
  it('refuses tables of a newer version', async () => {
    const newer = await PgliteClient.open(startPglite(join(folder, 'closing', 'pglite')))
    await newer.query({ text: 'insert into store_migrations values (99)', values: [] })
    await newer.close()
    const refusal = openPgliteAlertStore(join(folder, 'closing'))
    await expect(refusal).rejects.toBeInstanceOf(AlertStoreTooNew)
    await expect(refusal).rejects.toThrow('version 99')
  })

  it('refuses what waits and what comes once its thread is gone', async () => {
    const worker = startPglite(join(folder, 'closing', 'pglite'))
    const dying = await PgliteClient.open(worker)
    const waiting = dying.query({ text: 'select count(*) from generate_series(1, 100000000)', values: [] })
    const refused = expect(waiting).rejects.toBeInstanceOf(AlertStoreUnavailable)
    await worker.terminate()
    await refused
    await expect(dying.query({ text: 'select 1', values: [] })).rejects.toBeInstanceOf(AlertStoreUnavailable)
    await dying.close()
  })

  it.each(['an insert', 'the commit'])(
    'is gone when its log cannot grow, as on a full disk, during %s',
    async (during) => {
      const other = join(folder, during)
      await cp(join(folder, 'closing'), other, { recursive: true })
      const breaking = await PgliteClient.open(startPglite(join(other, 'pglite')))
      await rm(join(other, 'pglite', 'pg_wal'), { recursive: true })
      const rows = during === 'an insert' ? 30_000 : 1
      const write = {
        text: `insert into decisions select 'x' || n, 1, n, repeat('x', 1000) from generate_series(1, ${rows}) n`,
        values: [],
      }
      // Then the record of the commit is the first of a new file of the log.
      const nextFile = { text: 'select pg_switch_wal()', values: [] }
      const refusal = breaking.transaction([write, nextFile])
      await expect(refusal).rejects.toBeInstanceOf(AlertStoreUnavailable)
      await expect(refusal).rejects.toThrow('pg_wal')
      await expect(breaking.query({ text: 'select 1', values: [] })).rejects.toBeInstanceOf(AlertStoreUnavailable)
      await breaking.close()
    },
  )

  it('says that a folder cannot be used', async () => {
    const blocked = join(folder, 'blocked')
    await writeFile(blocked, '')
    await expect(openPgliteAlertStore(blocked)).rejects.toBeInstanceOf(AlertStoreUnavailable)
  })

  it('keeps every answered delivery when the process is killed, and makes a half-made database anew', async () => {
    const other = join(folder, 'killed')
    await mkdir(join(other, 'pglite.partial'), { recursive: true })
    await writeFile(join(other, 'pglite.partial', 'PG_VERSION'), '18')
    let next = 1
    for (const deliveries of [1, 40]) {
      const answered = await deliverUntilKilled(other, next, next + deliveries)
      const opened = await openPgliteAlertStore(other)
      // Those after the last answer that was heard may be there, each as a whole.
      for (next = 1; next <= answered || (await opened.alert(`a${next}`)) !== undefined; next++) {
        expect((await opened.alert(`a${next}`))?.events).toHaveLength(2)
        expect(await opened.decision(`e${next}`)).toHaveLength(1)
      }
      expect(await opened.decision(`e${next}`)).toEqual([])
      await opened.close()
    }
  }, 60_000)
})

/**
 * Runs a process that delivers one alert after the other, and kills it in the middle, once an answer is known.
 * @returns the number of the last delivery whose answer was heard of
 */
async function deliverUntilKilled(dataFolder: string, first: number, enough: number): Promise<number> {
  const program = new URL('./alert-store-pglite.kill-child.ts', import.meta.url)
  const child = fork(program, [dataFolder, String(first)], { execArgv: [] })
  const exit = once(child, 'exit')
  let answered = 0
  child.on('message', (number: number) => {
    answered = number
    if (answered >= enough) child.kill('SIGKILL')
  })
  const [, signal] = await exit
  expect(signal).toBe('SIGKILL')
  return answered
}
