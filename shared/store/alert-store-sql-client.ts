/**
 * What the alert store asks of a PostgreSQL, in this process or on a server.
 *
 * Both reject with AlertStoreUnavailable where the database is gone, full or stopping; with another error where a statement is wrong.
 */
export interface SqlClient {
  query(statement: SqlStatement): Promise<readonly SqlRow[]>
  /** Runs all, in order, in one transaction; resolves once it is durable. */
  transaction(statements: readonly SqlStatement[]): Promise<void>
  /** Resolves once nothing is open any more, also where it is closed already. */
  close(): Promise<void>
}

/** One statement, with `$1`, `$2` … for the values; each of these is cast in the text, so that no client has to guess its type. */
export interface SqlStatement {
  readonly text: string
  readonly values: readonly SqlValue[]
}

type SqlScalar = string | number | null

/** A list becomes an array of PostgreSQL. */
export type SqlValue = SqlScalar | readonly SqlScalar[]

/** By name of column; a bigint may come as a number, a bigint or a text. */
export type SqlRow = Readonly<Record<string, unknown>>

/** States of PostgreSQL by their first two characters: no resources, an operator's intervention, a system error, an internal error, no connection. */
const unavailableClasses: ReadonlySet<string> = new Set(['53', '57', '58', 'XX', '08'])

/** No privilege: also what a file is told that may not be opened for writing, where its disk has turned read-only. */
const noPrivilege = '42501'
/** The transaction may only read: the same disk. */
const readOnly = '25006'

/** Whether a SQLSTATE says that the database cannot serve now, rather than that a statement is wrong. */
export const isUnavailableState = (state: string): boolean =>
  unavailableClasses.has(state.slice(0, 2)) || state === noPrivilege || state === readOnly
