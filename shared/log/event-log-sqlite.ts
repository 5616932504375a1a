import { Worker } from 'node:worker_threads'
import { invariant } from '#shared/domain/invariant'
import { limits } from '#shared/domain/limits'
import type { LogBlock } from '#shared/protocol/log-record'
import { recordKinds } from '#shared/protocol/log-record'
import type { WaitingAppend } from './append-queue.ts'
import { AppendQueue, packGroup, resultOf } from './append-queue.ts'
import type { AppendRequest, AppendResult, EventLog, FoundEvent, LogHealth, TrimmableLog } from './event-log.ts'
import { LogUnavailable } from './event-log.ts'
import { LogBlockBuilder } from './log-block-builder.ts'
import { OffsetWaiters } from './offset-waiters.ts'
import { RecentRecords } from './recent-records.ts'
import type { LogFailure } from './sqlite-log-failure.ts'
import { LogRefused } from './sqlite-log-failure.ts'
import type { AppendOutcome, DatabaseSettings, FromDatabase, PackedBlock, ToDatabase } from './sqlite-log-messages.ts'
import { unpackTraces } from './trace-runs.ts'

export interface SqliteLogOptions {
  /** Is made if it is missing. The log is the file `log.db` in it, with `log.db-wal` beside it. */
  readonly folder: string
  /** 1 to `partitionsMax`. A log keeps the number that it was made with. */
  readonly partitions: number
  readonly latenessMs: number
}

/** Each has a table, six prepared statements, and up to 8 MB of recent records. */
const partitionsMax = 256

/** A thousand for each slice of the index, so that it pays to write one; 10 MB of memory, read again in less than a second at the start. */
const recentIdsMax = 262_144

/**
 * Opens the log in a folder. Rejects with LogRefused where the file is damaged, of another program, of another version or made with another
 * number of partitions; with LogUnavailable where it cannot be used now, as when another process has it open.
 * @param testing what only tests set
 */
export async function openSqliteLog(
  { folder, partitions, latenessMs }: SqliteLogOptions,
  testing: Partial<Pick<DatabaseSettings, 'idHashBits' | 'recentIdsMax' | 'faults'>> = {},
): Promise<EventLog & TrimmableLog> {
  invariant(Number.isInteger(partitions) && partitions >= 1 && partitions <= partitionsMax, `${partitions} partitions`)
  invariant(latenessMs >= 0 && latenessMs <= limits.latenessMsMax, `a lateness of ${latenessMs} ms`)
  const settings: DatabaseSettings = {
    folder,
    partitions,
    latenessMs,
    idHashBits: 52,
    recentIdsMax,
    faults: undefined,
    ...testing,
  }
  const worker = new Worker(new URL('./event-log-sqlite-worker.ts', import.meta.url), {
    workerData: settings,
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  })
  const { firsts, nexts } = await opened(worker)
  return new SqliteEventLog(worker, firsts, nexts)
}

function opened(worker: Worker): Promise<Extract<FromDatabase, { readonly kind: 'opened' }>> {
  return new Promise((resolve, reject) => {
    const onError = (cause: unknown): void =>
      reject(new LogUnavailable('unreachable', `the log's thread ended: ${cause}`, cause))
    worker.once('error', onError)
    worker.once('message', (message: FromDatabase) => {
      worker.off('error', onError)
      if (message.kind === 'opened') resolve(message)
      else if (message.kind === 'refused') reject(new LogRefused(message.message))
      else if (message.kind === 'unavailable') reject(unavailable(message.failure))
      else reject(new Error(`the log's thread began with ${message.kind}`))
    })
  })
}

/**
 * The log in a file of SQLite. A thread of its own has the database; here are the queue before it and the newest records behind it.
 *
 * S1 One group of appends is under way at a time; the thread takes messages in order.
 * S2 Records come into `recent`, and waiters wake, before the append that brought them resolves.
 * S3 Everything that was asked for is answered: by the thread, or with `unreachable` when it died.
 */
class SqliteEventLog implements EventLog, TrimmableLog {
  readonly #worker: Worker
  readonly #recent: readonly RecentRecords[]
  /** By partition, offset of the lowest record that the file has. */
  readonly #firsts: number[]
  readonly #waiters: readonly OffsetWaiters[]
  readonly #queue = new AppendQueue()
  #underWay: readonly WaitingAppend[] | undefined
  #isPumpDue = false
  readonly #asked = new Map<number, Asked>()
  #ticket = 0
  #health: LogHealth = { isReady: true }
  #probeTimer: NodeJS.Timeout | undefined
  #isProbing = false
  /** Bytes of the group that failed last: so much must fit for the log to be ready. */
  #probeBytes = probeBytesMin
  /** Why nothing can be asked for any more. */
  #end: LogUnavailable | undefined
  #closing: Promise<void> | undefined
  #isCloseSent = false
  readonly #gone = Promise.withResolvers<void>()

  constructor(worker: Worker, firsts: readonly number[], nexts: readonly number[]) {
    this.#worker = worker
    this.#firsts = [...firsts]
    this.#recent = nexts.map((next) => new RecentRecords(next))
    this.#waiters = nexts.map(() => new OffsetWaiters())
    worker.on('message', (message: FromDatabase) => this.#take(message))
    worker.on('error', (cause) => this.#die(cause))
    worker.on('messageerror', (cause) => this.#die(cause))
    worker.on('exit', (code) => this.#exit(code))
  }

  get health(): LogHealth {
    return this.#health
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    this.#check()
    checkRequest(request, this.#recent.length)
    if (request.partitions.length === 0) return { kind: 'appended', offsets: [], isDuplicate: [] }
    const bytes = request.bodies.reduce((sum, { length }) => sum + length, 0)
    const isLong = this.#queue.length >= waitingRequestsMax || this.#queue.bytes + bytes > waitingBytesMax
    if (isLong && this.#queue.length > 0) throw new LogUnavailable('unreachable', 'too much waits to be appended')
    return new Promise((resolve, reject) => {
      this.#queue.add({ request, bytes, resolve, reject })
      this.#pumpSoon()
    })
  }

  async read(partition: number, from: number, bytesMax: number): Promise<LogBlock> {
    this.#check()
    const recent = this.#partition(partition)
    if (from >= recent.next) return new LogBlockBuilder().block()
    const there = Math.max(from, this.#firsts[partition])
    if (there >= recent.first) return recent.read(there, bytesMax)
    return this.#ask((ticket) => ({ kind: 'read', ticket, partition, from, bytesMax }))
  }

  async waitFor(partition: number, offset: number, signal: AbortSignal): Promise<void> {
    this.#check()
    if (this.#partition(partition).next <= offset) await this.#waiters[partition].wait(offset, signal)
  }

  async bounds(partition: number): Promise<{ readonly first: number; readonly next: number }> {
    this.#check()
    return { first: this.#firsts[partition], next: this.#partition(partition).next }
  }

  async find(ids: readonly string[]): Promise<readonly FoundEvent[]> {
    this.#check()
    return ids.length === 0 ? [] : this.#ask((ticket) => ({ kind: 'find', ticket, ids }))
  }

  /** Readers here wait for this process alone. */
  renewReader(): void {}

  async trim(partition: number, bound: Parameters<TrimmableLog['trim']>[1]): Promise<void> {
    this.#partition(partition)
    for (;;) {
      this.#check()
      const startedAt = performance.now()
      const step = await this.#ask<Trimmed>((ticket) => ({ kind: 'trim', ticket, partition, ...bound }))
      this.#firsts[partition] = step.first
      if (step.isDone) return
      // The disk is for appends first.
      await new Promise((resolve) => setTimeout(resolve, performance.now() - startedAt))
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #close(): Promise<void> {
    if (this.#end === undefined) {
      this.#end = new LogUnavailable('closed', 'the log is closed')
      this.#health = { isReady: false, reason: 'unreachable', detail: this.#end.message, isOver: true }
    }
    clearTimeout(this.#probeTimer)
    for (const waiters of this.#waiters) waiters.fail(this.#end)
    this.#pumpSoon()
    return this.#gone.promise
  }

  #partition(partition: number): RecentRecords {
    const recent = this.#recent[partition]
    invariant(recent !== undefined, `there is no partition ${partition}`)
    return recent
  }

  #check(): void {
    if (this.#end !== undefined) throw new LogUnavailable(this.#end.reason, this.#end.message, this.#end.cause)
  }

  #ask<T extends LogBlock | readonly FoundEvent[] | Trimmed>(message: (ticket: number) => ToDatabase): Promise<T> {
    return new Promise((resolve, reject) => {
      const ticket = this.#ticket++
      this.#asked.set(ticket, { resolve: (answer) => resolve(answer as T), reject })
      this.#send(message(ticket))
    })
  }

  #send(message: ToDatabase): void {
    this.#worker.postMessage(message, message.kind === 'append' ? [message.group.bytes.buffer] : [])
  }

  /** After the callers of this moment had their turn, so that they share a transaction. */
  #pumpSoon(): void {
    if (this.#isPumpDue || this.#underWay !== undefined) return
    this.#isPumpDue = true
    setImmediate(() => {
      this.#isPumpDue = false
      this.#pump()
    })
  }

  #pump(): void {
    if (this.#underWay !== undefined || this.#isCloseSent) return
    if (this.#queue.length > 0) {
      this.#underWay = this.#queue.takeGroup()
      this.#send({ kind: 'append', group: packGroup(this.#underWay) })
    } else if (this.#closing !== undefined) {
      this.#isCloseSent = true
      this.#send({ kind: 'close' })
    }
  }

  #take(message: FromDatabase): void {
    switch (message.kind) {
      case 'appended':
        this.#takeAppended(message.outcome)
        break
      case 'probed':
        this.#isProbing = false
        if (message.failure === undefined) this.#setReady()
        else this.#setUnready(message.failure)
        break
      case 'block':
        this.#answered(message.ticket).resolve(unpacked(message.block))
        break
      case 'found':
        this.#answered(message.ticket).resolve(message.events)
        break
      case 'trimmed':
        this.#answered(message.ticket).resolve(message)
        break
      case 'failed':
        this.#answered(message.ticket).reject(unavailable(message.failure))
        break
      default:
        invariant(false, `the log's thread said ${message.kind} after it was opened`)
    }
  }

  #takeAppended(outcome: AppendOutcome | LogFailure): void {
    const group = this.#underWay
    invariant(group !== undefined, 'a group was appended that nobody sent')
    this.#underWay = undefined
    if ('reason' in outcome) {
      this.#probeBytes = Math.max(
        probeBytesMin,
        group.reduce((sum, { bytes }) => sum + bytes, 0),
      )
      this.#setUnready(outcome)
      for (const { reject } of group) reject(unavailable(outcome))
    } else {
      this.#setReady()
      this.#takeResults(group, outcome)
    }
    this.#pumpSoon()
  }

  #takeResults(group: readonly WaitingAppend[], outcome: AppendOutcome): void {
    const results: AppendResult[] = []
    let start = 0
    for (const { request } of group) {
      const result = resultOf(request, outcome, start)
      results.push(result)
      start += request.partitions.length
      if (result.kind === 'appended') this.#remember(request, result)
    }
    for (const [partition, recent] of this.#recent.entries()) this.#waiters[partition].reached(recent.next)
    for (const [r, { resolve }] of group.entries()) resolve(results[r])
  }

  #remember(request: AppendRequest, result: Extract<AppendResult, { readonly kind: 'appended' }>): void {
    const { receivedAt, traceparent, partitions, bodies } = request
    const kind = recordKinds.indexOf(request.kind)
    for (const [i, offset] of result.offsets.entries())
      if (!result.isDuplicate[i]) this.#recent[partitions[i]].add({ offset, kind, receivedAt, traceparent }, bodies[i])
  }

  #answered(ticket: number): Asked {
    const asked = this.#asked.get(ticket)
    invariant(asked !== undefined, `nobody asked for ${ticket}`)
    this.#asked.delete(ticket)
    return asked
  }

  #setReady(): void {
    if (this.#end === undefined) this.#health = { isReady: true }
    clearTimeout(this.#probeTimer)
    this.#probeTimer = undefined
  }

  #setUnready(failure: LogFailure): void {
    if (this.#end !== undefined) return
    this.#health = { isReady: false, ...failure }
    if (this.#probeTimer !== undefined || this.#isProbing) return
    this.#probeTimer = setTimeout(() => {
      this.#probeTimer = undefined
      this.#isProbing = true
      this.#send({ kind: 'probe', bytes: this.#probeBytes })
    }, probeIntervalMs)
  }

  #exit(code: number): void {
    if (this.#isCloseSent && code === 0) this.#gone.resolve()
    else this.#die(new Error(`it ended with ${code}`))
  }

  #die(cause: unknown): void {
    if (this.#end?.reason === 'unreachable') return
    const detail = `the log's thread ended: ${cause instanceof Error ? cause.message : String(cause)}; start again`
    const error = new LogUnavailable('unreachable', detail, cause)
    this.#end = error
    this.#health = { isReady: false, reason: 'unreachable', detail, isOver: true }
    clearTimeout(this.#probeTimer)
    for (const { reject } of [...(this.#underWay ?? []), ...this.#queue.takeAll()]) reject(error)
    for (const { reject } of this.#asked.values()) reject(error)
    this.#underWay = undefined
    this.#asked.clear()
    for (const waiters of this.#waiters) waiters.fail(error)
    this.#gone.resolve()
  }
}

type Trimmed = Extract<FromDatabase, { readonly kind: 'trimmed' }>

interface Asked {
  readonly resolve: (answer: LogBlock | readonly FoundEvent[] | Trimmed) => void
  readonly reject: (error: Error) => void
}

const unpacked = ({ traces, ...columns }: PackedBlock): LogBlock => ({ ...columns, traceparents: unpackTraces(traces) })

const unavailable = ({ reason, detail }: LogFailure): LogUnavailable => new LogUnavailable(reason, detail)

function checkRequest({ partitions, ids, at, digests, bodies }: AppendRequest, count: number): void {
  const { length } = partitions
  const areEqual = [ids, at, digests, bodies].every((column) => column.length === length)
  invariant(areEqual, 'the columns of an append have one length')
  for (const partition of partitions)
    invariant(partition >= 0 && partition < count, `there is no partition ${partition}`)
}

/** How often it is tried whether there is room again. */
const probeIntervalMs = 500
const probeBytesMin = 64 * 1024
/** Seconds of writing: who finds so much before him is better told to come again. */
const waitingBytesMax = 128 * 2 ** 20
const waitingRequestsMax = 65_536
