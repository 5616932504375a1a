import { openBrokerLog } from './broker-log.ts'
import type { EventLog, TrimmableLog } from './event-log.ts'
import { kafkaAddress } from './event-log-kafka-address.ts'
import { KafkaBroker } from './event-log-kafka-broker.ts'
import { type KafkaClientName, kafkaClients, type MakeKafkaClient } from './event-log-kafka-client.ts'

export interface KafkaLogOptions {
  /** See `kafkaAddress`. */
  readonly url: string
  /** Of the index of ids; is made if it is missing. One process at a time may use it. */
  readonly folder: string
  /** 1 to 256. A log keeps the number that it was made with. */
  readonly partitions: number
  readonly latenessMs: number
  /** The first of `kafkaClients`, unless it is named. */
  readonly client?: KafkaClientName
}

/**
 * Opens the log on Kafka, and makes its topic where it is missing.
 * Rejects with LogRefused where the URL or the topic is not fit, with LogUnavailable where the brokers cannot be used now.
 *
 * What is asked for together may lie in several partitions, and Kafka takes each by itself: where one fails, the outcome is unknown (L2). Repeats are
 * told by what this process knows (G3 of `broker-log.ts`).
 */
export async function openKafkaLog({
  url,
  client = kafkaClients[0],
  ...options
}: KafkaLogOptions): Promise<EventLog & TrimmableLog> {
  const broker = await KafkaBroker.open(kafkaAddress(url), options.partitions, await makers[client]())
  return openBrokerLog({ ...options, broker })
}

/** Only the one that is asked for is loaded. */
const makers: Readonly<Record<KafkaClientName, () => Promise<MakeKafkaClient>>> = {
  platformatic: async () => {
    const { PlatformaticClient } = await import('./event-log-kafka-platformatic.ts')
    return (address) => new PlatformaticClient(address)
  },
  kafkajs: async () => {
    const { KafkajsClient } = await import('./event-log-kafka-kafkajs.ts')
    return (address) => new KafkajsClient(address)
  },
}
