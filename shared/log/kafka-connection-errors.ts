import type { EventEmitter } from 'node:events'
import type { ConnectionPoolEventPayload } from '@platformatic/kafka'

/**
 * For every client of `@platformatic/kafka`: a connection that fails while it says who it is (a reset, for one) tells so more than once, and the library
 * listens to the first only: the second would end the process. What failed is told by each request.
 */
export function hearErrors(client: EventEmitter): void {
  client.on('client:broker:failed', hear)
  client.on('client:broker:connect', hear)
}

const hear = ({ connection }: ConnectionPoolEventPayload): void => {
  connection.on('error', () => {})
}
