import type { Frame } from './broker.ts'
import { LogUnavailable } from './event-log.ts'
import type { KafkaAddress } from './event-log-kafka-address.ts'

/**
 * What the log needs of a client of Kafka: single requests about one topic. Nothing goes on by itself: no group of consumers, no committed offsets, no
 * transactions, no idempotent producer.
 *
 * C1 `produce` never sends again by itself what it has sent.
 * C2 A request rejects with LogUnavailable for all that the world does; any other error is one that nobody foresaw.
 * C3 After a failure the next request asks anew who leads the partitions.
 */
export interface KafkaClient {
  /** Asked anew each time; undefined: there is no such topic. */
  topic(): Promise<KafkaTopic | undefined>
  /** One that somebody else made meanwhile is fine: who calls this looks at it afterwards. */
  makeTopic(plan: TopicPlan): Promise<void>
  /** By name. */
  settings(): Promise<ReadonlyMap<string, string>>
  /**
   * By partition: the lowest offset there is, the one above all messages, or that of the first message not older than a time (ms since 1970); −1 for a
   * time when all are older.
   */
  offsets(at: 'first' | 'end' | number): Promise<readonly number[]>
  /** One request for each leader. @returns by partition, the offset of its first frame; the others follow it */
  produce(frames: readonly Frame[]): Promise<ReadonlyMap<number, number>>
  /** One request. Rejects also where a partition is asked for outside of what it holds. */
  fetch(plan: FetchPlan): Promise<readonly KafkaMessage[]>
  /** Messages of the partition below an offset go. */
  removeBelow(partition: number, offset: number): Promise<void>
  /** Settles, whatever the brokers do. */
  close(): Promise<void>
}

/** By their names; the first is used where nobody chooses. */
export const kafkaClients = ['platformatic', 'kafkajs'] as const
export type KafkaClientName = (typeof kafkaClients)[number]

/** Makes a client; nothing is asked of the brokers yet. */
export type MakeKafkaClient = (address: KafkaAddress) => KafkaClient

export interface KafkaTopic {
  /** Another one for a topic that was removed and made anew; undefined: the client cannot tell. */
  readonly id: string | undefined
  /** In order of their numbers. */
  readonly partitions: readonly {
    /** −1: there is none now. */
    readonly leader: number
    readonly replicas: number
  }[]
}

export interface TopicPlan {
  readonly partitions: number
  readonly replicas: number
  readonly settings: ReadonlyMap<string, string>
}

export interface FetchPlan {
  /** The tail waits at the end of the log, and a connection answers one request after the other: so it has its own. */
  readonly lane: 'tail' | 'reader'
  readonly node: number
  /** By partition that the node leads, the offset to begin at; what comes first in order is served first. */
  readonly wanted: ReadonlyMap<number, number>
  /** How long the node waits for the first message. */
  readonly waitMs: number
  /** About so many; where there is a message, one batch comes at least. */
  readonly bytesMax: number
}

/** In order in each partition, from where it was asked for. */
export interface KafkaMessage {
  readonly partition: number
  readonly offset: number
  readonly value: Uint8Array
}

/** The timings of every client, ms. */
export const kafkaTimes = {
  connectMax: 3_000,
  /** Longer than any wait at the end of the log. */
  answerMax: 5_000,
  /** A leader that is just becoming one, or has gone, is asked again, but never sent to again. */
  retryMin: 100,
  retryMax: 400,
  retries: 10,
  closeMax: 3_000,
}

/** What an error of a client means to who asked; its text says also what stands behind it, as a password that is refused. */
export function kafkaUnavailable(error: Error, where: string): LogUnavailable {
  const said = new Set<string>()
  const collect = (one: unknown, depth: number): void => {
    if (!(one instanceof Error) || depth > 4) return
    said.add(one.message)
    if ('errors' in one && Array.isArray(one.errors)) for (const part of one.errors) collect(part, depth + 1)
    collect(one.cause, depth + 1)
  }
  collect(error, 0)
  return new LogUnavailable(
    'unreachable',
    `Kafka at ${where} cannot be used: ${[...said].join(': ')}; is it running, and is the URL right?`,
    error,
  )
}

/** Waits for the clients of a process to part, but not for brokers that are silent. */
export async function allClosed(closings: readonly Promise<unknown>[]): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, kafkaTimes.closeMax)
  await Promise.race([Promise.allSettled(closings), late]).finally(() => clearTimeout(timer))
}
