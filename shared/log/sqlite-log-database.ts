import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { hash52 } from '#shared/domain/hash52'
import { invariant } from '#shared/domain/invariant'
import type { FoundEvent } from './event-log.ts'
import type { ColumnBlock } from './log-block-builder.ts'
import { LogBlockBuilder } from './log-block-builder.ts'
import type { IdEntry, Position } from './recent-ids.ts'
import { compareEvents, isEventKind } from './repeat-rule.ts'
import type { KnownEvent } from './sqlite-group-plan.ts'
import { GroupPlan, noHash, requestOfRecords } from './sqlite-group-plan.ts'
import { IdIndex } from './sqlite-id-index.ts'
import type { LogFailure } from './sqlite-log-failure.ts'
import { failureOf } from './sqlite-log-failure.ts'
import { bringAbout } from './sqlite-log-faults.ts'
import type { AppendGroup, AppendOutcome, DatabaseSettings } from './sqlite-log-messages.ts'
import { verdict } from './sqlite-log-messages.ts'
import type { LogFile } from './sqlite-log-schema.ts'
import { openLogFile } from './sqlite-log-schema.ts'
import type { EventRow, LastRow, MarkRow, PartitionStatements, RecordRow } from './sqlite-partition-statements.ts'
import { columnsCount, partitionStatements, rowsPerInsert, sameId, storedId } from './sqlite-partition-statements.ts'

/**
 * The tables of records, on the thread that may wait for the disk.
 *
 * D1 A group of requests is one transaction. When `append` returns an outcome, it is durable; a failure leaves nothing of the group behind,
 *    neither in the file nor in memory.
 * D2 `nexts[p]` is one above the offset of the last record of partition p, from 1 without gaps.
 * D3 Every event is in the index from the moment its place is given out, so that later ones of the same group meet it.
 * D4 Records go from the oldest on, and never the newest: it says which offset and sequence come next. The index may name some that are gone.
 */
export class SqliteLogDatabase {
  readonly nexts: number[]
  /** By partition, offset of the lowest record; that of the next one where there is none. */
  readonly firsts: number[]
  #sequence: number
  readonly #settings: DatabaseSettings
  readonly #file: string
  readonly #database: DatabaseSync
  readonly #hashKey: number
  readonly #ids: IdIndex
  readonly #statements: readonly PartitionStatements[]

  /** Throws LogRefused, or what SQLite throws. */
  constructor(settings: DatabaseSettings) {
    const { file, database, hashKey }: LogFile = openLogFile(settings.folder, settings.partitions)
    this.#settings = settings
    this.#file = file
    this.#database = database
    this.#hashKey = hashKey
    this.#statements = Array.from({ length: settings.partitions }, (_, p) => partitionStatements(database, p))
    const lasts = this.#statements.map(({ last }) => last.get() as unknown as LastRow | undefined)
    this.nexts = lasts.map((last) => (last?.[0] ?? 0) + 1)
    const firsts = this.#statements.map(({ first }) => first.get() as unknown as readonly [number] | undefined)
    this.firsts = firsts.map((first, p) => first?.[0] ?? this.nexts[p])
    this.#sequence = Math.max(-1, ...lasts.map((last) => last?.[1] ?? -1)) + 1
    this.#ids = new IdIndex(database, this.nexts, settings.recentIdsMax, (p, from) => eventsFrom(database, p, from))
  }

  append(group: AppendGroup): AppendOutcome | LogFailure {
    const plan = new GroupPlan(group, this.nexts)
    try {
      if (this.#settings.faults !== undefined) bringAbout(this.#settings.faults, this.#database)
      for (let request = 0; request < group.requestEnds.length; request++) this.#judge(plan, request)
      const count = plan.count()
      if (count > 0) {
        this.#database.exec('BEGIN IMMEDIATE')
        this.#insert(plan)
        this.#ids.write(plan.firsts)
        this.#database.exec('COMMIT')
        this.#ids.keep()
        this.#sequence += count
      }
      return plan.outcome
    } catch (error) {
      this.#rollBack()
      while (plan.count() > 0) this.#takeBack(plan, plan.lastRecord())
      return failureOf(this.#file, error)
    }
  }

  /** Writes and deletes so many bytes; what they took of the file stays free for records. */
  probe(bytes: number): LogFailure | undefined {
    try {
      if (this.#settings.faults !== undefined) bringAbout(this.#settings.faults, this.#database)
      this.#database.exec(`INSERT INTO probe VALUES (zeroblob(${bytes}))`)
      this.#database.exec('DELETE FROM probe')
      return undefined
    } catch (error) {
      return failureOf(this.#file, error)
    }
  }

  /** Throws what SQLite throws; `failureOf` tells what it means. */
  read(partition: number, from: number, bytesMax: number): ColumnBlock {
    const { page } = this.#statements[partition]
    const builder = new LogBlockBuilder({ records: 64, bytes: 64 * 1024 })
    let rowsMax = pageRowsMin
    for (let offset = from; ; ) {
      const rows = page.all(offset, rowsMax) as unknown as readonly RecordRow[]
      for (const [at, kind, receivedAt, traceparent, body] of rows) {
        if (builder.length > 0 && builder.bytesLength + body.length > bytesMax) return builder.block()
        builder.add({ offset: at, kind, receivedAt, traceparent }, body)
      }
      if (rows.length < rowsMax) return builder.block()
      offset = rows[rows.length - 1][0] + 1
      const bytesPerRow = Math.max(1, builder.bytesLength / builder.length)
      rowsMax = Math.ceil(Math.min(pageRowsMax, Math.max(1, (bytesMax - builder.bytesLength) / bytesPerRow)))
    }
  }

  /**
   * One step: removes old records of a partition, and looks at some of the index for what is gone. Throws what SQLite throws.
   * @returns whether there is nothing more to remove
   */
  trim(
    partition: number,
    { before, receivedBefore }: { readonly before: number; readonly receivedBefore: number },
  ): { readonly first: number; readonly isDone: boolean } {
    const { firstSince, remove } = this.#statements[partition]
    const from = this.firsts[partition]
    const end = Math.min(before, this.nexts[partition] - 1)
    const to = Math.min(from + trimmedRecords, end)
    if (to <= from) return { first: from, isDone: true }
    const [young] = firstSince.get(from, to, receivedBefore) as unknown as readonly [number | null]
    const first = young ?? to
    if (first > from) {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        remove.run(first)
        this.#ids.sweep(
          sweptEntries,
          (entry) => entry.offset < (entry.partition === partition ? first : this.firsts[entry.partition]),
        )
        this.#database.exec('COMMIT')
      } catch (error) {
        this.#rollBack()
        throw error
      }
      this.firsts[partition] = first
    }
    return { first, isDone: young !== null || first >= end }
  }

  /** Throws what SQLite throws. */
  find(ids: readonly string[]): readonly FoundEvent[] {
    const found: { readonly sequence: number; readonly event: FoundEvent }[] = []
    for (const id of new Set(ids))
      for (const { partition, offset } of this.#ids.all(this.#hash(id))) {
        const row = this.#statements[partition].event.get(offset) as unknown as EventRow | undefined
        if (row === undefined) continue
        const [stored, at, receivedAt, traceparent, sequence, body] = row
        if (sameId(stored, id))
          found.push({ sequence, event: { id, partition, offset, at, receivedAt, traceparent, body } })
      }
    return found.sort((a, b) => a.sequence - b.sequence).map(({ event }) => event)
  }

  failure(error: unknown): LogFailure {
    return failureOf(this.#file, error)
  }

  close(): void {
    this.#database.close()
  }

  /** Gives out places to the records of a request, and takes them back where one is a conflict. */
  #judge(plan: GroupPlan, request: number): void {
    const { group, outcome } = plan
    const start = request === 0 ? 0 : group.requestEnds[request - 1]
    const end = group.requestEnds[request]
    const isEvent = isEventKind[group.kinds[request]]
    let hasConflict = false
    for (let i = start; i < end; i++) {
      const hash = isEvent ? this.#hash(group.ids[i]) : noHash
      const earlier = isEvent ? this.#earlier(plan, i, hash) : undefined
      if (earlier === undefined) this.#place(plan, i, hash)
      else if (earlier === 'conflict') {
        outcome.verdicts[i] = verdict.conflict
        hasConflict = true
      } else {
        outcome.verdicts[i] = verdict.duplicate
        outcome.offsets[i] = earlier
      }
    }
    if (!hasConflict) return
    for (let i = end - 1; i >= start; i--) if (outcome.verdicts[i] === verdict.appended) this.#takeBack(plan, i)
  }

  #place(plan: GroupPlan, i: number, hash: number): void {
    const { group, outcome, hashes } = plan
    const partition = group.partitions[i]
    const offset = this.nexts[partition]++
    outcome.offsets[i] = offset
    hashes[i] = hash
    plan.records[partition].push(i)
    plan.order.push(i)
    if (hash !== noHash) this.#ids.add({ hash, at: group.at[i], partition, offset })
  }

  /** The last record that was placed and not yet taken back. */
  #takeBack(plan: GroupPlan, i: number): void {
    const last = plan.order.pop()
    invariant(last === i, 'places are taken back in reverse order')
    const partition = plan.group.partitions[i]
    plan.records[partition].pop()
    this.nexts[partition]--
    if (plan.hashes[i] !== noHash) this.#ids.removeLast()
  }

  /** The offset of the event that this one repeats. */
  #earlier(plan: GroupPlan, i: number, hash: number): number | 'conflict' | undefined {
    const { group } = plan
    const { latenessMs } = this.#settings
    const at = group.at[i]
    const positions = this.#ids.near({ hash, from: at - latenessMs, to: at + latenessMs })
    if (positions.length === 0) return undefined
    const event = { partition: group.partitions[i], at, digest: group.digests[i] }
    let hasConflict = false
    for (const position of positions) {
      const known = plan.event(position) ?? this.#storedEvent(position)
      if (known === undefined || !sameId(known.id, group.ids[i])) continue
      const relation = compareEvents({ ...known, partition: position.partition }, event, latenessMs)
      if (relation === 'repeat') return position.offset
      if (relation === 'conflict') hasConflict = true
    }
    return hasConflict ? 'conflict' : undefined
  }

  /** undefined: it is gone. */
  #storedEvent({ partition, offset }: Position): KnownEvent | undefined {
    const row = this.#statements[partition].mark.get(offset) as unknown as MarkRow | undefined
    return row && { id: row[0], at: row[1], digest: row[2] }
  }

  #insert({ group, records, firsts, order, outcome, hashes }: GroupPlan): void {
    const sequences = new Float64Array(outcome.offsets.length)
    for (const [position, i] of order.entries()) sequences[i] = this.#sequence + position
    const requests = requestOfRecords(group)
    for (const [partition, indexes] of records.entries()) {
      const { insertMany, insertOne } = this.#statements[partition]
      const values: SQLInputValue[] = []
      for (const [n, i] of indexes.entries()) {
        const request = requests[i]
        const isEvent = hashes[i] !== noHash
        values.push(
          firsts[partition] + n,
          group.kinds[request],
          group.receivedAt[request],
          group.traceparents[request],
          sequences[i],
          isEvent ? hashes[i] : null,
          isEvent ? storedId(group.ids[i]) : null,
          isEvent ? group.at[i] : null,
          isEvent ? group.digests[i] : null,
          group.bytes.subarray(i === 0 ? 0 : group.ends[i - 1], group.ends[i]),
        )
        if (values.length === columnsCount * rowsPerInsert) {
          insertMany.run(...values)
          values.length = 0
        }
      }
      for (let at = 0; at < values.length; at += columnsCount) insertOne.run(...values.slice(at, at + columnsCount))
    }
  }

  #rollBack(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
  }

  #hash(id: string): number {
    const hash = hash52(id, this.#hashKey)
    const { idHashBits } = this.#settings
    return idHashBits === 52 ? hash : hash % 2 ** idHashBits
  }
}

function* eventsFrom(database: DatabaseSync, partition: number, from: number): Iterable<IdEntry> {
  const sql = `SELECT offset, id_hash, at FROM records_${partition} WHERE offset >= ? AND id_hash IS NOT NULL`
  const rows = database.prepare(sql, { returnArrays: true }).iterate(from)
  for (const [offset, hash, at] of rows as unknown as Iterable<readonly [number, number, number]>)
    yield { hash, at, partition, offset }
}

/** Removed in one step: some milliseconds. */
const trimmedRecords = 2_048
/** More than are removed, so that what is gone is a small part of the index. */
const sweptEntries = 4 * trimmedRecords

/** Rows that are read at once: few while their size is not known, and never so many that the thread is busy for long. */
const pageRowsMin = 64
const pageRowsMax = 1_024
