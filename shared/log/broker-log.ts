import { randomInt } from 'node:crypto'
import { invariant } from '#shared/domain/invariant'
import { limits } from '#shared/domain/limits'
import type { LogBlock } from '#shared/protocol/log-record'
import { AppendQueue } from './append-queue.ts'
import type { Broker } from './broker.ts'
import { AppendPlan } from './broker-append-plan.ts'
import { findEvents } from './broker-find.ts'
import { type DecodedFrame, decodeFrame, firstOffset, sequenceOf } from './broker-frame.ts'
import { asUnavailable, FrameReader } from './broker-frame-reader.ts'
import { BrokerIdIndex } from './broker-id-index.ts'
import { IdHasher, KnownEvents } from './broker-known-events.ts'
import { BrokerTail } from './broker-tail.ts'
import type { AppendRequest, AppendResult, EventLog, FoundEvent, LogHealth, TrimmableLog } from './event-log.ts'
import { LogUnavailable } from './event-log.ts'
import { LogBlockBuilder } from './log-block-builder.ts'
import type { RecentRecords } from './recent-records.ts'
import { isEventKind } from './repeat-rule.ts'

export interface BrokerLogOptions {
  /** Is closed with the log, also when the log cannot be opened. */
  readonly broker: Broker
  /** Of the index of ids; is made if it is missing. What it holds can be made again from the log. */
  readonly folder: string
  /** 1 to `partitionsMax`; the broker knows that its log has as many. */
  readonly partitions: number
  readonly latenessMs: number
}

/** Each has up to 8 MB of recent records. */
const partitionsMax = 256

/** Opens the log of a broker. Rejects with LogUnavailable. */
export async function openBrokerLog(options: BrokerLogOptions): Promise<EventLog & TrimmableLog> {
  const { partitions, latenessMs } = options
  invariant(Number.isInteger(partitions) && partitions >= 1 && partitions <= partitionsMax, `${partitions} partitions`)
  invariant(latenessMs >= 0 && latenessMs <= limits.latenessMsMax, `a lateness of ${latenessMs} ms`)
  const log = new BrokerLog(options)
  try {
    await log.start()
    return log
  } catch (error) {
    await log.close()
    throw error
  }
}

/**
 * The log on a broker: what every broker lacks is here. Records of requests that wait together are published as frames, a group at a time; what comes to
 * the end of the log, from this process or another, is read back once for all who wait there.
 *
 * G1 One group is under way at a time, so that requests of one caller are appended in order.
 * G2 What was appended can be read as soon as its append resolved: a reader there waits for the tail.
 * G3 Repeats are known among what this process appended or read, and at the start what came within the lateness: up to `knownEventsMax` events. Of
 *    two processes that append the same event at the same moment, both may append it.
 * G4 After an outcome that is unknown, nothing is appended before the end of the log was read: which events came through is known then. A record
 *    without an id may come twice where its caller sends it again, which owners take.
 */
class BrokerLog implements EventLog, TrimmableLog {
  readonly #options: BrokerLogOptions
  readonly #broker: Broker
  readonly #tail: BrokerTail
  readonly #reader: FrameReader
  readonly #known: KnownEvents
  #ids: BrokerIdIndex | undefined
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #queue = new AppendQueue()
  #pumping: Promise<void> | undefined
  /** Frames (`partition sequence`) that this process appended, and that the tail has not yet brought back: their events are known already. */
  readonly #ahead = new Set<string>()
  /** By partition, the highest sequence of a frame that this process appended. */
  readonly #appended: number[]
  #isUncertain = false
  #stamp = 0
  #end: LogUnavailable | undefined
  #closing: Promise<void> | undefined

  constructor(options: BrokerLogOptions) {
    const { broker, partitions, latenessMs } = options
    this.#options = options
    this.#broker = broker
    this.#tail = new BrokerTail({ broker, partitions, onFrame: (partition, frame) => this.#onFrame(partition, frame) })
    this.#reader = new FrameReader(broker)
    const hasher = new IdHasher([randomInt(2 ** 32), randomInt(2 ** 32)])
    this.#known = new KnownEvents({ latenessMs, hasher, entriesMax: knownEventsMax })
    this.#appended = Array<number>(partitions).fill(0)
  }

  /** Rejects with LogUnavailable. */
  async start(): Promise<void> {
    const { folder, partitions, latenessMs } = this.#options
    const ends = await this.#tail.start()
    this.#ids = new BrokerIdIndex({
      broker: this.#broker,
      folder,
      partitions,
      reached: () => Array.from({ length: partitions }, (_, partition) => this.#tail.reached(partition)),
    })
    await this.#learn(await this.#broker.sequencesAt(Date.now() - latenessMs), ends).catch((error: unknown) => {
      throw asUnavailable(error)
    })
  }

  get health(): LogHealth {
    const end = this.#end ?? this.#tail.end
    return end === undefined
      ? this.#broker.health
      : { isReady: false, reason: 'unreachable', detail: end.message, isOver: true }
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    this.#check()
    checkRequest(request, this.#options.partitions)
    if (request.partitions.length === 0) return { kind: 'appended', offsets: [], isDuplicate: [] }
    const bytes = request.bodies.reduce((sum, { length }) => sum + length, 0)
    const isLong = this.#queue.length >= waitingRequestsMax || this.#queue.bytes + bytes > waitingBytesMax
    if (isLong && this.#queue.length > 0) throw new LogUnavailable('unreachable', 'too much waits to be appended')
    return new Promise((resolve, reject) => {
      this.#queue.add({ request, bytes, resolve, reject })
      this.#pumping ??= this.#pump()
    })
  }

  async read(partition: number, from: number, bytesMax: number): Promise<LogBlock> {
    this.#check()
    const recent = this.#recent(partition)
    const appended = this.#appended[partition]
    if (from >= recent.next && sequenceOf(from) <= appended) await this.#tail.reach(partition, appended + 1)
    if (from >= recent.next) return new LogBlockBuilder().block()
    if (from >= recent.first) return recent.read(from, bytesMax)
    const builder = new LogBlockBuilder({ records: 256, bytes: Math.min(bytesMax, 256 * 1024) })
    await this.#whileOpen(() => this.#reader.read(builder, partition, from, bytesMax))
    return builder.block()
  }

  async waitFor(partition: number, offset: number, signal: AbortSignal): Promise<void> {
    this.#check()
    this.#recent(partition)
    await this.#tail.waitFor(partition, offset, signal)
  }

  async bounds(partition: number): Promise<{ readonly first: number; readonly next: number }> {
    this.#check()
    const recent = this.#recent(partition)
    const first = await this.#whileOpen(() => this.#broker.first(partition))
    await this.#whileOpen(() => this.#tail.catchUp())
    return { first: first === undefined ? recent.next : firstOffset(first), next: recent.next }
  }

  async find(ids: readonly string[]): Promise<readonly FoundEvent[]> {
    this.#check()
    if (ids.length === 0) return []
    return this.#whileOpen(async () => {
      await this.#tail.catchUp()
      invariant(this.#ids !== undefined, 'a log that is open has an index')
      return findEvents(this.#ids, this.#reader, ids)
    })
  }

  renewReader(): void {
    this.#tail.renew()
  }

  async trim(partition: number, { before, receivedBefore }: Parameters<TrimmableLog['trim']>[1]): Promise<void> {
    this.#check()
    this.#recent(partition)
    await this.#whileOpen(async () => {
      const first = await this.#broker.first(partition)
      const last = await this.#broker.last(partition)
      const old = await this.#broker.sequencesAt(receivedBefore)
      if (first === undefined || last === undefined) return
      const end = Math.min(old[partition], sequenceOf(before), last.sequence)
      for (let below = first; below < end && this.#end === undefined; ) {
        below = Math.min(below + trimmedFrames, end)
        await this.#broker.removeBelow(partition, below)
      }
      this.#ids?.removed(partition, firstOffset(Math.max(first, end)))
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#end = new LogUnavailable('closed', 'the log is closed')
    this.#tail.stop(this.#end)
    await this.#pumping
    await Promise.allSettled(this.#underWay)
    await this.#ids?.close()
    await this.#broker.close()
  }

  /** @returns what the tail knows of the partition */
  #recent(partition: number): RecentRecords {
    const recent = this.#tail.recent[partition]
    invariant(recent !== undefined, `there is no partition ${partition}`)
    return recent
  }

  #check(): void {
    if (this.#end !== undefined) throw new LogUnavailable(this.#end.reason, this.#end.message)
    this.#tail.check()
  }

  async #whileOpen<T>(work: () => Promise<T>): Promise<T> {
    const promise = work()
    this.#underWay.add(promise)
    return promise.finally(() => this.#underWay.delete(promise))
  }

  #onFrame(partition: number, frame: DecodedFrame): Promise<void> | undefined {
    if (!this.#ahead.delete(aheadKey(partition, sequenceOf(frame.offset)))) this.#know(partition, frame)
    return this.#ids?.add(partition, frame)
  }

  #know(partition: number, frame: DecodedFrame): void {
    for (let i = 0; i < frame.length; i++)
      if (isEventKind[frame.kinds[i]])
        this.#known.add({
          id: frame.ids[i],
          at: frame.at[i],
          digest: frame.digests[i],
          partition,
          offset: frame.offset + i,
        })
  }

  /**
   * Reads what came within the lateness, so that its repeats are known. The rest of a log too busy for that is read while it is in use; where the broker
   * is away then, it is tried again, and a mistake ends the log.
   */
  async #learn(froms: readonly number[], ends: readonly number[]): Promise<void> {
    const nexts = froms.slice()
    let isInUse = false
    const learning = this.#whileOpen(async () => {
      for (let isDone = false; !isDone && this.#end === undefined; )
        try {
          for (const partition of nexts.keys()) await this.#learnPartition(partition, nexts, ends[partition])
          isDone = true
        } catch (error) {
          if (!isInUse || !(error instanceof LogUnavailable)) throw error
          await new Promise((resolve) => setTimeout(resolve, learnAgainMs))
        }
    })
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, learnMsMax)
    await Promise.race([learning, late]).finally(() => clearTimeout(timer))
    isInUse = true
    learning.catch((error: unknown) => this.#tail.stop(asUnavailable(error)))
  }

  /** From its place in `nexts` on, which goes with it. */
  async #learnPartition(partition: number, nexts: number[], end: number): Promise<void> {
    while (nexts[partition] < end && this.#end === undefined) {
      const frames = await this.#broker.read(partition, nexts[partition], learnBytes)
      if (frames.length === 0) return
      for (const { sequence, bytes } of frames) {
        this.#know(partition, decodeFrame(sequence, bytes))
        nexts[partition] = sequence + 1
      }
    }
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0) {
      // After the callers of this moment had their turn, so that they share a group.
      await new Promise((resolve) => setImmediate(resolve))
      const group = this.#queue.takeGroup()
      try {
        const results = await this.#publish(group.map(({ request }) => request))
        for (const [r, { resolve }] of group.entries()) resolve(results[r])
      } catch (error) {
        for (const { reject } of group) reject(asError(error))
      }
    }
    this.#pumping = undefined
  }

  async #publish(requests: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    if (this.#end === undefined) this.#tail.check()
    if (this.#isUncertain || this.#ahead.size > aheadMax) await this.#tail.catchUp()
    this.#isUncertain = false
    const plan = new AppendPlan(requests, this.#known, this.#options.latenessMs)
    this.#stamp = Math.max(Date.now() * 1_000, this.#stamp + 1, this.#tail.stamp + 1)
    const frames = plan.frames(this.#stamp, Math.min(frameBytesMax, this.#broker.frameBytesMax))
    if (frames.length === 0) return plan.results([])
    const sequences = await this.#broker.publish(frames).catch((error: unknown) => {
      this.#isUncertain = true
      throw error
    })
    for (const [f, { partition }] of frames.entries()) {
      this.#appended[partition] = Math.max(this.#appended[partition], sequences[f])
      // The tail may have been faster.
      if (this.#tail.reached(partition) > sequences[f]) continue
      for (const event of plan.eventsOf(f, sequences[f])) this.#known.add(event)
      this.#ahead.add(aheadKey(partition, sequences[f]))
    }
    return plan.results(sequences)
  }
}

function checkRequest({ partitions, ids, at, digests, bodies }: AppendRequest, count: number): void {
  const { length } = partitions
  const areEqual = [ids, at, digests, bodies].every((column) => column.length === length)
  invariant(areEqual, 'the columns of an append have one length')
  for (const partition of partitions)
    invariant(partition >= 0 && partition < count, `there is no partition ${partition}`)
}

const aheadKey = (partition: number, sequence: number): string => `${partition} ${sequence}`

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** Frames of some seconds. Where nothing comes back for so long, nobody could read what is appended either. */
const aheadMax = 16_384
/** Larger ones cost a reader of one record more than they save the others. */
const frameBytesMax = 32 * 1024
/** Ten minutes at 1,700 events a second; 60 MB of memory. */
const knownEventsMax = 2 ** 20
const learnMsMax = 5_000
const learnAgainMs = 1_000
/** Removed at once: a broker may serve nobody else meanwhile. */
const trimmedFrames = 10_000
const learnBytes = 4 * 2 ** 20
/** Seconds of writing: who finds so much before him is better told to come again. */
const waitingBytesMax = 128 * 2 ** 20
const waitingRequestsMax = 65_536
