import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { HashFilter } from './hash-filter.ts'
import type { IdEntry, IdQuery, Position } from './recent-ids.ts'
import { dayOf, RecentIds, slicesCount } from './recent-ids.ts'

/**
 * Where the events with an id are, by the hash of the id.
 *
 * X1 Every event in the tables of records is in the table `ids`, or in memory, or both.
 * X2 All events below `indexed.next` of their partition are in the table. The others are read into memory when the log is opened.
 * X3 All of the table is in the filter, or in the time that it leaves open; a transaction that failed leaves its entries there, which does no harm.
 * X4 The rest of the state in memory changes with `add` and `removeLast`, and by `write` not before `keep` says that the transaction took effect.
 */
export class IdIndex {
  readonly #recent = new RecentIds()
  /** Entries since the last `keep`. */
  #added = 0
  /** The slice that is written next. With each round over all slices, `indexed` rises to where the records ended when it began. */
  #cursor = 0
  #roundStart: readonly number[]
  #written: Written | undefined
  readonly #positions: Position[] = []
  readonly #filter: HashFilter | undefined
  readonly #insertMany: StatementSync
  readonly #insertOne: StatementSync
  readonly #near: StatementSync
  readonly #all: StatementSync
  readonly #advance: StatementSync

  readonly #following: StatementSync
  readonly #remove: StatementSync
  /** The last entry that `sweep` has looked at. */
  #swept: EntryRow = beforeAll
  readonly #recentMax: number

  /**
   * @param nexts by partition, the offset above its last record
   * @param recentMax entries in memory above which some are written
   * @param unindexed the entries of a partition's records from an offset on; undefined: the caller adds them, and `near` is not asked for
   */
  constructor(
    database: DatabaseSync,
    nexts: readonly number[],
    recentMax: number,
    unindexed?: (partition: number, from: number) => Iterable<IdEntry>,
  ) {
    this.#recentMax = recentMax
    const prepare = (sql: string): StatementSync => database.prepare(sql, { returnArrays: true })
    const row = '(?, ?, ?, ?, ?)'
    this.#insertMany = prepare(`INSERT OR IGNORE INTO ids VALUES ${Array(rowsPerInsert).fill(row).join(', ')}`)
    this.#insertOne = prepare(`INSERT OR IGNORE INTO ids VALUES ${row}`)
    this.#near = prepare('SELECT partition, offset FROM ids WHERE day = ? AND hash = ? AND at BETWEEN ? AND ?')
    this.#all = prepare(`WITH RECURSIVE days (day) AS (
        SELECT min(day) FROM ids
        UNION ALL SELECT (SELECT min(day) FROM ids WHERE day > days.day) FROM days WHERE days.day IS NOT NULL
      )
      SELECT partition, offset FROM days CROSS JOIN ids ON ids.day = days.day AND ids.hash = ?`)
    this.#following = prepare(
      'SELECT day, hash, at, partition, offset FROM ids WHERE (day, hash, at, partition, offset) > (?, ?, ?, ?, ?) ORDER BY day, hash, at, partition, offset LIMIT ?',
    )
    this.#remove = prepare('DELETE FROM ids WHERE day = ? AND hash = ? AND at = ? AND partition = ? AND offset = ?')
    this.#advance = prepare('INSERT OR REPLACE INTO indexed VALUES (?, ?)')
    this.#roundStart = nexts.slice()
    if (unindexed === undefined) return
    const newest = database.prepare('SELECT max(at) AS at FROM ids WHERE day = (SELECT max(day) FROM ids)').get()
    this.#filter = new HashFilter(Number(newest?.['at'] ?? Number.NEGATIVE_INFINITY))
    for (const partition of nexts.keys())
      for (const entry of unindexed(partition, indexedNext(database, partition) ?? 1)) this.#recent.add(entry)
    this.#recent.keep()
  }

  add(entry: IdEntry): void {
    this.#recent.add(entry)
    this.#added++
  }

  removeLast(): void {
    this.#recent.removeLast()
    this.#added--
  }

  /** Entries of a hash near a time. @returns valid until the next call; an entry may be there twice */
  near(query: IdQuery): readonly Position[] {
    const positions = this.#positions
    positions.length = 0
    this.#recent.collect(query, positions)
    if (this.#filter?.mayHave(query) === false) return positions
    const last = dayOf(query.to)
    for (let day = dayOf(query.from); day <= last; day++) {
      const rows = this.#near.all(day, query.hash, query.from, query.to)
      for (const [partition, offset] of rows as unknown as readonly PositionRow[]) positions.push({ partition, offset })
    }
    return positions
  }

  /** Entries of a hash, whatever their time, in no order. */
  all(hash: number): readonly Position[] {
    const recent: Position[] = []
    this.#recent.collect({ hash, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }, recent)
    const rows = this.#all.all(hash) as unknown as readonly PositionRow[]
    const inTable = rows.map(([partition, offset]) => ({ partition, offset }))
    const known = new Set(inTable.map(({ partition, offset }) => `${partition} ${offset}`))
    return [...inTable, ...recent.filter(({ partition, offset }) => !known.has(`${partition} ${offset}`))]
  }

  /**
   * Writes slices into the table while there is too much in memory, within the caller's transaction.
   * @param firsts by partition, the offset above the records that were there before the transaction
   */
  write(firsts: readonly number[]): void {
    const slices: number[] = []
    let cursor = this.#cursor
    let roundStart = this.#roundStart
    let count = 0
    // After a crash there may be more than the bound; it goes down from transaction to transaction.
    while (this.#recent.size - count > this.#recentMax && count < 2 * this.#added + slicesCount) {
      if (cursor === 0) roundStart = firsts.slice()
      this.#writeSlice(cursor)
      slices.push(cursor)
      count += this.#recent.count(cursor)
      cursor = (cursor + 1) % slicesCount
      if (cursor === 0) for (const [partition, next] of roundStart.entries()) this.#advance.run(partition, next)
    }
    this.#written = { slices, cursor, roundStart }
  }

  /**
   * Looks at the next so many entries of the table, round and round, and removes those whose records are gone, within the caller's
   * transaction. Entries in memory go when they are written and met here.
   */
  sweep(count: number, isGone: (position: Position) => boolean): void {
    const rows = this.#following.all(...this.#swept, count) as unknown as readonly EntryRow[]
    for (const row of rows) if (isGone({ partition: row[3], offset: row[4] })) this.#remove.run(...row)
    this.#swept = rows.length < count ? beforeAll : rows[rows.length - 1]
  }

  /** The transaction took effect. */
  keep(): void {
    this.#recent.keep()
    this.#added = 0
    if (this.#written === undefined) return
    const { slices, cursor, roundStart } = this.#written
    for (const slice of slices) this.#recent.clear(slice)
    this.#cursor = cursor
    this.#roundStart = roundStart
    this.#written = undefined
  }

  #writeSlice(slice: number): void {
    const values: SQLInputValue[] = []
    for (const { hash, at, partition, offset } of this.#recent.entries(slice)) {
      this.#filter?.add(hash, at)
      values.push(dayOf(at), hash, at, partition, offset)
      if (values.length === columnsCount * rowsPerInsert) {
        this.#insertMany.run(...values)
        values.length = 0
      }
    }
    for (let at = 0; at < values.length; at += columnsCount) this.#insertOne.run(...values.slice(at, at + columnsCount))
  }
}

/** All events of the partition below this offset are in the table; undefined: none was written yet. */
export function indexedNext(database: DatabaseSync, partition: number): number | undefined {
  const row = database.prepare('SELECT next FROM indexed WHERE partition = ?').get(partition)
  return row === undefined ? undefined : Number(row['next'])
}

/** What `write` did in a transaction that has not yet taken effect. */
interface Written {
  readonly slices: readonly number[]
  readonly cursor: number
  readonly roundStart: readonly number[]
}

type EntryRow = readonly [day: number, hash: number, at: number, partition: number, offset: number]

const beforeAll: EntryRow = [-1, -1, -1, -1, -1]

type PositionRow = readonly [partition: number, offset: number]

const columnsCount = 5
const rowsPerInsert = 16
