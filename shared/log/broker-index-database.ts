import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { hash52 } from '#shared/domain/hash52'
import type { Position } from './recent-ids.ts'
import { isEventKind } from './repeat-rule.ts'
import { IdIndex, indexedNext } from './sqlite-id-index.ts'

/** Which log an index is of. */
export interface IndexedLog {
  /** Is made if it is missing. The index is the file `log-index.db` in it. */
  readonly folder: string
  readonly incarnation: string
  readonly partitions: number
  /** Whether what is there is of another log, and made again. */
  readonly isForeign: boolean
}

/** A frame that is in the index: by it an index of another log under the same name is known. */
export interface IndexedFrame {
  readonly offset: number
  readonly stamp: number
}

/**
 * Where the events of a broker's log are, by id: what the broker itself cannot be asked. The log is the truth; the file is made again from it where
 * it is missing, damaged or of another log, and after a crash it lacks what was in memory.
 *
 * D1 All events below `nexts[p]` of partition p are in the file.
 */
export class BrokerIndexDatabase {
  readonly nexts: readonly number[]
  /** By partition, the frame that was added last. */
  readonly marks: readonly (IndexedFrame | undefined)[]
  readonly #putMark: StatementSync
  readonly #database: DatabaseSync
  readonly #hashKey: number
  readonly #ids: IdIndex
  /** By partition, what lies below has gone from the log. */
  readonly #firsts: number[]

  /** Throws what SQLite and the file system throw. */
  constructor(log: IndexedLog) {
    this.#database = openIndexFile(log)
    this.#hashKey = Number(this.#database.prepare(`SELECT value FROM meta WHERE name = 'hash_key'`).get()?.['value'])
    this.nexts = Array.from({ length: log.partitions }, (_, p) => indexedNext(this.#database, p) ?? 0)
    const findMark = this.#database.prepare('SELECT offset, stamp FROM marks WHERE partition = ?')
    this.marks = this.nexts.map((_, p) => {
      const row = findMark.get(p)
      return row === undefined ? undefined : { offset: Number(row['offset']), stamp: Number(row['stamp']) }
    })
    this.#putMark = this.#database.prepare('INSERT OR REPLACE INTO marks VALUES (?, ?, ?)')
    this.#ids = new IdIndex(this.#database, this.nexts, recentIdsMax)
    this.#firsts = this.nexts.map(() => 0)
  }

  /**
   * @param events what was added before does no harm
   * @param firsts by partition, all events below are in the file or were added before
   */
  add({ partition, offset, stamp, kinds, ids, at }: FrameEvents, firsts: readonly number[]): void {
    for (let i = 0; i < ids.length; i++)
      if (isEventKind[kinds[i]])
        this.#ids.add({ hash: hash52(ids[i], this.#hashKey), at: at[i], partition, offset: offset + i })
    this.#database.exec('BEGIN IMMEDIATE')
    this.#ids.write(firsts)
    if (this.#firsts.some((first) => first > 0))
      this.#ids.sweep(sweptPerEvent * ids.length, (position) => position.offset < this.#firsts[position.partition])
    this.#putMark.run(partition, offset, stamp)
    this.#database.exec('COMMIT')
    this.#ids.keep()
  }

  /** The log no longer has what lies below `first`: it goes from the index, too, bit by bit with what is added. */
  removed(partition: number, first: number): void {
    this.#firsts[partition] = first
  }

  /** Where events with these ids may be: others are among them where hashes are equal by chance. */
  find(ids: readonly string[]): readonly Position[] {
    return ids.flatMap((id) => this.#ids.all(hash52(id, this.#hashKey)))
  }

  close(): void {
    this.#database.close()
  }
}

/** What the index takes of the records of a frame. */
export interface FrameEvents {
  readonly partition: number
  /** Of the first. */
  readonly offset: number
  readonly stamp: number
  /** Indexes into `recordKinds`; what is no event is passed over. */
  readonly kinds: readonly number[]
  readonly ids: readonly string[]
  readonly at: readonly number[]
}

const indexFile = (folder: string): string => join(folder, 'log-index.db')

function openIndexFile(log: IndexedLog): DatabaseSync {
  mkdirSync(log.folder, { recursive: true })
  const file = indexFile(log.folder)
  const name = JSON.stringify([schemaVersion, log.incarnation, log.partitions])
  if (existsSync(file) && (log.isForeign || !isOf(file, name)))
    for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs })
  try {
    database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      PRAGMA cache_size = -${cacheKibibytes}; PRAGMA journal_size_limit = ${walBytesKept};
      BEGIN EXCLUSIVE;
      CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS ids (
        day INTEGER NOT NULL, hash INTEGER NOT NULL, at INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
        PRIMARY KEY (day, hash, at, partition, offset)
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS indexed (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS marks (partition INTEGER PRIMARY KEY, offset INTEGER NOT NULL, stamp INTEGER NOT NULL);`)
    const put = database.prepare('INSERT OR IGNORE INTO meta VALUES (?, ?)')
    put.run('log', name)
    put.run('hash_key', randomInt(2 ** 32))
    database.exec('COMMIT')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Whether the file is an index of that log; one that cannot be read as an index is none. */
function isOf(file: string, name: string): boolean {
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs })
  try {
    return database.prepare(`SELECT value FROM meta WHERE name = 'log'`).get()?.['value'] === name
  } catch (error) {
    if (isBusy(error)) throw error
    return false
  } finally {
    database.close()
  }
}

const isBusy = (error: unknown): boolean => error instanceof Error && 'errcode' in error && error.errcode === 5

const schemaVersion = 1
/** So that what is gone is a small part of the index. */
const sweptPerEvent = 4
const busyTimeoutMs = 2_000
/** What a start reads again from the log: less than a second. */
const recentIdsMax = 65_536
const cacheKibibytes = 16 * 1024
const walBytesKept = 64 * 2 ** 20
