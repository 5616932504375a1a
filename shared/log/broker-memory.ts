import type { Broker, Follower, Frame, StoredFrame } from './broker.ts'
import { type LogHealth, LogUnavailable } from './event-log.ts'

interface MemoryFrame extends StoredFrame {
  readonly storedAt: number
}

/** What a broker in memory keeps beyond one client. */
export class MemoryBrokerStorage {
  readonly countsTogether: boolean
  readonly partitions: MemoryFrame[][]
  incarnation = 'the first'

  constructor(options: { readonly partitions: number; readonly countsTogether: boolean }) {
    this.countsTogether = options.countsTogether
    this.partitions = Array.from({ length: options.partitions }, () => [])
  }

  end(partition: number): number {
    const counted = this.countsTogether ? this.partitions : [this.partitions[partition]]
    return Math.max(...counted.map((frames) => frames.at(-1)?.sequence ?? 0)) + 1
  }
}

/** A broker without a server, for tests, with the failures that brokers have. */
export class MemoryBroker implements Broker {
  readonly countsTogether: boolean
  readonly frameBytesMax: number
  health: LogHealth = { isReady: true }
  lost: LogUnavailable | undefined
  /** What happens to the next `publish`: it fails for certain, or without telling whether it had effect. */
  nextPublish: 'disk-full' | 'stored-unknown' | 'lost-unknown' | undefined
  /** Followers that were asked for. */
  followersCount = 0
  readonly #storage: MemoryBrokerStorage
  readonly #followers = new Set<MemoryFollower>()

  constructor(storage: MemoryBrokerStorage, frameBytesMax = 1024 * 1024) {
    this.#storage = storage
    this.countsTogether = storage.countsTogether
    this.frameBytesMax = frameBytesMax
  }

  get incarnation(): string {
    return this.#storage.incarnation
  }

  /** From now on the followers that there are get nothing more, or nothing of one partition, and say nothing. */
  stall(partition?: number): void {
    for (const follower of this.#followers)
      if (partition === undefined) follower.isStalled = true
      else follower.stalledPartition = partition
  }

  async publish(frames: readonly Frame[]): Promise<readonly number[]> {
    const fault = this.nextPublish
    this.nextPublish = undefined
    if (fault === 'disk-full') throw new LogUnavailable('disk-full', 'there is no room')
    if (fault === 'lost-unknown') throw new LogUnavailable('unreachable', 'no answer')
    const sequences = frames.map(({ partition, bytes }) => {
      const sequence = this.#storage.end(partition)
      this.#storage.partitions[partition].push({ partition, sequence, bytes: bytes.slice(), storedAt: Date.now() })
      return sequence
    })
    if (fault === 'stored-unknown') throw new LogUnavailable('unreachable', 'no answer')
    return sequences
  }

  async ends(): Promise<readonly number[]> {
    return this.#storage.partitions.map((_, partition) => this.#storage.end(partition))
  }

  async first(partition: number): Promise<number | undefined> {
    return this.#storage.partitions[partition][0]?.sequence
  }

  async last(partition: number): Promise<StoredFrame | undefined> {
    return this.#storage.partitions[partition].at(-1)
  }

  async sequencesAt(ms: number): Promise<readonly number[]> {
    return this.#storage.partitions.map(
      (frames, partition) => frames.find(({ storedAt }) => storedAt >= ms)?.sequence ?? this.#storage.end(partition),
    )
  }

  async read(partition: number, from: number, bytesMax: number): Promise<readonly StoredFrame[]> {
    const frames: StoredFrame[] = []
    let bytes = 0
    for (const frame of this.#storage.partitions[partition]) {
      if (frame.sequence < from) continue
      bytes += frame.bytes.length
      if (frames.length > 0 && bytes > bytesMax) break
      frames.push(frame)
    }
    return frames
  }

  follow(from: readonly number[], take: (frame: StoredFrame) => Promise<void> | undefined): Follower {
    this.followersCount++
    const follower = new MemoryFollower(this.#storage, from, take)
    this.#followers.add(follower)
    return follower
  }

  async removeBelow(partition: number, sequence: number): Promise<void> {
    const frames = this.#storage.partitions[partition]
    frames.splice(0, frames.filter((frame) => frame.sequence < sequence).length)
  }

  async close(): Promise<void> {
    for (const follower of this.#followers) follower.stop()
  }
}

/** Looks at each turn of the event loop whether there is more: another client of the same storage may have added it. */
class MemoryFollower implements Follower {
  isStalled = false
  stalledPartition: number | undefined
  readonly #timer: NodeJS.Timeout
  readonly #nexts: number[]
  #isTaking = false

  constructor(
    storage: MemoryBrokerStorage,
    from: readonly number[],
    take: (frame: StoredFrame) => Promise<void> | undefined,
  ) {
    this.#nexts = from.slice()
    this.#timer = setInterval(() => void this.#takeAll(storage, take), 1)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.isStalled = true
  }

  async #takeAll(storage: MemoryBrokerStorage, take: (frame: StoredFrame) => Promise<void> | undefined): Promise<void> {
    if (this.#isTaking) return
    this.#isTaking = true
    for (let frame = this.#next(storage); frame !== undefined && !this.isStalled; frame = this.#next(storage)) {
      this.#nexts[frame.partition] = frame.sequence + 1
      await take(frame)
    }
    this.#isTaking = false
  }

  /** The lowest of those that are next in their partitions: with one count the order is that of all. */
  #next({ partitions }: MemoryBrokerStorage): StoredFrame | undefined {
    const waiting = partitions.flatMap((frames, p) =>
      p === this.stalledPartition ? [] : (frames.find(({ sequence }) => sequence >= this.#nexts[p]) ?? []),
    )
    return waiting.sort((a, b) => a.sequence - b.sequence)[0]
  }
}
