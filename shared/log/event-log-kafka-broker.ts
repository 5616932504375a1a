import {
  Admin,
  type BaseOptions,
  Consumer,
  type CreateTopicsOptions,
  GenericError,
  MultipleErrors,
  Producer,
} from '@platformatic/kafka'
import type { Broker, Follower, Frame, StoredFrame } from './broker.ts'
import { type LogHealth, LogUnavailable } from './event-log.ts'
import type { KafkaAddress } from './event-log-kafka-address.ts'
import { LogRefused } from './sqlite-log-failure.ts'

/**
 * A log in one topic of Kafka, whose partitions are the log's. A frame is a message; its sequence is one above its offset there.
 *
 * No group of consumers, no committed offsets, no transactions, no idempotent producer: a partition is read from an offset that the caller names, and
 * what a client sends again by itself is not known to us.
 *
 * K1 An end that was told never falls: where the topic ends lower, or is another one, all ends (`#ruin`).
 * K2 While the broker is not ready it looks by itself, every `probeMs`, whether it is again.
 */
export class KafkaBroker implements Broker {
  readonly incarnation: string
  readonly countsTogether = false
  readonly frameBytesMax = frameBytesMax
  readonly #address: KafkaAddress
  readonly #topicId: string
  readonly #partitions: number
  readonly #admin: Admin
  readonly #producer: Producer
  /** Waits at the end of the log; a connection answers one request after the other, so reading has another. */
  readonly #tail: Consumer
  readonly #reader: Consumer
  /** By partition, above every sequence that was told. */
  readonly #ends: number[]
  #failure: { readonly reason: 'unreachable'; readonly detail: string } | undefined
  #ruined: LogUnavailable | undefined
  #probeTimer: NodeJS.Timeout | undefined
  #isClosed = false

  private constructor(address: KafkaAddress, topicId: string, partitions: number, clients: Clients) {
    this.#address = address
    this.#topicId = topicId
    this.#partitions = partitions
    this.#admin = clients.admin
    this.#producer = clients.producer
    this.#tail = clients.tail
    this.#reader = clients.reader
    this.#ends = Array<number>(partitions).fill(1)
    this.incarnation = `${address.topic} ${topicId}`
  }

  /** Rejects with LogUnavailable, or with LogRefused where the topic is not fit. */
  static async open(address: KafkaAddress, partitions: number): Promise<KafkaBroker> {
    const clients = clientsOf(address)
    try {
      const id = await bounded(openTopic(clients.admin, address, partitions), openMsMax, address.where)
      return new KafkaBroker(address, id, partitions, clients)
    } catch (error) {
      await closeAll(clients)
      throw judged(error, address.where)
    }
  }

  get health(): LogHealth {
    return this.#failure === undefined ? { isReady: true } : { isReady: false, ...this.#failure }
  }

  publish(frames: readonly Frame[]): Promise<readonly number[]> {
    return this.#asked(async () => {
      const sequences: number[] = []
      for (const part of inParts(frames)) sequences.push(...(await this.#send(part)))
      return sequences
    })
  }

  ends(): Promise<readonly number[]> {
    return this.#asked(async () => {
      const ends = this.#ends.slice()
      const offsets = await this.#offsets(latest)
      return offsets.map((offset, partition) => {
        const end = Number(offset) + 1
        if (end < ends[partition])
          throw this.#ruin(`partition ${partition} ends at ${end} and was at ${ends[partition]} before`)
        this.#ends[partition] = Math.max(this.#ends[partition], end)
        return this.#ends[partition]
      })
    })
  }

  first(partition: number): Promise<number | undefined> {
    return this.#asked(async () => {
      const [first, end] = [await this.#offsets(earliest), await this.#offsets(latest)].map((all) =>
        Number(all[partition]),
      )
      return first === end ? undefined : first + 1
    })
  }

  async last(partition: number): Promise<StoredFrame | undefined> {
    const end = (await this.ends())[partition]
    return end === 1 ? undefined : (await this.read(partition, end - 1, 1)).at(-1)
  }

  sequencesAt(ms: number): Promise<readonly number[]> {
    return this.#asked(async () => {
      const offsets = await this.#offsets(BigInt(Math.max(0, Math.floor(ms))))
      // −1: every message is older.
      return offsets.map((offset, partition) => (offset < 0n ? this.#ends[partition] : Number(offset) + 1))
    })
  }

  read(partition: number, from: number, bytesMax: number): Promise<readonly StoredFrame[]> {
    return this.#asked(async () => {
      const first = Number((await this.#offsets(earliest))[partition]) + 1
      const at = Math.max(from, first)
      if (at >= (await this.ends())[partition]) return []
      const [leader] = await this.#leaders([partition], false)
      const request = { node: leader.node, wanted: new Map([[partition, at]]), waitMs: readWaitMs, bytesMax }
      const frames: StoredFrame[] = []
      for await (const frame of this.#fetched(this.#reader, request)) frames.push(frame)
      if (frames.length === 0) throw this.#unavailable(`partition ${partition} gives nothing from ${at} on`)
      return frames
    })
  }

  follow(
    from: readonly number[],
    take: (frame: StoredFrame) => Promise<void> | undefined,
    onEnd: (error: unknown) => void,
  ): Follower {
    let isStopped = false
    const wanted = [...from]
    const run = async (): Promise<void> => {
      const leaders = await this.#leaders([...from.keys()], true)
      await Promise.all(
        leaders.map(async ({ node, partitions }) => {
          while (!isStopped) {
            const asked = new Map(partitions.map((partition) => [partition, wanted[partition]]))
            const request = { node, wanted: asked, waitMs: tailWaitMs, bytesMax: tailBytesMax }
            for await (const frame of this.#fetched(this.#tail, request)) {
              if (isStopped) return
              wanted[frame.partition] = frame.sequence + 1
              this.#ends[frame.partition] = Math.max(this.#ends[frame.partition], frame.sequence + 1)
              const pause = take(frame)
              if (pause !== undefined) await pause
            }
          }
        }),
      )
    }
    void run().catch((error: unknown) => {
      if (isStopped) return
      isStopped = true
      onEnd(judged(error, this.#address.where))
    })
    return {
      stop: () => {
        isStopped = true
      },
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#probeTimer)
    await closeAll({ admin: this.#admin, producer: this.#producer, tail: this.#tail, reader: this.#reader })
  }

  /** What one request may hold. @returns the sequence of each frame */
  async #send(frames: readonly Frame[]): Promise<readonly number[]> {
    const { topic } = this.#address
    // The tail may see these frames before their places are told here.
    const ends = this.#ends.slice()
    const messages = frames.map(({ partition, bytes }) => ({
      topic,
      partition,
      value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    }))
    const { offsets = [] } = await this.#producer
      .send({
        messages,
        acks: -1,
        idempotent: false,
        autocreateTopics: false,
      })
      .catch((error: unknown) => {
        // Where the leader has changed, the next try asks for the new one.
        this.#producer.clearMetadata()
        throw error
      })
    const nexts = new Map(offsets.map(({ partition, offset }) => [partition, Number(offset) + 1]))
    return frames.map(({ partition }) => {
      const sequence = nexts.get(partition)
      if (sequence === undefined) throw this.#unavailable(`no place was told for partition ${partition}`)
      if (sequence < ends[partition]) throw this.#ruin('its offsets began anew')
      nexts.set(partition, sequence + 1)
      this.#ends[partition] = Math.max(this.#ends[partition], sequence + 1)
      return sequence
    })
  }

  /** One request. A batch is given whole, also what lies before the place that was asked for. */
  async *#fetched(consumer: Consumer, { node, wanted, waitMs, bytesMax }: FetchPlan): AsyncGenerator<StoredFrame> {
    const response = await consumer.fetch({
      node,
      minBytes: 1,
      maxBytes: Math.max(bytesMax, frameBytesMax),
      maxWaitTime: waitMs,
      isolationLevel: readCommitted,
      topics: [
        {
          topicId: this.#topicId,
          partitions: [...wanted].map(([partition, sequence]) => ({
            partition,
            currentLeaderEpoch: -1,
            fetchOffset: BigInt(sequence - 1),
            lastFetchedEpoch: -1,
            partitionMaxBytes: Math.max(bytesMax, frameBytesMax),
          })),
        },
      ],
    })
    for (const { partitions } of response.responses)
      for (const { partitionIndex, errorCode, records } of partitions) {
        if (errorCode !== 0) throw this.#unavailable(`partition ${partitionIndex} cannot be read (${errorCode})`)
        for (const batch of records ?? [])
          for (const { offsetDelta, value } of batch.records) {
            const sequence = Number(batch.firstOffset) + offsetDelta + 1
            if (value === null || sequence < (wanted.get(partitionIndex) ?? 1)) continue
            yield { partition: partitionIndex, sequence, bytes: value }
          }
      }
  }

  /** By partition; −1: there is none. */
  async #offsets(timestamp: bigint): Promise<readonly bigint[]> {
    const { topic } = this.#address
    const partitions = Array.from({ length: this.#partitions }, (_, partition) => partition)
    const found = await this.#reader.listOffsets({ topics: [topic], partitions: { [topic]: partitions }, timestamp })
    return found.get(topic) ?? []
  }

  /** The nodes that lead the partitions. */
  async #leaders(partitions: readonly number[], isNew: boolean): Promise<readonly Leader[]> {
    const { topic } = this.#address
    const { topics } = await this.#reader.metadata({ topics: [topic], forceUpdate: isNew })
    const known = topics.get(topic)
    if (known?.id !== this.#topicId) throw this.#ruin('it was removed and made anew')
    const byNode = new Map<number, number[]>()
    for (const partition of partitions) {
      const { leader } = known.partitions[partition]
      byNode.set(leader, [...(byNode.get(leader) ?? []), partition])
    }
    return [...byNode].map(([node, led]) => ({ node, partitions: led }))
  }

  async #asked<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ruined !== undefined) throw new LogUnavailable('unreachable', this.#ruined.message)
    try {
      const answer = await bounded(work(), askMsMax, this.#address.where)
      this.#setReady()
      return answer
    } catch (error) {
      const judgedError = judged(error, this.#address.where)
      if (judgedError instanceof LogUnavailable) this.#setUnready(judgedError)
      throw judgedError
    }
  }

  /** For good: what this process read is not what the log says now. */
  #ruin(why: string): LogUnavailable {
    this.#ruined = new LogUnavailable(
      'unreachable',
      `the topic ${this.#address.topic} at ${this.#address.where} is no longer the log that was opened: ${why}. Give it back from a copy, or start again with what there is`,
    )
    this.#failure = { reason: 'unreachable', detail: this.#ruined.message }
    clearTimeout(this.#probeTimer)
    return this.#ruined
  }

  #unavailable(why: string): LogUnavailable {
    return new LogUnavailable('unreachable', `Kafka at ${this.#address.where}: ${why}`)
  }

  #setReady(): void {
    if (this.#ruined !== undefined) return
    this.#failure = undefined
    clearTimeout(this.#probeTimer)
    this.#probeTimer = undefined
  }

  #setUnready({ message }: LogUnavailable): void {
    if (this.#ruined !== undefined || this.#isClosed) return
    this.#failure = { reason: 'unreachable', detail: message }
    this.#probeTimer ??= setTimeout(() => {
      this.#probeTimer = undefined
      void this.#asked(() => this.#leaders([...this.#ends.keys()], true)).catch((error: unknown) => {
        // What it means is kept by `#asked`.
        if (!(error instanceof LogUnavailable)) throw error
      })
    }, probeMs)
  }
}

/** In order: what goes to one partition at once becomes one batch, which is bounded as a message is. */
function* inParts(frames: readonly Frame[]): Generator<readonly Frame[]> {
  let part: Frame[] = []
  let bytes = 0
  for (const frame of frames) {
    if (part.length > 0 && bytes + frame.bytes.length > frameBytesMax) {
      yield part
      part = []
      bytes = 0
    }
    part.push(frame)
    bytes += frame.bytes.length
  }
  if (part.length > 0) yield part
}

interface Clients {
  readonly admin: Admin
  readonly producer: Producer
  readonly tail: Consumer
  readonly reader: Consumer
}

interface Leader {
  readonly node: number
  readonly partitions: readonly number[]
}

interface FetchPlan {
  readonly node: number
  /** By partition, the first sequence. */
  readonly wanted: ReadonlyMap<number, number>
  readonly waitMs: number
  readonly bytesMax: number
}

function clientsOf({ brokers, connection }: KafkaAddress): Clients {
  const base: BaseOptions = {
    clientId: 'vigil',
    bootstrapBrokers: brokers,
    connectTimeout: connectMs,
    timeout: answerMs,
    requestTimeout: answerMs,
    // A leader that is just becoming one, or has gone, is asked again.
    retries: retriesMax,
    retryDelay: retryMs,
    autocreateTopics: false,
    ...connection,
  }
  const consumer = (): Consumer => new Consumer({ ...base, groupId: 'vigil-log' })
  return {
    admin: new Admin(base),
    // A client that sends again by itself stores twice what was stored once.
    producer: new Producer({ ...base, retries: 0, repeatOnStaleMetadata: false }),
    tail: consumer(),
    reader: consumer(),
  }
}

async function closeAll({ admin, producer, tail, reader }: Clients): Promise<void> {
  await Promise.allSettled([tail.close(true), reader.close(true), producer.close(true), admin.close()])
}

/** @returns the id of the topic, which is made where it is missing */
async function openTopic(admin: Admin, { topic, replicas, where }: KafkaAddress, partitions: number): Promise<string> {
  if (!(await admin.listTopics()).includes(topic))
    await admin.createTopics({ topics: [topic], partitions, replicas, configs: topicSettings(replicas) })
  for (const deadline = Date.now() + madeMs; ; ) {
    const known = (await admin.metadata({ topics: [topic], forceUpdate: true }).catch(() => undefined))?.topics.get(
      topic,
    )
    if (known?.partitions.every(({ leader }) => leader >= 0)) {
      if (known.partitionsCount === partitions) return known.id
      throw new LogRefused(
        `the topic ${topic} at ${where} has ${known.partitionsCount} partitions, not ${partitions}. Their number cannot change: set it back, or name another topic.`,
      )
    }
    if (Date.now() > deadline)
      throw new LogUnavailable('unreachable', `Kafka at ${where}: the topic ${topic} has no leader`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The client tries again within each of its tries: with brokers that take connections and are silent, for an hour. Rejects with LogUnavailable then. */
async function bounded<T>(work: Promise<T>, ms: number, where: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new LogUnavailable('unreachable', `Kafka at ${where} was silent for ${ms / 1_000} s`)),
    ms,
  )
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Nothing is removed: actors can be made anew from the log. */
const topicSettings = (replicas: number): NonNullable<CreateTopicsOptions['configs']> => [
  { name: 'retention.ms', value: '-1' },
  { name: 'retention.bytes', value: '-1' },
  { name: 'cleanup.policy', value: 'delete' },
  // What is acknowledged outlives the loss of one.
  { name: 'min.insync.replicas', value: replicas > 2 ? '2' : '1' },
]

/** What an error of the client means to the caller; one that nobody foresaw is handed back as it is. */
function judged(error: unknown, where: string): unknown {
  if (!(error instanceof GenericError || error instanceof MultipleErrors)) return error
  const reasons = error instanceof MultipleErrors ? error.errors.map((one) => (one as Error).message) : []
  return new LogUnavailable(
    'unreachable',
    `Kafka at ${where} cannot be used: ${[...new Set([error.message, ...reasons])].join(': ')}; is it running, and is the URL right?`,
    error,
  )
}

const latest = -1n
const earliest = -2n
const readCommitted = 1
/** Kafka takes messages of 1 MB unless it is told otherwise. */
const frameBytesMax = 900_000
const connectMs = 3_000
/** Longer than any wait at the end of the log. */
const answerMs = 5_000
const readWaitMs = 500
const tailWaitMs = 500
const tailBytesMax = 4 * 2 ** 20
const madeMs = 10_000
/** Above `madeMs`. */
const openMsMax = 15_000
/** Above what a new leader needs. */
const askMsMax = 15_000
const probeMs = 1_000
const retriesMax = 20
const retryMs = 100
