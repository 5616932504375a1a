import { fdatasyncSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { messages, PGlite, type Transaction } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import type { SqlRow, SqlStatement, SqlValue } from './alert-store-sql-client.ts'
import { giveWay } from './yielding-thread.ts'

giveWay()

// The thread that runs the embedded PostgreSQL, which keeps its thread busy while it works or waits for the disk.
//
// T1 Requests are done one after the other, in order; each gets one answer.
// T2 An answer to a transaction comes after its log has reached the disk.
// T3 After any failure that PostgreSQL itself did not report as an error of a statement, its memory cannot be trusted: nothing more is asked of
//    it, and the thread ends.

export type PgliteRequest =
  | { readonly kind: 'query'; readonly id: number; readonly statement: SqlStatement }
  | { readonly kind: 'transaction'; readonly id: number; readonly statements: readonly SqlStatement[] }
  | { readonly kind: 'close' }

export type PgliteAnswer =
  | { readonly kind: 'rows'; readonly id: number; readonly rows: readonly SqlRow[] }
  | { readonly kind: 'refused'; readonly id: number; readonly state: string; readonly message: string }
  | { readonly kind: 'opened' }
  /** The thread ends without having closed the database. */
  | { readonly kind: 'broken'; readonly message: string }

/**
 * PGlite brings no fsync for folders of Node and switches it off. Here it is: an answered delivery outlives a loss of power.
 * Its fdatasync does nothing, hence `wal_sync_method`.
 */
class DurableFiles extends NodeFS {
  override async init(...[database, options]: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(database, options)
    const addSync = (module: unknown): void => {
      const files = (module as { NODEFS: { stream_ops: { fsync?: (stream: { nfd: number }) => number } } }).NODEFS
      files.stream_ops.fsync = ({ nfd }) => {
        fdatasyncSync(nfd)
        return 0
      }
    }
    return { emscriptenOpts: { ...emscriptenOpts, onAbort, preRun: [...(emscriptenOpts.preRun ?? []), addSync] } }
  }
}

/**
 * PostgreSQL gives up where its log cannot be written (no room on the disk). PGlite goes on asking it, at least for the end of the
 * transaction, and that never returns: so the thread ends here, in the middle of the call.
 */
const onAbort = (): void => breakDown(new Error(panic))

/** Why, once PostgreSQL has written it to its error output. */
let panic = 'PostgreSQL gave up'

const settings = [
  'fsync=on',
  'wal_sync_method=fsync',
  // Memory: the default of 128 MB is for a machine of its own.
  'shared_buffers=16MB',
  'wal_buffers=1MB',
  'max_connections=4',
  // Nobody replicates it: less log.
  'wal_level=minimal',
  'max_wal_senders=0',
  'min_wal_size=32MB',
  'max_wal_size=64MB',
]

/** Neither checkpoints nor vacuums come by themselves in a PostgreSQL without other processes; the log would grow without end. */
const charactersPerTidying = 32 * 1024 * 1024

/** Tables that changed much since they were last tidied: what the autovacuum of a server goes by. */
const changedTables = `
  select quote_ident(relname) as name from pg_stat_user_tables
  where n_dead_tup > 1000 + 0.2 * n_live_tup or n_ins_since_vacuum > 1000 + 0.2 * n_live_tup
    or n_mod_since_analyze > 500 + 0.1 * n_live_tup`

// Optimising this module takes 600 MB for a moment, more than all else in the process; the base compiler's code serves.
for (const flag of ['--no-wasm-dynamic-tiering', '--no-wasm-tier-up']) setFlagsFromString(flag)

const awakeMs = 100

let written = 0
const port = parentPort!
const answer = (message: PgliteAnswer): void => port.postMessage(message)

// While WebAssembly is compiled nothing else keeps this thread's loop alive. An idle thread waits for the background compiler, which may itself be
// waiting for this thread to come to a collection of garbage: neither would ever go on.
const awake = setInterval(() => {}, awakeMs)
try {
  const defaults = PGlite.defaultStartParams.filter((parameter) => parameter !== '-F')
  const database = await PGlite.create({
    fs: new DurableFiles(String(workerData)),
    onStderr: (line) => {
      panic = / PANIC: +(.*)/.exec(line)?.[1] ?? panic
      return false
    },
    startParams: [...defaults, ...settings.flatMap((setting) => ['-c', setting])],
  })
  let last = Promise.resolve()
  port.on('message', (request: PgliteRequest) => {
    last = last.then(() => serve(database, request)).catch(breakDown)
  })
  answer({ kind: 'opened' })
} catch (error) {
  breakDown(error)
} finally {
  clearInterval(awake)
}

async function serve(database: PGlite, request: PgliteRequest): Promise<void> {
  if (request.kind === 'close') {
    await database.close()
    process.exit(0)
  }
  try {
    answer({ kind: 'rows', id: request.id, rows: await run(database, request) })
  } catch (error) {
    if (!isRefusal(error)) throw error
    answer({ kind: 'refused', id: request.id, state: error.code ?? '', message: error.message })
  }
}

async function run(
  database: PGlite,
  request: Exclude<PgliteRequest, { readonly kind: 'close' }>,
): Promise<readonly SqlRow[]> {
  if (request.kind === 'query') return await runStatement(database, request.statement)
  if (written > charactersPerTidying) {
    await tidy(database)
    written = 0
  }
  await database.transaction(async (transaction) => {
    for (const statement of request.statements) await runStatement(transaction, statement)
  })
  for (const { values } of request.statements) written += values.reduce<number>((sum, value) => sum + sizeOf(value), 0)
  return []
}

/** The statement failed and PostgreSQL goes on; with any other severity it does not. */
const isRefusal = (error: unknown): error is messages.DatabaseError =>
  error instanceof messages.DatabaseError && error.severity === 'ERROR'

async function runStatement(database: PGlite | Transaction, statement: SqlStatement): Promise<readonly SqlRow[]> {
  return (await database.query<SqlRow>(statement.text, [...statement.values])).rows
}

function sizeOf(value: SqlValue): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  return value.reduce<number>((sum, item) => sum + sizeOf(item), 0)
}

async function tidy(database: PGlite): Promise<void> {
  await database.exec('checkpoint')
  const { rows } = await database.query<{ readonly name: string }>(changedTables)
  for (const { name } of rows) await database.exec(`vacuum (analyze) ${name}`)
}

function breakDown(error: unknown): void {
  answer({ kind: 'broken', message: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}
