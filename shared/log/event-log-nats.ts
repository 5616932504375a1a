import { openBrokerLog } from './broker-log.ts'
import type { EventLog, TrimmableLog } from './event-log.ts'
import { natsAddress } from './event-log-nats-address.ts'
import { NatsBroker } from './event-log-nats-broker.ts'

export interface NatsLogOptions {
  /** See `natsAddress`. */
  readonly url: string
  /** Of the index of ids; is made if it is missing. One process at a time may use it. */
  readonly folder: string
  /** 1 to 256. A log keeps the number that it was made with. */
  readonly partitions: number
  readonly latenessMs: number
}

/**
 * Opens the log on NATS JetStream, and makes its stream where it is missing; that needs nats-server 2.12 or newer.
 * Rejects with LogRefused where the URL or the stream is not fit, with LogUnavailable where the servers cannot be used now.
 *
 * A server acknowledges what is in its memory, and writes it to its disk every two minutes, unless its configuration says `sync_interval: always`. For
 * a single server that setting is needed for L2 to hold when the machine loses power; with three replicas in three places it is advised.
 */
export async function openNatsLog({ url, ...options }: NatsLogOptions): Promise<EventLog & TrimmableLog> {
  const broker = await NatsBroker.open(natsAddress(url), options.partitions)
  return openBrokerLog({ ...options, broker })
}
