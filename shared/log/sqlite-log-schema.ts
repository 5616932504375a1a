import { randomInt } from 'node:crypto'
import { accessSync, closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isDamage, LogRefused } from './sqlite-log-failure.ts'

/** Written into the file, so that a database of another program is not taken for a log: "VIGL". */
const applicationId = 0x5649474c
const schemaVersion = 1

export const logFile = (folder: string): string => join(folder, 'log.db')

export interface LogFile {
  readonly file: string
  readonly database: DatabaseSync
  /** Keys the hash of ids, so that no sender can prepare ids that collide. */
  readonly hashKey: number
}

/**
 * Opens `log.db` in a folder, and makes both where they are missing. No other process can open it then.
 * Throws LogRefused where it is no log of ours, and what SQLite or the file system throw.
 */
export function openLogFile(folder: string, partitions: number): LogFile {
  makeFolder(folder)
  const file = logFile(folder)
  // SQLite would only say that it cannot lock the file.
  if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK)
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs })
  try {
    return { file, database, hashKey: prepareFile(file, database, partitions) }
  } catch (error) {
    database.close()
    if (!isDamage(error)) throw error
    throw new LogRefused(
      `${file} is damaged or not a database of this program. Put back a copy of it, with its -wal file if there is one; ` +
        `or move it away, and the log starts empty.`,
    )
  }
}

/** @returns the key of the hash */
function prepareFile(file: string, database: DatabaseSync, partitions: number): number {
  // Two writers would each give out the same offsets.
  database.exec('PRAGMA locking_mode = EXCLUSIVE')
  const isNew = pragma(database, 'schema_version') === 0
  // Until it is known to be ours, nothing is written into it.
  if (!isNew) checkOwner(file, database)
  database.exec(`PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = ${checkpointPages};
    PRAGMA journal_size_limit = ${walBytesKept};
    PRAGMA cache_size = -${cacheKibibytes}`)
  if (isNew) makeSchema(database, partitions)
  const made = meta(database, 'partitions')
  if (made !== partitions)
    throw new LogRefused(
      `${file} was made with ${made} partitions, not with ${partitions}. Their number cannot change: set it back to ${made}, ` +
        'or start with another folder.',
    )
  return meta(database, 'hash_key')
}

function checkOwner(file: string, database: DatabaseSync): void {
  if (pragma(database, 'application_id') !== applicationId)
    throw new LogRefused(`${file} belongs to another program. Move it away, or name another folder for the log.`)
  const version = pragma(database, 'user_version')
  if (version !== schemaVersion)
    throw new LogRefused(
      `${file} has format ${version}, and this version reads format ${schemaVersion}. Use the version that wrote it, or a newer one.`,
    )
}

function makeSchema(database: DatabaseSync, partitions: number): void {
  const tables = Array.from({ length: partitions }, (_, partition) => recordTable(partition))
  database.exec(`BEGIN EXCLUSIVE;
    CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
    INSERT INTO meta VALUES ('partitions', ${partitions}), ('hash_key', ${randomInt(2 ** 32)});
    ${tables.join('\n')}
    CREATE TABLE ids (
      day INTEGER NOT NULL, hash INTEGER NOT NULL, at INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
      PRIMARY KEY (day, hash, at, partition, offset)
    ) WITHOUT ROWID;
    CREATE TABLE indexed (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL);
    CREATE TABLE probe (bytes BLOB);
    PRAGMA application_id = ${applicationId};
    PRAGMA user_version = ${schemaVersion};
    COMMIT`)
}

/**
 * `sequence` counts the records of all partitions. `id_hash`, `id`, `at` and `digest` are null where the record is no event. An id that a
 * text of SQLite cannot hold is a blob (see `storedId`).
 */
const recordTable = (partition: number): string => `CREATE TABLE records_${partition} (
  offset INTEGER PRIMARY KEY, kind INTEGER NOT NULL, received_at INTEGER NOT NULL, traceparent TEXT NOT NULL,
  sequence INTEGER NOT NULL, id_hash INTEGER, id, at INTEGER, digest INTEGER, body BLOB NOT NULL
);`

function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get()!)[0])
}

function meta(database: DatabaseSync, name: string): number {
  const row = database.prepare('SELECT value FROM meta WHERE name = ?').get(name)
  return Number(row?.['value'])
}

/** A folder that was just made is only there after a power cut if the one above it was written too. */
function makeFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true })
  if (made === undefined || process.platform === 'win32') return
  const above = openSync(dirname(made), 'r')
  fsyncSync(above)
  closeSync(above)
}

/** Long enough for a process that is just ending to let go of the file. */
const busyTimeoutMs = 2_000
/** Of 4 KiB: 16 MiB. A page that changes in many transactions is then copied into the file once. */
const checkpointPages = 4_096
const walBytesKept = 64 * 2 ** 20
/** The pages of the index for one day at 25 events a second fit into it; more gain little. */
const cacheKibibytes = 16 * 1024
