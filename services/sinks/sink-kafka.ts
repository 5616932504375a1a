import {
  type ConnectionOptions,
  compatibilityPartitioner,
  GenericError,
  MultipleErrors,
  Producer,
} from '@platformatic/kafka'
import { bounded } from '#shared/log/bounded'
import { hearErrors } from '#shared/log/kafka-connection-errors'
import {
  MessageTooLarge,
  type OutgoingMessage,
  type Sink,
  type SinkConnection,
  SinkRefused,
  SinkUnavailable,
} from './sink.ts'

interface KafkaTarget {
  readonly brokers: string[]
  readonly connection: Pick<ConnectionOptions, 'tls' | 'sasl'>
  readonly topic: string
  /** Without credentials. */
  readonly where: string
}

/** A topic. The partition is that which any client of Kafka takes for the key; all replicas in step have what is acknowledged. */
export class KafkaSink implements Sink {
  readonly name: string
  readonly where: string
  readonly #target: KafkaTarget

  constructor(target: KafkaTarget) {
    this.#target = target
    this.name = `kafka ${target.topic}`
    this.where = target.where
  }

  async open(): Promise<SinkConnection> {
    const { brokers, connection, topic } = this.#target
    const producer = new Producer({
      clientId: 'vigil',
      bootstrapBrokers: brokers,
      connectTimeout: connectMsMax,
      timeout: answerMsMax,
      requestTimeout: answerMsMax,
      // Who sends again decides what comes first.
      retries: 0,
      retryDelay: retryMs,
      repeatOnStaleMetadata: false,
      partitioner: compatibilityPartitioner,
      ...connection,
    })
    hearErrors(producer)
    const close = (): Promise<void> => producer.close(true).catch(() => {})
    try {
      // A topic that is missing is made where the brokers' own settings allow it (auto.create.topics.enable).
      const options = { topics: [topic], autocreateTopics: true, forceUpdate: true, retries: metadataRetriesMax }
      await bounded(producer.metadata(options), openMsMax, silent(openMsMax))
    } catch (error) {
      await close()
      throw this.#judged(error)
    }
    return { send: (messages) => this.#send(producer, messages), close }
  }

  async #send(producer: Producer, messages: readonly OutgoingMessage[]): Promise<void> {
    const { topic } = this.#target
    const records = messages.map(({ key, body, headers }) => ({
      topic,
      key: Buffer.from(key),
      value: body,
      headers: new Map(Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)])),
    }))
    try {
      await bounded(producer.send({ messages: records, acks: -1, idempotent: false }), sendMsMax, silent(sendMsMax))
    } catch (error) {
      throw this.#judged(error)
    }
  }

  /** Whatever the client rejects with: a broker that misbehaves must not end the service. */
  #judged(error: unknown): Error {
    const { topic, where } = this.#target
    const reasons = reasonsOf(error)
    const why = [...new Set(reasons.map(({ message }) => message))].join(': ')
    const has = (...ids: readonly string[]): boolean => reasons.some(({ apiId }) => ids.includes(apiId))
    if (has('MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')) return new MessageTooLarge(why)
    // The client's own words, where it asks for the topic.
    if (has('UNKNOWN_TOPIC_OR_PARTITION') || why.includes(`Unknown topic ${topic}.`))
      return new SinkRefused(
        `${where}: there is no topic ${topic}, and the brokers do not make it by themselves; make it: kafka-topics.sh --create --topic ${topic}`,
        { cause: error },
      )
    if (has('TOPIC_AUTHORIZATION_FAILED'))
      return new SinkRefused(
        `${where}: this user may not write to the topic ${topic}; allow it, or name another user`,
        {
          cause: error,
        },
      )
    return new SinkUnavailable(`${where} cannot be used: ${why}`, { cause: error })
  }
}

const silent = (ms: number) => (): Error => new Error(`no answer for ${ms / 1_000} s`)

/** An error of the client with all those that are within it. */
function reasonsOf(error: unknown): { readonly message: string; readonly apiId: string }[] {
  if (!(error instanceof Error)) return [{ message: String(error), apiId: '' }]
  const apiId = error instanceof GenericError && 'apiId' in error ? String(error.apiId) : ''
  const within = error instanceof MultipleErrors ? error.errors : error.cause === undefined ? [] : [error.cause]
  return [{ message: error.message, apiId }, ...within.flatMap(reasonsOf)]
}

const connectMsMax = 3_000
const answerMsMax = 10_000
/** A topic that is being made has no leader at first. */
const metadataRetriesMax = 5
const retryMs = 200
const openMsMax = 10_000
/** Above what a new leader needs. */
const sendMsMax = 15_000
