import type { EventEmitter } from 'node:events'
import {
  Admin,
  type BaseOptions,
  ConfigResourceTypes,
  Consumer,
  findErrorBy,
  GenericError,
  MultipleErrors,
  Producer,
  UserError,
} from '@platformatic/kafka'
import type { Frame } from './broker.ts'
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
import { hearErrors } from './kafka-connection-errors.ts'

/** Requests to Kafka by `@platformatic/kafka`, which fetches without a group, and knows a topic by its id. */
export class PlatformaticClient implements KafkaClient {
  readonly #where: string
  readonly #topic: string
  readonly #admin: Admin
  readonly #producer: Producer
  readonly #lanes: Readonly<Record<FetchPlan['lane'], Consumer>>
  #known: { readonly id: string; readonly partitions: number } | undefined

  constructor({ brokers, topic, connection, where }: KafkaAddress) {
    this.#where = where
    this.#topic = topic
    const base: BaseOptions = {
      clientId: 'vigil',
      bootstrapBrokers: brokers,
      connectTimeout: kafkaTimes.connectMax,
      timeout: kafkaTimes.answerMax,
      requestTimeout: kafkaTimes.answerMax,
      retries: kafkaTimes.retries,
      retryDelay: (_client, _operation, attempt) => Math.min(kafkaTimes.retryMin * 2 ** attempt, kafkaTimes.retryMax),
      autocreateTopics: false,
      ...connection,
    }
    this.#admin = new Admin(base)
    // A client that sends again by itself stores twice what was stored once.
    this.#producer = new Producer({ ...base, retries: 0, repeatOnStaleMetadata: false })
    const group = { ...base, groupId: 'vigil-log' }
    // Who follows the end asks the new leader itself; to ask the old one again would only take time.
    this.#lanes = { tail: new Consumer({ ...group, retries: 0 }), reader: new Consumer(group) }
    const clients: readonly EventEmitter[] = [this.#admin, this.#producer, this.#lanes.tail, this.#lanes.reader]
    for (const client of clients) hearErrors(client)
  }

  topic(): Promise<KafkaTopic | undefined> {
    return this.#asked(async () => {
      const { topics } = await this.#lanes.reader
        .metadata({ topics: [this.#topic], forceUpdate: true, retries: 0 })
        .catch((error: unknown) => {
          // The library has a text of its own for a topic that is not there.
          if (error instanceof UserError && error.message.startsWith('Unknown topic'))
            return { topics: new Map<string, never>() }
          throw error
        })
      const known = topics.get(this.#topic)
      if (known === undefined) return undefined
      this.#known = { id: known.id, partitions: known.partitionsCount }
      return {
        id: known.id,
        partitions: known.partitions.map(({ leader, replicas }) => ({ leader, replicas: replicas.length })),
      }
    })
  }

  makeTopic({ partitions, replicas, settings }: TopicPlan): Promise<void> {
    return this.#asked(async () => {
      const configs = [...settings].map(([name, value]) => ({ name, value }))
      await this.#admin
        .createTopics({ topics: [this.#topic], partitions, replicas, configs })
        .catch((error: unknown) => {
          if (!isOf(error, 'TOPIC_ALREADY_EXISTS')) throw error
        })
    })
  }

  settings(): Promise<ReadonlyMap<string, string>> {
    return this.#asked(async () => {
      const [described] = await this.#admin.describeConfigs({
        resources: [{ resourceType: topicResource, resourceName: this.#topic }],
      })
      return new Map(described.configs.map(({ name, value }) => [name, value ?? '']))
    })
  }

  removeBelow(partition: number, offset: number): Promise<void> {
    return this.#asked(async () => {
      const partitions = [{ partition, offset: BigInt(offset) }]
      await this.#admin.deleteRecords({ topics: [{ name: this.#topic, partitions }] })
    })
  }

  offsets(at: 'first' | 'end' | number): Promise<readonly number[]> {
    return this.#asked(async () => {
      const partitions = Array.from({ length: this.#known?.partitions ?? 0 }, (_, partition) => partition)
      const found = await this.#lanes.reader.listOffsets({
        topics: [this.#topic],
        partitions: { [this.#topic]: partitions },
        timestamp: typeof at === 'number' ? BigInt(at) : at === 'end' ? -1n : -2n,
      })
      return (found.get(this.#topic) ?? []).map(Number)
    })
  }

  produce(frames: readonly Frame[]): Promise<ReadonlyMap<number, number>> {
    return this.#asked(async () => {
      const messages = frames.map(({ partition, bytes }) => ({
        topic: this.#topic,
        partition,
        value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      }))
      const { offsets = [] } = await this.#producer
        .send({ messages, acks: -1, idempotent: false, autocreateTopics: false })
        .catch((error: unknown) => {
          // The next one asks for the leaders (C3).
          this.#producer.clearMetadata()
          throw error
        })
      return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]))
    })
  }

  fetch({ lane, node, wanted, waitMs, bytesMax }: FetchPlan): Promise<readonly KafkaMessage[]> {
    return this.#asked(async () => {
      const response = await this.#lanes[lane].fetch({
        node,
        minBytes: 1,
        maxBytes: bytesMax,
        maxWaitTime: waitMs,
        isolationLevel: readCommitted,
        topics: [
          {
            topicId: this.#known?.id ?? '',
            partitions: [...wanted].map(([partition, offset]) => ({
              partition,
              currentLeaderEpoch: -1,
              fetchOffset: BigInt(offset),
              lastFetchedEpoch: -1,
              partitionMaxBytes: bytesMax,
            })),
          },
        ],
      })
      const messages: KafkaMessage[] = []
      for (const { partitions } of response.responses)
        for (const { partitionIndex: partition, records } of partitions)
          for (const batch of records ?? [])
            for (const { offsetDelta, value } of batch.records) {
              const offset = Number(batch.firstOffset) + offsetDelta
              // A batch comes whole, also what lies before the place that was asked for.
              if (value === null || offset < (wanted.get(partition) ?? 0)) continue
              messages.push({ partition, offset, value })
            }
      return messages
    })
  }

  async close(): Promise<void> {
    const { tail, reader } = this.#lanes
    await allClosed([tail.close(true), reader.close(true), this.#producer.close(true), this.#admin.close()])
  }

  async #asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof GenericError || error instanceof MultipleErrors)) throw error
      throw kafkaUnavailable(error, this.#where)
    }
  }
}

const isOf = (error: unknown, id: string): boolean => error instanceof Error && findErrorBy(error, 'apiId', id) !== null

const readCommitted = 1
const topicResource = ConfigResourceTypes.TOPIC
