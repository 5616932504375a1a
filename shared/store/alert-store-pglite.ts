import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type AlertStore, AlertStoreUnavailable } from './alert-store.ts'
import type { PgliteAnswer, PgliteRequest } from './alert-store-pglite-worker.ts'
import { SqlAlertStore } from './alert-store-sql.ts'
import { isUnavailableState, type SqlClient, type SqlRow, type SqlStatement } from './alert-store-sql-client.ts'

/**
 * The alert store in this process, in `pglite` below the data folder, which is made where there is none. Only one process may have it
 * open: whoever calls this holds the lock of the data folder.
 *
 * Once it has rejected because its thread is gone it stays so; open it again. Rejects with AlertStoreTooNew, AlertStoreUnavailable.
 */
export async function openPgliteAlertStore(dataFolder: string): Promise<AlertStore> {
  const folder = join(dataFolder, 'pglite')
  try {
    await createDatabase(folder)
  } catch (error) {
    if (error instanceof AlertStoreUnavailable) throw error
    throw new AlertStoreUnavailable(`the alert store cannot be made: ${(error as Error).message}`, { cause: error })
  }
  return await SqlAlertStore.open(await PgliteClient.open(startPglite(folder)))
}

/** Starts the thread that opens, or makes, the database in a folder whose parent exists. */
export const startPglite = (folder: string): Worker =>
  new Worker(new URL('./alert-store-pglite-worker.ts', import.meta.url), {
    workerData: folder,
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  })

/**
 * A new database takes its place when it is complete: one that was being made when the process died is made anew. A thread of its own
 * makes it, since the memory that this takes is only given back when the thread ends.
 */
async function createDatabase(folder: string): Promise<void> {
  if (existsSync(folder)) return
  const unfinished = `${folder}.partial`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  const client = await PgliteClient.open(startPglite(unfinished))
  await client.close()
  await rename(unfinished, folder)
}

/** More requests than anybody waits for: past it they are refused, not gathered. */
const requestsWaitingMax = 1_000

interface Waiting {
  readonly resolve: (rows: readonly SqlRow[]) => void
  readonly reject: (error: Error) => void
}

/**
 * The embedded PostgreSQL in a thread of its own.
 *
 * C1 Every request is settled once: by its answer, or by the end of the thread.
 * C2 After the end of the thread every request is refused.
 */
export class PgliteClient implements SqlClient {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #opened = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<void>()
  #nextId = 1
  /** Why nothing is taken any more. */
  #gone: string | undefined
  #isClosing = false

  private constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (answer: PgliteAnswer) => this.#take(answer))
    worker.on('error', (error: Error) => this.#end(`its thread failed: ${error.message}`))
    worker.on('exit', () => {
      this.#end(this.#isClosing ? 'it is closed' : 'its thread ended')
      this.#ended.resolve()
    })
  }

  /** Takes a thread of `startPglite` over. Rejects with AlertStoreUnavailable. */
  static async open(worker: Worker): Promise<PgliteClient> {
    const client = new PgliteClient(worker)
    await client.#opened.promise
    return client
  }

  query(statement: SqlStatement): Promise<readonly SqlRow[]> {
    return this.#ask((id) => ({ kind: 'query', id, statement }))
  }

  async transaction(statements: readonly SqlStatement[]): Promise<void> {
    await this.#ask((id) => ({ kind: 'transaction', id, statements }))
  }

  /** What was asked before is done first. */
  async close(): Promise<void> {
    if (this.#gone === undefined && !this.#isClosing) {
      this.#isClosing = true
      this.#post({ kind: 'close' })
    }
    await this.#ended.promise
  }

  async #ask(requestOf: (id: number) => PgliteRequest): Promise<readonly SqlRow[]> {
    if (this.#isClosing) throw unavailable('it is closed')
    if (this.#gone !== undefined) throw unavailable(this.#gone)
    if (this.#waiting.size >= requestsWaitingMax) throw unavailable(`${requestsWaitingMax} requests wait for it`)
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<readonly SqlRow[]>()
    this.#waiting.set(id, { resolve, reject })
    this.#post(requestOf(id))
    return await promise
  }

  #post(request: PgliteRequest): void {
    this.#worker.postMessage(request)
  }

  #take(answer: PgliteAnswer): void {
    if (answer.kind === 'opened') this.#opened.resolve()
    else if (answer.kind === 'broken') this.#end(answer.message)
    else this.#settle(answer)
  }

  #settle(answer: Extract<PgliteAnswer, { readonly id: number }>): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.kind === 'rows') waiting?.resolve(answer.rows)
    else waiting?.reject(isUnavailableState(answer.state) ? unavailable(answer.message) : new Error(answer.message))
  }

  #end(reason: string): void {
    this.#gone ??= reason
    this.#opened.reject(unavailable(this.#gone))
    for (const { reject } of this.#waiting.values()) reject(unavailable(this.#gone))
    this.#waiting.clear()
  }
}

const unavailable = (reason: string): AlertStoreUnavailable =>
  new AlertStoreUnavailable(`the alert store does not answer: ${reason}`)
