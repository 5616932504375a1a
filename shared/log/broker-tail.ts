import { crc32 } from 'node:zlib'
import type { Broker, Follower, StoredFrame } from './broker.ts'
import { type DecodedFrame, firstOffset, sequenceOf } from './broker-frame.ts'
import { asUnavailable, decodeOrUnavailable } from './broker-frame-reader.ts'
import { LogUnavailable } from './event-log.ts'
import { OffsetWaiters } from './offset-waiters.ts'
import { RecentRecords } from './recent-records.ts'

export interface TailOptions {
  readonly broker: Broker
  readonly partitions: number
  /** Takes every frame that is appended from `start` on, once, in order in each partition; the next one comes when its promise resolves. */
  readonly onFrame: (partition: number, frame: DecodedFrame) => Promise<void> | undefined
}

/**
 * What comes to the end of the log, whoever appended it: kept for readers there, and told to those who wait.
 *
 * T1 A frame is taken once and in order, however often the follower is made anew.
 * T2 A follower that stands still in any slot while the broker has more there is stopped and made anew: clients stall, and do not always say so.
 * T3 A frame that cannot be read stops the tail for good: what it holds is not known, so nothing behind it may be used.
 * T4 A log that is no longer the one that was read stops the tail for good: where the broker is lost, or another frame stands in a place that was read.
 *    Each new follower begins with the frame that was taken last, of its slot; and a frame that was taken is looked at again once more have come.
 */
export class BrokerTail {
  readonly recent: RecentRecords[] = []
  readonly #options: TailOptions
  /** By slot, which is the partition or, where partitions count together, 0: every frame below was taken. */
  #reached: number[] = []
  readonly #slotWaiters: readonly OffsetWaiters[]
  readonly #waiters: readonly OffsetWaiters[]
  /** By partition: no record lies below, where there was none at the start. */
  readonly #begins: number[] = []
  #follower: Follower | undefined
  /** Why the last follower gave up. */
  #trouble: unknown
  #watch: NodeJS.Timeout | undefined
  #seenAtWatch: readonly number[] = []
  #endsAtWatch: readonly number[] = []
  /** By partition, the frame that was taken last, and an older one or the same, which is the next to be looked at. */
  readonly #last: (Mark | undefined)[] = []
  readonly #checked: (Mark | undefined)[] = []
  /** The partition whose turn it is to be looked at. */
  #turn = 0
  /** What ended it for good. */
  end: LogUnavailable | undefined
  /** Highest stamp that was seen. */
  stamp = 0

  constructor(options: TailOptions) {
    this.#options = options
    const slots = options.broker.countsTogether ? 1 : options.partitions
    this.#slotWaiters = Array.from({ length: slots }, () => new OffsetWaiters())
    this.#waiters = Array.from({ length: options.partitions }, () => new OffsetWaiters())
  }

  /** Begins at the end of the log. @returns the sequences that it begins at, by partition. Rejects with LogUnavailable */
  async start(): Promise<readonly number[]> {
    const { broker, partitions } = this.#options
    const ends = await broker.ends()
    this.#reached = this.#slotWaiters.map((_, slot) => ends[slot])
    for (let partition = 0; partition < partitions; partition++) {
      const last = await broker.last(partition)
      const frame = last === undefined ? undefined : decodeOrUnavailable(last.sequence, last.bytes)
      this.stamp = Math.max(this.stamp, frame?.stamp ?? 0)
      const mark = frame === undefined ? undefined : markOf(frame)
      this.#last.push(mark)
      this.#checked.push(mark)
      // What was appended meanwhile comes once more from the follower; it is above `ends`.
      this.#begins.push(frame === undefined ? firstOffset(ends[partition]) : 0)
      const next = frame === undefined ? firstOffset(ends[partition]) : frame.offset + frame.length
      this.recent.push(new RecentRecords(next))
    }
    this.#follow()
    this.#watchSoon()
    return ends
  }

  /** All below is in `recent`, or was. */
  reached(partition: number): number {
    return this.#reached[this.#slot(partition)]
  }

  /** Resolves when everything is here that the broker held when this was called. Rejects with LogUnavailable. */
  async catchUp(): Promise<void> {
    const ends = await this.#options.broker.ends()
    await Promise.all(this.#slotWaiters.map((_, slot) => this.#reach(slot, ends[slot])))
  }

  /** Resolves when the frames of the partition below that sequence are here. Rejects with LogUnavailable. */
  reach(partition: number, sequence: number): Promise<void> {
    return this.#reach(this.#slot(partition), sequence)
  }

  async waitFor(partition: number, offset: number, signal: AbortSignal): Promise<void> {
    this.check()
    const wanted = Math.max(offset, this.#begins[partition])
    if (this.recent[partition].next <= wanted) await this.#waiters[partition].wait(wanted, signal)
  }

  /** Throws what ended it. */
  check(): void {
    if (this.end !== undefined) throw new LogUnavailable(this.end.reason, this.end.message, this.end.cause)
  }

  /** For whoever sees that nothing comes, although there is more. */
  renew(): void {
    if (this.end !== undefined) return
    this.#follower?.stop()
    this.#follow()
  }

  stop(error: LogUnavailable): void {
    this.end ??= error
    clearTimeout(this.#watch)
    this.#follower?.stop()
    for (const waiters of [...this.#waiters, ...this.#slotWaiters]) waiters.fail(this.end)
  }

  #slot(partition: number): number {
    return this.#options.broker.countsTogether ? 0 : partition
  }

  async #reach(slot: number, sequence: number): Promise<void> {
    this.check()
    if (this.#reached[slot] >= sequence) return
    await this.#slotWaiters[slot].wait(sequence - 1, AbortSignal.timeout(catchUpMsMax))
    if (this.#reached[slot] >= sequence) return
    const why = this.#trouble === undefined ? '' : `: ${this.#trouble}`
    throw new LogUnavailable('unreachable', `the end of the log was not read within ${catchUpMsMax / 1_000} s${why}`)
  }

  #follow(): void {
    const follower = this.#options.broker.follow(
      this.#begin(),
      (frame) => this.#take(frame),
      (error) => {
        if (this.#follower === follower) this.#follower = undefined
        this.#trouble = error
      },
    )
    this.#follower = follower
  }

  /** By partition, where a follower begins: with the frame that was taken last, which is to be compared (T4), or where everything below was taken. */
  #begin(): readonly number[] {
    const { broker, partitions } = this.#options
    const last = Array.from({ length: partitions }, (_, partition) => {
      const sequence = this.#last[partition]?.sequence
      // What the start found last may have come after the end that it begins at, and is still to be taken (T1).
      return sequence === undefined ? undefined : Math.min(sequence, this.reached(partition))
    })
    // With one count all begin at the newest: the last of a partition that stands still may be as old as the log, and all behind it would come again.
    const known = broker.countsTogether ? last.filter((sequence) => sequence !== undefined) : []
    const newest = known.length === 0 ? undefined : Math.max(...known)
    return last.map((sequence, partition) => newest ?? sequence ?? this.reached(partition))
  }

  #take(stored: StoredFrame): Promise<void> | undefined {
    const slot = this.#slot(stored.partition)
    const { partition, sequence } = stored
    if (this.end !== undefined) return undefined
    if (sequence < this.#reached[slot]) {
      const last = this.#last[partition]
      if (sequence === last?.sequence) this.#compare(stored, last)
      return undefined
    }
    const frame = this.#decodeOrStop(stored)
    if (frame === undefined) return undefined
    this.stamp = Math.max(this.stamp, frame.stamp)
    const pause = this.#options.onFrame(partition, frame)
    const recent = this.recent[partition]
    if (frame.offset >= recent.next) addFrame(recent, frame)
    this.#trouble = undefined
    const mark = markOf(frame)
    this.#last[partition] = mark
    this.#checked[partition] ??= mark
    this.#reached[slot] = sequence + 1
    this.#slotWaiters[slot].reached(sequence + 1)
    this.#waiters[partition].reached(recent.next)
    return pause
  }

  #decodeOrStop({ sequence, bytes }: StoredFrame): DecodedFrame | undefined {
    try {
      return decodeOrUnavailable(sequence, bytes)
    } catch (error) {
      this.stop(error as LogUnavailable)
      return undefined
    }
  }

  #watchSoon(): void {
    this.#watch = setTimeout(() => void this.#watchOnce(), watchMs)
  }

  async #watchOnce(): Promise<void> {
    try {
      await this.#look()
    } catch (error) {
      // Away: the broker's health says so, and there is nothing to compare with. What nobody foresaw must not go unheard.
      if (!(error instanceof LogUnavailable)) this.stop(asUnavailable(error))
    }
    const { lost } = this.#options.broker
    if (lost !== undefined) this.stop(lost)
    if (this.end === undefined) this.#watchSoon()
  }

  async #look(): Promise<void> {
    const { broker } = this.#options
    const ends = await broker.ends().catch((error: unknown) => {
      if (error instanceof LogUnavailable) return undefined
      throw error
    })
    if (this.end !== undefined || broker.lost !== undefined) return
    const seen = this.#reached.slice()
    const isStalled = seen.some((next, slot) => next === this.#seenAtWatch[slot] && next < this.#endsAtWatch[slot])
    if (this.#follower === undefined || isStalled) {
      this.#follower?.stop()
      this.#follow()
    }
    this.#seenAtWatch = seen
    this.#endsAtWatch = ends ?? []
    if (ends !== undefined) await this.#lookBack()
  }

  /** Whether the log still has what was taken, for some of the partitions that got more since they were looked at (T4). */
  async #lookBack(): Promise<void> {
    const { broker, partitions } = this.#options
    for (let looked = 0, n = 0; n < partitions && looked < lookedAtOnce; n++) {
      const partition = this.#turn
      this.#turn = (this.#turn + 1) % partitions
      const [mark, next] = [this.#checked[partition], this.#last[partition]]
      if (mark?.sequence === next?.sequence) continue
      looked++
      if (mark !== undefined) {
        const [stored] = await broker.read(partition, mark.sequence, 1)
        if (stored?.sequence === mark.sequence) this.#compare(stored, mark)
        // One that grew too old and was removed is no loss: all that stood before it went too.
        else if (((await broker.first(partition)) ?? Number.POSITIVE_INFINITY) <= mark.sequence) this.#stopChanged(mark)
      }
      if (this.end !== undefined) return
      this.#checked[partition] = next
    }
  }

  #compare(stored: StoredFrame, mark: Mark): void {
    if (crc32(stored.bytes) !== mark.checksum) this.#stopChanged(mark)
  }

  #stopChanged({ sequence }: Mark): void {
    this.stop(
      new LogUnavailable(
        'unreachable',
        `the log is no longer the one that was opened: the message with sequence ${sequence} was read before and is another one now, or gone. The broker lost what it had, or was put back to an older state: give the log back from a copy, or start again with what there is`,
      ),
    )
  }
}

/** What tells a frame from another in its place. Not its stamp: two processes may give the same one. */
interface Mark {
  readonly sequence: number
  readonly checksum: number
}

const markOf = ({ offset, bytes }: DecodedFrame): Mark => ({ sequence: sequenceOf(offset), checksum: crc32(bytes) })

function addFrame(recent: RecentRecords, frame: DecodedFrame): void {
  for (let i = 0; i < frame.length; i++) {
    const head = {
      offset: frame.offset + i,
      kind: frame.kinds[i],
      receivedAt: frame.receivedAt[i],
      traceparent: frame.traceparents[i],
    }
    recent.add(head, frame.bytes.subarray(frame.starts[i], frame.starts[i] + frame.lengths[i]))
  }
}

/** How often it is compared with the broker. A stall is noticed at the second look behind it. */
const watchMs = 500
/** Each is a request, or two. */
const lookedAtOnce = 4
/** Above the time in which a stall is noticed and mended. */
const catchUpMsMax = 5_000
