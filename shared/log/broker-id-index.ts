import { Worker } from 'node:worker_threads'
import { bounded } from './bounded.ts'
import type { Broker } from './broker.ts'
import { type DecodedFrame, decodeFrame, firstOffset, sequenceOf } from './broker-frame.ts'
import type { IndexedFrame, IndexedLog } from './broker-index-database.ts'
import type { FromIndex, ToIndex } from './broker-index-worker.ts'
import { LogUnavailable } from './event-log.ts'
import type { Position } from './recent-ids.ts'

export interface IdIndexOptions {
  readonly broker: Broker
  readonly folder: string
  readonly partitions: number
  /** By partition, the sequence above the last frame that was given to `add`. */
  readonly reached: () => readonly number[]
}

/**
 * The index of ids over a broker's log, kept up to date by two readers: what is appended comes through `add`, and what the index lacks from before is
 * read from the broker.
 *
 * I1 A frame is in the index if `add` was called with it, or its sequence lies below where `add` began; else `find` waits.
 * I2 At most `backlogMax` entries wait for the disk, and one frame: `add` lets its caller wait for the rest.
 * I3 The log goes on without it: what fails is tried again from what is in the file, and `find` rejects meanwhile.
 * I4 What is in the file is of this log: the frame of each partition that was added last still stands in its place, or all up to it is gone. Else the
 *    file is made anew.
 */
export class BrokerIdIndex {
  readonly #options: IdIndexOptions
  #session: IndexSession | undefined
  #trouble: unknown = 'it is being opened'
  #isClosed = false
  #retry: NodeJS.Timeout | undefined

  constructor(options: IdIndexOptions) {
    this.#options = options
    this.#begin()
  }

  add(partition: number, frame: DecodedFrame): Promise<void> | undefined {
    return this.#session?.addLive(partition, frame)
  }

  /** The log no longer has what lies below `first`. */
  removed(partition: number, first: number): void {
    this.#session?.removed(partition, first)
  }

  /** Positions where events with these ids may be; others are among them. Rejects with LogUnavailable. */
  async find(ids: readonly string[]): Promise<readonly Position[]> {
    const session = this.#session
    if (session === undefined) throw unavailable(this.#trouble)
    try {
      await session.whenComplete()
      return await session.find(ids)
    } catch (error) {
      throw error instanceof LogUnavailable ? error : unavailable(error)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    await this.#session?.close()
  }

  #begin(isForeign = false): void {
    const session = new IndexSession(this.#options, isForeign)
    this.#session = session
    void session.ended.then((error) => {
      this.#session = undefined
      this.#trouble = error
      if (!this.#isClosed) this.#retry = setTimeout(() => this.#begin(error instanceof ForeignIndex), retryMs)
    })
  }
}

/** One life of the thread with the file, from its opening to its end or first failure. */
class IndexSession {
  readonly ended: Promise<unknown>
  readonly #options: IdIndexOptions
  readonly #worker: Worker
  readonly #end = Promise.withResolvers<unknown>()
  /** Sequences where `addLive` begins, by partition. */
  readonly #liveFrom: readonly number[]
  /** By partition, all events below this offset are in the file or were sent to it. */
  #firsts: number[] = []
  readonly #liveNexts: number[]
  readonly #complete = Promise.withResolvers<void>()
  #isComplete = false
  #backlog = 0
  #room: PromiseWithResolvers<void> | undefined
  #ticket = 0
  readonly #asked = new Map<number, PromiseWithResolvers<readonly Position[]>>()
  #hasEnded = false

  constructor(options: IdIndexOptions, isForeign: boolean) {
    this.#options = options
    this.#liveFrom = options.reached()
    this.#liveNexts = this.#liveFrom.map(firstOffset)
    this.ended = this.#end.promise
    this.#complete.promise.catch(() => {})
    const { broker, folder, partitions } = options
    const workerData: IndexedLog = { folder, partitions, incarnation: broker.incarnation, isForeign }
    this.#worker = new Worker(new URL('./broker-index-worker.ts', import.meta.url), {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: 16 },
    })
    this.#worker.on('message', (message: FromIndex) => this.#take(message))
    this.#worker.on('error', (error) => this.#finish(error))
    this.#worker.on('messageerror', (error) => this.#finish(error))
    this.#worker.on('exit', () => this.#finish(new Error('the thread of the index of ids ended')))
  }

  removed(partition: number, first: number): void {
    if (!this.#hasEnded) this.#post({ kind: 'removed', partition, first })
  }

  addLive(partition: number, frame: DecodedFrame): Promise<void> | undefined {
    this.#send(partition, frame)
    if (this.#isComplete) this.#firsts[partition] = frame.offset + frame.length
    this.#liveNexts[partition] = frame.offset + frame.length
    return this.#roomInBacklog()
  }

  async whenComplete(): Promise<void> {
    await bounded(
      this.#complete.promise,
      completeMsMax,
      () => new LogUnavailable('unreachable', 'the index of ids is being made from the log'),
    )
  }

  find(ids: readonly string[]): Promise<readonly Position[]> {
    if (this.#hasEnded) return Promise.reject(new Error('the index of ids ended'))
    const asked = Promise.withResolvers<readonly Position[]>()
    const ticket = this.#ticket++
    this.#asked.set(ticket, asked)
    this.#post({ kind: 'find', ticket, ids })
    return asked.promise
  }

  async close(): Promise<void> {
    this.#post({ kind: 'close' })
    await this.ended
  }

  #take(message: FromIndex): void {
    switch (message.kind) {
      case 'opened':
        this.#firsts = message.nexts.slice()
        this.#readHistory(message.marks).catch((error: unknown) => this.#fail(error))
        break
      case 'added':
        this.#backlog -= message.count
        if (this.#backlog > backlogMax) break
        this.#room?.resolve()
        this.#room = undefined
        break
      case 'found':
        this.#asked.get(message.ticket)?.resolve(message.positions)
        this.#asked.delete(message.ticket)
    }
  }

  /** What was appended after the file's last state and before `addLive` began. */
  async #readHistory(marks: readonly (IndexedFrame | undefined)[]): Promise<void> {
    const { broker } = this.#options
    for (const [partition, mark] of marks.entries())
      if (mark !== undefined && !(await this.#has(partition, mark))) throw new ForeignIndex()
    for (const [partition, end] of this.#liveFrom.entries()) {
      for (let sequence = sequenceOf(this.#firsts[partition]); sequence < end && !this.#hasEnded; ) {
        const frames = await broker.read(partition, sequence, historyBytes)
        if (frames.length === 0) break
        for (const stored of frames) {
          sequence = stored.sequence + 1
          const frame = decodeFrame(stored.sequence, stored.bytes)
          this.#send(partition, frame)
          this.#firsts[partition] = frame.offset + frame.length
        }
        await this.#roomInBacklog()
      }
    }
    for (const [partition, next] of this.#liveNexts.entries())
      this.#firsts[partition] = Math.max(this.#firsts[partition], next)
    this.#isComplete = true
    this.#complete.resolve()
  }

  /** I4 */
  async #has(partition: number, { offset, stamp }: IndexedFrame): Promise<boolean> {
    const { broker } = this.#options
    const sequence = sequenceOf(offset)
    const [stored] = await broker.read(partition, sequence, 1)
    if (stored?.sequence === sequence) return decodeFrame(sequence, stored.bytes).stamp === stamp
    const first = await broker.first(partition)
    return sequence < this.#liveFrom[partition] && (first === undefined || first > sequence)
  }

  #send(partition: number, { offset, stamp, length, kinds, ids, at }: DecodedFrame): void {
    if (this.#hasEnded) return
    this.#backlog += length
    this.#post({ kind: 'add', events: { partition, offset, stamp, kinds, ids, at }, firsts: this.#firsts.slice() })
  }

  #roomInBacklog(): Promise<void> | undefined {
    if (this.#backlog <= backlogMax || this.#hasEnded) return undefined
    this.#room ??= Promise.withResolvers()
    return this.#room.promise
  }

  #post(message: ToIndex): void {
    this.#worker.postMessage(message)
  }

  #fail(error: unknown): void {
    this.#finish(error)
    void this.#worker.terminate()
  }

  #finish(error: unknown): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#room?.resolve()
    this.#complete.reject(error)
    for (const { reject } of this.#asked.values()) reject(error)
    this.#asked.clear()
    this.#end.resolve(error)
  }
}

/** The file holds the events of another log, or of this one as it was before it was put back to an older state. */
class ForeignIndex extends Error {
  override readonly name = 'ForeignIndex'
  override readonly message = 'it was made of another log, and is made anew'
}

function unavailable(cause: unknown): LogUnavailable {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new LogUnavailable('unreachable', `the index of ids cannot be used: ${why}; it is tried again`, cause)
}

const retryMs = 2_000
const backlogMax = 131_072
const historyBytes = 4 * 2 ** 20
const completeMsMax = 10_000
