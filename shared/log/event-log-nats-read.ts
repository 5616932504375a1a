import { createInbox } from '@nats-io/transport-node'
import type { StoredFrame } from './broker.ts'
import { LogUnavailable } from './event-log.ts'
import type { NatsServer } from './event-log-nats-connection.ts'

export interface BatchRequest {
  readonly stream: string
  readonly subject: string
  readonly partition: number
  readonly from: number
  readonly bytesMax: number
}

/**
 * Messages of a subject from a sequence on, asked for at once from any replica (ADR-31). There is no consumer, so none that could stall.
 * The client's own function for it neither ends by time once a message came, nor takes its subscription back.
 * @returns the server's answer, which ends at its bounds or at its end; that of a replica may be behind. Rejects with LogUnavailable
 */
export function readBatch(
  server: NatsServer,
  { stream, subject, partition, from, bytesMax }: BatchRequest,
): Promise<readonly StoredFrame[]> {
  return server.whileConnected(async () => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly StoredFrame[]>()
    const frames: StoredFrame[] = []
    const inbox = createInbox()
    const onLate = (): void =>
      reject(new LogUnavailable('unreachable', `NATS at ${server.where} was silent while read`))
    const timer = setTimeout(onLate, silenceMsMax)
    const subscription = server.client.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) return reject(error)
        timer.refresh()
        const { headers } = message
        const code = headers?.code ?? 0
        if (code === notFound || code === endOfBatch) return resolve(frames)
        if (code !== 0) {
          const why = headers?.description ?? ''
          return reject(
            new LogUnavailable('unreachable', `NATS at ${server.where} refuses to be read: ${why} (${code})`),
          )
        }
        frames.push({ partition, sequence: Number(headers?.last('Nats-Sequence')), bytes: message.data })
      },
    })
    const query = { seq: from, next_by_subj: subject, batch: messagesMax, max_bytes: Math.min(bytesMax, batchBytesMax) }
    server.client.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query), { reply: inbox })
    return promise.finally(() => {
      clearTimeout(timer)
      subscription.unsubscribe()
    })
  })
}

const notFound = 404
const endOfBatch = 204
const messagesMax = 1_000
const batchBytesMax = 8 * 2 ** 20
const silenceMsMax = 5_000
