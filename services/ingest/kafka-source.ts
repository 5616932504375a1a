import { type BaseOptions, type ConnectionOptions, Consumer, GenericError, MultipleErrors } from '@platformatic/kafka'
import { bounded } from '#shared/log/bounded'
import { hearErrors } from '#shared/log/kafka-connection-errors'
import { ingestLimits } from './ingest-limits.ts'
import { freshPartitionsBegin, none } from './kafka-begin.ts'
import { batchesWithoutMessages, type TransactionBatch } from './kafka-transactions.ts'
import { MessageQueue } from './message-queue.ts'
import type { KafkaPlace } from './source-address.ts'
import { SourceAway, type SourceMessage, type SourcePort, type SourceReader } from './source-reader.ts'

/**
 * A topic of Kafka, read as a member of a group, whose committed offsets are the position. The member is a static one: after a crash its successor
 * has the partitions at once, and two that run by mistake are told apart.
 */
export class KafkaSource implements SourcePort {
  readonly where: string
  readonly #place: KafkaPlace
  readonly #connection: Pick<ConnectionOptions, 'tls' | 'sasl'>

  constructor(place: KafkaPlace, connection: Pick<ConnectionOptions, 'tls' | 'sasl'>) {
    this.where = place.where
    this.#place = place
    this.#connection = connection
  }

  async open(signal: AbortSignal, tell: (text: string) => void): Promise<SourceReader> {
    const base: BaseOptions = {
      clientId: `vigil-${this.#place.group}`,
      bootstrapBrokers: [...this.#place.hosts],
      connectTimeout: connectMs,
      timeout: answerMs,
      requestTimeout: answerMs,
      retries: retriesMax,
      retryDelay: retryMs,
      autocreateTopics: false,
      ...this.#connection,
    }
    const { group } = this.#place
    const member = new Consumer({ ...base, groupId: group, groupInstanceId: `${group}-vigil` })
    // Fetching waits on its connection, and what the group needs must not wait behind it.
    const fetcher = new Consumer({ ...base, retries: fetchRetriesMax, groupId: group })
    hearErrors(member)
    hearErrors(fetcher)
    const reader = new KafkaReader(this.#place, member, fetcher)
    try {
      signal.throwIfAborted()
      await bounded(reader.start(tell), openMsMax, silent(openMsMax))
      return reader
    } catch (error) {
      await reader.close()
      throw awayOf(this.where, error)
    }
  }
}

interface KafkaMessage extends SourceMessage {
  readonly partition: number
  readonly offset: bigint
}

/**
 * G1 Nothing is committed but what was given and dealt with, and only by the member to which the partitions were given when the reader was opened. Each
 *    change of the group ends the reader, which commits nothing from then on, and the next one begins at what is committed.
 * G2 A partition goes on behind everything that was fetched, also behind what holds no message (markers and aborted transactions).
 */
class KafkaReader implements SourceReader {
  readonly #place: KafkaPlace
  readonly #member: Consumer
  readonly #fetcher: Consumer
  readonly #queue = new MessageQueue<KafkaMessage>()
  /** By partition, the next offset to fetch. */
  readonly #wanted = new Map<number, bigint>()
  /** By partition, what is to be committed. */
  readonly #done = new Map<number, bigint>()
  /** Since the last commit. */
  #given: KafkaMessage[] = []
  #watch: NodeJS.Timeout | undefined

  constructor(place: KafkaPlace, member: Consumer, fetcher: Consumer) {
    this.#place = place
    this.#member = member
    this.#fetcher = fetcher
    // Without a listener the client's errors would end the process.
    member.on('error', (error) => this.#fail(error))
    fetcher.on('error', (error) => this.#fail(error))
    member.on('consumer:heartbeat:stalled', () => this.#fail(new SourceAway('its group does not answer')))
  }

  /** Joins the group and begins to fetch. */
  async start(tell: (text: string) => void): Promise<void> {
    const { topic } = this.#place
    const known = (await this.#fetcher.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic)
    if (known === undefined) throw new SourceAway(`there is no topic ${topic}`)
    this.#member.topics.track(topic)
    await this.#member.joinGroup({
      sessionTimeout: sessionMs,
      rebalanceTimeout: sessionMs,
      heartbeatInterval: heartbeatMs,
    })
    const changed = (): void => this.#fail(new SourceAway('its group has changed; reading begins at what is committed'))
    this.#member.on('consumer:group:join', changed)
    this.#member.on('consumer:group:rebalance', changed)
    const partitions = this.#member.assignments?.find((assignment) => assignment.topic === topic)?.partitions ?? []
    if (partitions.length === 0) tell('has no partition: other members of its group have them all')
    else await this.#seek(partitions, known.partitionsCount, tell)
    void this.#pump(known.id).catch((error: unknown) => this.#fail(error))
    this.#watch = setInterval(() => {
      this.#checkPartitions(known.partitionsCount).catch((error: unknown) => this.#fail(error))
    }, watchMs)
  }

  async next(signal: AbortSignal): Promise<readonly SourceMessage[]> {
    const messages = await this.#queue.take(signal)
    this.#given.push(...messages)
    return messages
  }

  async commit(): Promise<void> {
    this.#queue.throwIfFailed()
    for (const { partition, offset } of this.#given) this.#done.set(partition, offset + 1n)
    this.#given = []
    try {
      await bounded(this.#commitDone(), commitMsMax, silent(commitMsMax))
    } catch (error) {
      throw awayOf(this.#place.where, error)
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#watch)
    this.#queue.fail(new SourceAway('the reader was closed'))
    await Promise.race([
      Promise.allSettled([this.#fetcher.close(true), this.#member.close(true)]),
      new Promise((resolve) => setTimeout(resolve, closeMsMax)),
    ])
  }

  /** A topic that was given more partitions is joined anew: the group gives out what there was when its members joined. */
  async #checkPartitions(count: number): Promise<void> {
    const { topic } = this.#place
    const { topics } = await this.#fetcher.metadata({ topics: [topic], forceUpdate: true })
    const now = topics.get(topic)?.partitionsCount
    if (now !== count) throw new SourceAway(`the topic has ${now ?? 'no'} partitions now, and had ${count}`)
  }

  #fail(error: unknown): void {
    this.#queue.fail(awayOf(this.#place.where, error))
  }

  /** Begins each partition at what is committed, or else where the source says; that is committed too, as the end is another one next time. */
  async #seek(partitions: readonly number[], partitionsCount: number, tell: (text: string) => void): Promise<void> {
    const { topic, from } = this.#place
    const asked = { topics: [topic], partitions: { [topic]: [...partitions] } }
    const all = Array.from({ length: partitionsCount }, (_, partition) => partition)
    const committed = await this.#member.listCommittedOffsets({ topics: [{ topic, partitions: all }] })
    const fresh = freshPartitionsBegin(from, committed.get(topic) ?? [])
    const [first, end] = [
      await this.#fetcher.listOffsets({ ...asked, timestamp: earliest }),
      await this.#fetcher.listOffsets({ ...asked, timestamp: latest }),
    ].map((offsets) => offsets.get(topic) ?? [])
    for (const partition of partitions) {
      const place = `${topic}/${partition}`
      const kept = committed.get(topic)?.[partition] ?? none
      if (kept === none) {
        this.#wanted.set(partition, fresh === 'start' ? first[partition] : end[partition])
        if (fresh === 'end') this.#done.set(partition, end[partition])
      } else if (kept < first[partition]) {
        tell(`has lost ${first[partition] - kept} messages of ${place}: its broker removed them before they were read`)
        this.#wanted.set(partition, first[partition])
      } else if (kept > end[partition]) {
        tell(
          `was to go on at ${place}:${kept}, and the topic ends at ${end[partition]}: it was made anew, or lost messages; it is read from its start`,
        )
        this.#wanted.set(partition, first[partition])
      } else this.#wanted.set(partition, kept)
    }
    await this.#commitDone()
  }

  async #commitDone(): Promise<void> {
    const { topic } = this.#place
    const offsets = [...this.#done].map(([partition, offset]) => ({ topic, partition, offset, leaderEpoch: -1 }))
    this.#done.clear()
    if (offsets.length > 0) await this.#member.commit({ offsets })
  }

  /** Fetches from all leaders at once. */
  async #pump(topicId: string): Promise<void> {
    const { topic } = this.#place
    const { topics } = await this.#fetcher.metadata({ topics: [topic], forceUpdate: true })
    const known = topics.get(topic)
    if (known === undefined || known.id !== topicId) throw new SourceAway(`the topic ${topic} was removed`)
    const byNode = new Map<number, number[]>()
    for (const partition of this.#wanted.keys()) {
      const { leader } = known.partitions[partition]
      byNode.set(leader, [...(byNode.get(leader) ?? []), partition])
    }
    await Promise.all([...byNode].map(([node, partitions]) => this.#pumpNode(topicId, node, partitions)))
  }

  async #pumpNode(topicId: string, node: number, partitions: readonly number[]): Promise<void> {
    while (!this.#queue.hasFailed) {
      const { responses } = await this.#fetcher.fetch({
        node,
        minBytes: 1,
        maxBytes: fetchBytes,
        maxWaitTime: fetchMs,
        isolationLevel: readCommitted,
        topics: [
          {
            topicId,
            partitions: partitions.map((partition) => ({
              partition,
              currentLeaderEpoch: -1,
              fetchOffset: this.#wanted.get(partition) ?? 0n,
              lastFetchedEpoch: -1,
              partitionMaxBytes: fetchBytes,
            })),
          },
        ],
      })
      for (const answer of responses.flatMap((response) => response.partitions)) {
        const { partitionIndex, errorCode, abortedTransactions, records } = answer
        if (errorCode !== 0) throw new SourceAway(`partition ${partitionIndex} cannot be read (${errorCode})`)
        const batches = records ?? []
        const silent = batchesWithoutMessages(batches, abortedTransactions ?? [])
        for (const batch of batches) await this.#put(partitionIndex, batch, silent.has(batch))
      }
    }
  }

  /** A batch comes whole, also what lies before the place that was asked for. */
  async #put(partition: number, batch: FetchedBatch, isSilent: boolean): Promise<void> {
    const from = this.#wanted.get(partition) ?? 0n
    const end = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n
    if (!isSilent)
      for (const { offsetDelta, value, headers } of batch.records) {
        const offset = batch.firstOffset + BigInt(offsetDelta)
        if (offset < from) continue
        const header = (name: string): string | undefined =>
          headers.find(([key]) => key?.toString() === name)?.[1]?.toString() || undefined
        await this.#queue.put({
          partition,
          offset,
          position: `${this.#place.topic}/${partition}:${offset}`,
          // A record without a value says that its key is gone: it holds no event.
          bytes: value ?? noBytes,
          headers: { traceparent: header('traceparent'), tracestate: header('tracestate'), baggage: header('baggage') },
        })
      }
    if (end > from) this.#wanted.set(partition, end)
  }
}

interface FetchedBatch extends TransactionBatch {
  readonly records: readonly {
    readonly offsetDelta: number
    readonly key: Buffer | null
    readonly value: Buffer | null
    readonly headers: readonly (readonly [Buffer | null, Buffer | null])[]
  }[]
}

/** What an answer that does not come in time means. */
const silent = (ms: number) => (): SourceAway => new SourceAway(`it was silent for ${ms / 1_000} s`)

/** What the client and the brokers say means that the source is away; anything else is a mistake of ours. */
function awayOf(where: string, error: unknown): unknown {
  if (error instanceof SourceAway) return new SourceAway(`Kafka at ${where}: ${error.message}`, { cause: error.cause })
  if (!(error instanceof GenericError || error instanceof MultipleErrors)) return error
  return new SourceAway(`Kafka at ${where}: ${reasonsOf(error).join(', ')}`, { cause: error })
}

/** The client wraps what a broker said in how often it has tried, and that in what it tried it for. */
function reasonsOf(error: Error): readonly string[] {
  if (!(error instanceof MultipleErrors)) return [error.message]
  const reasons = new Set(error.errors.flatMap((one) => reasonsOf(one as Error)))
  return reasons.size === 0 ? [error.message] : [...reasons].slice(0, reasonsToldMax)
}

const reasonsToldMax = 3
const noBytes = Buffer.alloc(0)
const latest = -1n
const earliest = -2n
const readCommitted = 1
const connectMs = 3_000
/** Longer than any wait of a fetch, and than the first time of a group, for which its broker makes a topic. */
const answerMs = 10_000
/** A group that is used for the first time has no coordinator for some seconds. */
const retriesMax = 10
/** Whoever is away for longer is told to be. */
const fetchRetriesMax = 2
const retryMs = 200
const openMsMax = 30_000
const commitMsMax = 10_000
const closeMsMax = 2_000
/** Without a heartbeat for so long the broker takes the member for dead. A crash is not waited out: the member is a static one. */
const sessionMs = 30_000
const heartbeatMs = 3_000
/** How soon new partitions are noticed. */
const watchMs = 60_000
const fetchMs = 500
const fetchBytes = ingestLimits.messageBytesAtOnceMax
