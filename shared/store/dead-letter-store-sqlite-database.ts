import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { DeadLetter, DeadLetterQuery, DeadLetterStore, ListedLetter, NewDeadLetter } from './dead-letter-store.ts'

/** How much may lie there; see `deadLetterLimits`. */
export interface LetterBounds {
  readonly lettersMax: number
  readonly bytesMax: number
  readonly keptMs: number
}

const formatVersion = 1

const listedColumns = 'id, source, position, row, digest, reason, field, message, size, received_at, traceparent'

const schema = `
  CREATE TABLE letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, position TEXT NOT NULL, row INTEGER NOT NULL, digest TEXT NOT NULL,
    reason TEXT NOT NULL, field TEXT, message TEXT NOT NULL, bytes BLOB NOT NULL, size INTEGER NOT NULL, received_at INTEGER NOT NULL,
    traceparent TEXT NOT NULL, UNIQUE (source, position, row, digest)
  );
  CREATE INDEX letters_by_arrival ON letters (received_at);
`

/** The file `dead-letters.db` of a folder. Each commit is synchronous: a source moves on behind it. Throws what SQLite or the file system throws. */
export class DeadLetterDatabase {
  readonly #bounds: LetterBounds
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #select: StatementSync
  /** Of all letters. */
  #count: number
  #bytes: number

  constructor(folder: string, bounds: LetterBounds) {
    this.#bounds = bounds
    this.#database = openFile(folder)
    this.#insert = this.#database.prepare(
      `INSERT OR IGNORE INTO letters (source, position, row, digest, reason, field, message, bytes, size, received_at, traceparent)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#select = this.#database.prepare(
      `SELECT ${listedColumns} FROM letters WHERE id < ? AND (?2 IS NULL OR source = ?2) AND (?3 IS NULL OR reason = ?3) ORDER BY id DESC LIMIT ?4`,
    )
    const sums = this.#database
      .prepare('SELECT count(*) AS count, coalesce(sum(length(bytes)), 0) AS bytes FROM letters')
      .get()
    this.#count = Number(sums?.['count'])
    this.#bytes = Number(sums?.['bytes'])
    this.expire()
  }

  add(letters: readonly NewDeadLetter[]): number {
    return this.#atOnce(() => {
      for (const letter of letters) {
        const { source, position, row, digest, reason, field, message, bytes, size, receivedAt, traceparent } = letter
        const values = [
          source,
          position,
          row,
          digest,
          reason,
          field ?? null,
          message,
          bytes,
          size,
          receivedAt,
          traceparent,
        ]
        const { changes } = this.#insert.run(...values)
        if (changes === 0) continue
        this.#count++
        this.#bytes += bytes.length
      }
      return this.#makeRoom()
    })
  }

  list({ source, reason, before, limit }: DeadLetterQuery): readonly ListedLetter[] {
    const rows = this.#select.all(before ?? Number.MAX_SAFE_INTEGER, source ?? null, reason ?? null, limit)
    return rows.map(listedOf)
  }

  letter(id: number): DeadLetter | undefined {
    const row = this.#database.prepare('SELECT * FROM letters WHERE id = ?').get(id)
    return row && { ...listedOf(row), bytes: row['bytes'] as Uint8Array }
  }

  remove(id: number): void {
    this.#atOnce(() => this.#drop('id = ?', id))
  }

  amend(id: number, { reason, field, message }: Parameters<DeadLetterStore['amend']>[1]): void {
    this.#database
      .prepare('UPDATE letters SET reason = ?, field = ?, message = ? WHERE id = ?')
      .run(reason, field ?? null, message, id)
  }

  close(): void {
    this.#database.close()
  }

  #atOnce<T>(work: () => T): T {
    const [count, bytes] = [this.#count, this.#bytes]
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      this.#count = count
      this.#bytes = bytes
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** Removes what is older than may be kept. */
  expire(): void {
    this.#atOnce(() => this.#drop('received_at < ?', Date.now() - this.#bounds.keptMs))
  }

  /** @returns how many went */
  #makeRoom(): number {
    const { lettersMax, bytesMax } = this.#bounds
    const before = this.#count
    // A part more than needed, so that a flood does not make room for each letter by itself.
    while (this.#count > lettersMax || this.#bytes > bytesMax)
      this.#drop('id IN (SELECT id FROM letters ORDER BY id LIMIT ?)', Math.max(1, Math.ceil(this.#count / 50)))
    return before - this.#count
  }

  #drop(which: string, value: number): void {
    const gone = this.#database
      .prepare(`DELETE FROM letters WHERE ${which} RETURNING length(bytes) AS bytes`)
      .all(value)
    this.#count -= gone.length
    for (const { bytes } of gone) this.#bytes -= Number(bytes)
  }
}

function openFile(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true })
  const database = new DatabaseSync(join(folder, 'dead-letters.db'))
  try {
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA journal_size_limit = 16777216;
      BEGIN IMMEDIATE;
    `)
    const version = database.prepare('PRAGMA user_version').get()?.['user_version']
    if (version === 0) database.exec(`${schema} PRAGMA user_version = ${formatVersion};`)
    else if (version !== formatVersion)
      throw new Error(`dead-letters.db has format ${version}, this version reads ${formatVersion}; move it away`)
    database.exec('COMMIT')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const listedOf = (row: Record<string, unknown>): ListedLetter => ({
  id: Number(row['id']),
  source: String(row['source']),
  position: String(row['position']),
  row: Number(row['row']),
  digest: String(row['digest']),
  reason: String(row['reason']),
  field: row['field'] === null ? undefined : String(row['field']),
  message: String(row['message']),
  size: Number(row['size']),
  receivedAt: Number(row['received_at']),
  traceparent: String(row['traceparent']),
})
