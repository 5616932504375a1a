import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** What is asked of the table of one partition. Rows come as arrays. */
export interface PartitionStatements {
  readonly insertMany: StatementSync
  readonly insertOne: StatementSync
  /** `LastRow` of the newest record. */
  readonly last: StatementSync
  /** Offset of the oldest record. */
  readonly first: StatementSync
  /** Offset of the oldest record of [from, to) that was received at a time or later. */
  readonly firstSince: StatementSync
  /** Removes the records below an offset. */
  readonly remove: StatementSync
  /** `RecordRow`s from an offset on, at most so many. */
  readonly page: StatementSync
  /** `MarkRow` by offset. */
  readonly mark: StatementSync
  /** `EventRow` by offset. */
  readonly event: StatementSync
}

export type LastRow = readonly [offset: number, sequence: number]
export type RecordRow = readonly [
  offset: number,
  kind: number,
  receivedAt: number,
  traceparent: string,
  body: Uint8Array<ArrayBuffer>,
]
export type MarkRow = readonly [id: unknown, at: number, digest: number]
export type EventRow = readonly [
  id: unknown,
  at: number,
  receivedAt: number,
  traceparent: string,
  sequence: number,
  body: Uint8Array<ArrayBuffer>,
]

/** Of a table of records. */
export const columnsCount = 10
/** A statement costs more than its rows: with eight of them, a row takes half the time. More make no difference. */
export const rowsPerInsert = 8

export function partitionStatements(database: DatabaseSync, partition: number): PartitionStatements {
  const table = `records_${partition}`
  const row = `(${Array(columnsCount).fill('?').join(', ')})`
  const prepare = (sql: string): StatementSync => database.prepare(sql, { returnArrays: true })
  return {
    insertMany: prepare(`INSERT INTO ${table} VALUES ${Array(rowsPerInsert).fill(row).join(', ')}`),
    insertOne: prepare(`INSERT INTO ${table} VALUES ${row}`),
    last: prepare(`SELECT offset, sequence FROM ${table} ORDER BY offset DESC LIMIT 1`),
    first: prepare(`SELECT offset FROM ${table} ORDER BY offset LIMIT 1`),
    firstSince: prepare(`SELECT min(offset) FROM ${table} WHERE offset >= ? AND offset < ? AND received_at >= ?`),
    remove: prepare(`DELETE FROM ${table} WHERE offset < ?`),
    page: prepare(
      `SELECT offset, kind, received_at, traceparent, body FROM ${table} WHERE offset >= ? ORDER BY offset LIMIT ?`,
    ),
    mark: prepare(`SELECT id, at, digest FROM ${table} WHERE offset = ?`),
    event: prepare(`SELECT id, at, received_at, traceparent, sequence, body FROM ${table} WHERE offset = ?`),
  }
}

/**
 * An id as it is stored: text of SQLite is UTF-8, which has no place for half a surrogate pair, and many tools end it at a NUL. Such an id
 * is a blob of its UTF-16 units, little endian.
 */
export function storedId(id: string): string | Uint8Array {
  return isPlain(id) ? id : Buffer.from(id, 'utf16le')
}

export function sameId(stored: unknown, id: string): boolean {
  if (typeof stored === 'string') return stored === id
  return stored instanceof Uint8Array && Buffer.from(id, 'utf16le').equals(stored)
}

const isPlain = (id: string): boolean => id.isWellFormed() && !id.includes('\0')
