import { kafkaAddress } from './event-log-kafka-address.ts'
import { natsAddress } from './event-log-nats-address.ts'

/** What of a broker is the log, by its name: whichever of its hosts a URL names. */
export type BrokerLogPlace =
  | { readonly kind: 'kafka'; readonly topic: string }
  | { readonly kind: 'nats'; readonly stream: string }

/** @returns undefined for a log that is on no broker. Throws LogRefused where the URL is wrong. */
export function brokerLogPlace(url: string): BrokerLogPlace | undefined {
  if (url.startsWith('kafka:')) return { kind: 'kafka', topic: kafkaAddress(url).topic }
  return /^(nats|tls):/.test(url) ? { kind: 'nats', stream: natsAddress(url).stream } : undefined
}
