import kafkajs, {
  type Admin,
  type Cluster,
  type Consumer,
  Kafka,
  logLevel,
  PartitionAssigners,
  Partitioners,
  type Producer,
  type SASLOptions,
} from 'kafkajs'
import type { Frame } from './broker.ts'
import { LogUnavailable } from './event-log.ts'
import type { KafkaAddress } from './event-log-kafka-address.ts'
import {
  allClosed,
  type FetchPlan,
  type KafkaClient,
  type KafkaMessage,
  type KafkaTopic,
  kafkaTimes,
  kafkaUnavailable,
  type TopicPlan,
} from './event-log-kafka-client.ts'
import { mendKafkajsQueue } from './event-log-kafka-kafkajs-queue.ts'

// Node finds these in the whole only: the package is CommonJS.
const { ConfigResourceTypes, KafkaJSAggregateError, KafkaJSError, KafkaJSProtocolError } = kafkajs

/**
 * Requests to Kafka by kafkajs. Its consumer only reads as the member of a group: it may be told to start anew by others, restarts by itself from the
 * beginning, and passes over an offset that is not there in silence. So no consumer is ever run here: partitions are read by the single requests that
 * the library makes underneath, whose errors are told.
 */
export class KafkajsClient implements KafkaClient {
  readonly #where: string
  readonly #topic: string
  readonly #admin: Admin
  readonly #producer: Producer
  readonly #lanes: Readonly<Record<FetchPlan['lane'], Lane>>

  constructor({ brokers, topic, connection, where }: KafkaAddress) {
    mendKafkajsQueue()
    this.#where = where
    this.#topic = topic
    const kafka = new Kafka({
      clientId: 'vigil',
      brokers: brokers,
      connectionTimeout: kafkaTimes.connectMax,
      authenticationTimeout: kafkaTimes.connectMax,
      requestTimeout: kafkaTimes.answerMax,
      enforceRequestTimeout: true,
      retry: {
        initialRetryTime: kafkaTimes.retryMin,
        maxRetryTime: kafkaTimes.retryMax,
        retries: kafkaTimes.retries,
      },
      logLevel: logLevel.NOTHING,
      ...(connection.tls === undefined ? {} : { ssl: connection.tls }),
      ...(connection.sasl === undefined ? {} : { sasl: saslOf(connection.sasl) }),
    })
    this.#admin = kafka.admin()
    this.#producer = kafka.producer({
      allowAutoTopicCreation: false,
      // It would count what it has sent, and where an answer is lost give the same number to the next message, which is then dropped as a repeat.
      idempotent: false,
      retry: { retries: 0 },
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
    })
    this.#lanes = { tail: laneOf(kafka), reader: laneOf(kafka) }
  }

  async topic(): Promise<KafkaTopic | undefined> {
    const lane = this.#lanes.reader
    lane.isStale = true
    const ask = async (cluster: Cluster): Promise<KafkaTopic> => {
      const partitions = [...cluster.findTopicPartitionMetadata(this.#topic)]
      partitions.sort((a, b) => a.partitionId - b.partitionId)
      return {
        id: undefined,
        partitions: partitions.map(({ leader, replicas }) => ({ leader, replicas: replicas.length })),
      }
    }
    try {
      return await this.#readFrom(lane, ask, 1)
    } catch (error) {
      if (error instanceof LogUnavailable && isOf(error.cause, 'UNKNOWN_TOPIC_OR_PARTITION')) return undefined
      throw error
    }
  }

  makeTopic({ partitions, replicas, settings }: TopicPlan): Promise<void> {
    return this.#asked(async () => {
      await this.#admin.connect()
      const configEntries = [...settings].map(([name, value]) => ({ name, value }))
      const topic = { topic: this.#topic, numPartitions: partitions, replicationFactor: replicas, configEntries }
      // It answers false where somebody else was first.
      await this.#admin.createTopics({ topics: [topic], waitForLeaders: false, timeout: kafkaTimes.answerMax })
    })
  }

  settings(): Promise<ReadonlyMap<string, string>> {
    return this.#asked(async () => {
      await this.#admin.connect()
      const { resources } = await this.#admin.describeConfigs({
        resources: [{ type: ConfigResourceTypes.TOPIC, name: this.#topic }],
        includeSynonyms: false,
      })
      return new Map(resources[0].configEntries.map(({ configName, configValue }) => [configName, configValue]))
    })
  }

  removeBelow(partition: number, offset: number): Promise<void> {
    return this.#asked(async () => {
      await this.#admin.connect()
      const partitions = [{ partition, offset: String(offset) }]
      await this.#admin.deleteTopicRecords({ topic: this.#topic, partitions })
    })
  }

  offsets(at: 'first' | 'end' | number): Promise<readonly number[]> {
    return this.#readFrom(this.#lanes.reader, async (cluster) => {
      const partitions = cluster
        .findTopicPartitionMetadata(this.#topic)
        .map(({ partitionId }) => ({ partition: partitionId }))
      const place = typeof at === 'number' ? { fromTimestamp: at } : { fromBeginning: at === 'first' }
      const [found] = await cluster.fetchTopicsOffset([{ topic: this.#topic, partitions, ...place }])
      const offsets = new Map(found.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
      return partitions.map((_, partition) => offsets.get(partition) ?? -1)
    })
  }

  produce(frames: readonly Frame[]): Promise<ReadonlyMap<number, number>> {
    return this.#asked(async () => {
      // After a failure the library has asked for the leaders by itself (C3).
      await this.#producer.connect()
      const told = await this.#producer
        .send({
          topic: this.#topic,
          acks: -1,
          timeout: kafkaTimes.answerMax,
          messages: frames.map(({ partition, bytes }) => ({
            partition,
            value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
          })),
        })
        .catch(async (error: unknown) => {
          if (isHalfOpen(error)) await this.#producer.disconnect()
          throw error
        })
      return new Map(told.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]))
    })
  }

  fetch({ lane, node, wanted, waitMs, bytesMax }: FetchPlan): Promise<readonly KafkaMessage[]> {
    const ask = async (cluster: Cluster): Promise<readonly KafkaMessage[]> => {
      const broker = await cluster.findBroker({ nodeId: String(node) })
      const answer: FetchAnswer = await broker.fetch({
        isolationLevel: readCommitted,
        maxWaitTime: waitMs,
        minBytes: 1,
        maxBytes: bytesMax,
        topics: [
          {
            topic: this.#topic,
            partitions: [...wanted].map(([partition, offset]) => ({
              partition,
              fetchOffset: String(offset),
              maxBytes: bytesMax,
            })),
          },
        ],
      })
      const found: KafkaMessage[] = []
      for (const { partitions } of answer.responses)
        for (const { partition, messages } of partitions)
          for (const { offset: text, value, isControlRecord } of messages) {
            const offset = Number(text)
            // A batch comes whole, also what lies before the place that was asked for.
            if (value === null || isControlRecord === true || offset < (wanted.get(partition) ?? 0)) continue
            found.push({ partition, offset, value })
          }
      return found
    }
    // Tried once: another node may lead by now, which the caller finds out.
    return this.#readFrom(this.#lanes[lane], ask, 1)
  }

  async close(): Promise<void> {
    const { tail, reader } = this.#lanes
    const all = [tail.consumer, reader.consumer, this.#producer, this.#admin]
    await allClosed(all.map((client) => client.disconnect()))
  }

  /** With the brokers and the leaders known; after a failure they are asked for anew (C3). Tried again where a new leader may soon answer. */
  #readFrom<T>(lane: Lane, work: (cluster: Cluster) => Promise<T>, tries = kafkaTimes.retries): Promise<T> {
    return this.#asked(async () => {
      for (let left = tries, waitMs = kafkaTimes.retryMin; ; left--, waitMs = Math.min(2 * waitMs, kafkaTimes.retryMax))
        try {
          return await this.#readOnce(lane, work)
        } catch (error) {
          const mayPass = error instanceof KafkaJSProtocolError && error.retriable
          if (!mayPass || left <= 1) throw error
          await new Promise((resolve) => setTimeout(resolve, waitMs))
        }
    })
  }

  async #readOnce<T>(lane: Lane, work: (cluster: Cluster) => Promise<T>): Promise<T> {
    const { cluster } = lane
    try {
      if (lane.isStale) {
        await cluster.connect()
        await cluster.addTargetTopic(this.#topic)
        await cluster.refreshMetadata()
        lane.isStale = false
      }
      return await work(cluster)
    } catch (error) {
      lane.isStale = true
      if (isHalfOpen(error)) await cluster.disconnect()
      throw error
    }
  }

  async #asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const isForeseen = error instanceof KafkaJSError || error instanceof KafkaJSAggregateError || isHalfOpen(error)
      if (!isForeseen) throw error
      throw kafkaUnavailable(error, this.#where)
    }
  }
}

/** Connections to the brokers. */
interface Lane {
  readonly consumer: Consumer
  readonly cluster: Cluster
  /** Whether brokers and leaders have to be asked for. */
  isStale: boolean
}

/** What the library's types leave open. */
interface FetchAnswer {
  readonly responses: readonly {
    readonly partitions: readonly {
      readonly partition: number
      readonly messages: readonly {
        readonly offset: string
        readonly value: Buffer | null
        readonly isControlRecord?: boolean
      }[]
    }[]
  }[]
}

/** The library gives its single requests to who assigns the partitions of a group, when a consumer is made. This one never joins a group. */
function laneOf(kafka: Kafka): Lane {
  let given: Cluster | undefined
  const consumer = kafka.consumer({
    groupId: 'vigil-log',
    allowAutoTopicCreation: false,
    partitionAssigners: [
      (parts) => {
        given = parts.cluster
        return PartitionAssigners.roundRobin(parts)
      },
    ],
  })
  if (given === undefined) throw new Error('kafkajs is not the version that this was written for')
  return { consumer, cluster: given, isStale: true }
}

function saslOf({ mechanism, ...login }: NonNullable<KafkaAddress['connection']['sasl']>): SASLOptions {
  switch (mechanism) {
    case 'PLAIN':
      return { mechanism: 'plain', ...login }
    case 'SCRAM-SHA-256':
      return { mechanism: 'scram-sha-256', ...login }
    case 'SCRAM-SHA-512':
      return { mechanism: 'scram-sha-512', ...login }
  }
}

/** A connection whose first answer never came: the library takes it for a good one until it is closed. It has no class for this error. */
const isHalfOpen = (error: unknown): error is Error =>
  error instanceof Error && error.message === 'Broker not connected'

const isOf = (error: unknown, type: string): boolean =>
  error instanceof KafkaJSProtocolError
    ? error.type === type
    : error instanceof Error && error.cause !== undefined && isOf(error.cause, type)

const readCommitted = 1
