import { DatabaseError, Pool, type PoolClient } from 'pg'
import { type AlertStore, AlertStoreUnavailable } from './alert-store.ts'
import { SqlAlertStore } from './alert-store-sql.ts'
import {
  isUnavailableState,
  type SqlClient,
  type SqlRow,
  type SqlStatement,
  type SqlValue,
} from './alert-store-sql-client.ts'

/**
 * The alert store on a PostgreSQL server. What is away comes back by itself: every request tries a connection anew.
 * Rejects with AlertStoreTooNew, AlertStoreUnavailable.
 * @param url `postgres://user:password@host:port/database?sslmode=verify-full`, with all that libpq's URLs may say
 */
export async function openPostgresAlertStore(url: string): Promise<AlertStore> {
  return await SqlAlertStore.open(new PostgresClient(url))
}

/**
 * C1 A transaction whose commit was not answered rejects, whether it took effect or not: whoever asks again must bear both.
 * C2 A connection that failed is never used again.
 */
export class PostgresClient implements SqlClient {
  readonly #pool: Pool
  #closing: Promise<void> | undefined

  constructor(url: string) {
    this.#pool = new Pool({
      connectionString: url,
      max: connectionsMax,
      connectionTimeoutMillis: connectMs,
      query_timeout: answerMs,
      idleTimeoutMillis: idleMs,
      keepAlive: true,
      application_name: 'vigil',
      // A server may be set to answer before it has written; what is told as kept must be.
      options: '-c synchronous_commit=on',
    })
    // Idle connections break with their server: the next request finds that out.
    this.#pool.on('error', () => {})
  }

  query(statement: SqlStatement): Promise<readonly SqlRow[]> {
    return this.#with((connection) => run(connection, statement))
  }

  async transaction(statements: readonly SqlStatement[]): Promise<void> {
    await this.#with(async (connection) => {
      await connection.query('begin')
      for (const statement of statements) await run(connection, statement)
      await connection.query('commit')
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.end()
    return this.#closing
  }

  async #with<T>(work: (connection: PoolClient) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw unavailable('it is closed')
    const connection = await this.#pool.connect().catch((error: unknown) => {
      throw told(error)
    })
    // An error between two statements has no other listener.
    const onError = (): void => {}
    connection.on('error', onError)
    let isSound = false
    try {
      const result = await work(connection)
      isSound = true
      return result
    } catch (error) {
      isSound =
        isRefusal(error) &&
        (await connection.query('rollback').then(
          () => true,
          () => false,
        ))
      throw told(error)
    } finally {
      connection.off('error', onError)
      connection.release(!isSound)
    }
  }
}

const run = async (connection: PoolClient, { text, values }: SqlStatement): Promise<readonly SqlRow[]> =>
  (await connection.query<Record<string, unknown>, SqlValue[]>(text, [...values])).rows

/** The server understood and said no, and goes on with this connection. */
const isRefusal = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && error.severity === 'ERROR'

/** The server undid the transaction for the sake of another one: asked again, it may succeed. */
const isUndone = (state: string): boolean => state.startsWith('40')

function told(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error)
  if (isRefusal(error)) {
    const state = error.code ?? ''
    if (!isUnavailableState(state) && !isUndone(state)) return new Error(message, { cause: error })
  }
  return unavailable(message, error)
}

const unavailable = (reason: string, cause?: unknown): AlertStoreUnavailable =>
  new AlertStoreUnavailable(`the alert store does not answer: ${reason}`, { cause })

/** One writes at a time; the others read. */
const connectionsMax = 4
const connectMs = 5_000
/** A page of alerts takes milliseconds; what takes longer than this is stuck. */
const answerMs = 30_000
const idleMs = 60_000
