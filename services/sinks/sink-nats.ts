import { JetStreamApiCodes, JetStreamApiError, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, errors, headers, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import {
  MessageTooLarge,
  type OutgoingMessage,
  type Sink,
  type SinkConnection,
  SinkRefused,
  SinkUnavailable,
} from './sink.ts'

interface NatsTarget {
  readonly connection: NodeConnectionOptions
  readonly subject: string
  /** Without credentials. */
  readonly where: string
}

/**
 * A subject that a stream of JetStream takes: only a stream acknowledges, so without one it is refused. `Nats-Msg-Id` is the id of the
 * message, so that the stream knows a repeat within its window.
 */
export class NatsSink implements Sink {
  readonly name: string
  readonly where: string
  readonly #target: NatsTarget

  constructor(target: NatsTarget) {
    this.#target = target
    this.name = `nats ${target.subject}`
    this.where = target.where
  }

  async open(): Promise<SinkConnection> {
    const { connection, subject } = this.#target
    let client: NatsConnection | undefined
    try {
      client = await connect({
        ...connection,
        name: 'vigil sink',
        timeout: connectMsMax,
        // A connection that failed is replaced by its user (S2).
        reconnect: false,
        pingInterval: 2_000,
        maxPingOut: 3,
        noAsyncTraces: true,
      })
      const manager = await jetstreamManager(client, { checkAPI: false, timeout: answerMsMax })
      await manager.streams.find(subject)
    } catch (error) {
      await client?.close()
      throw this.#judged(error)
    }
    const open = client
    return { send: (messages) => this.#send(open, messages), close: () => open.close().catch(() => {}) }
  }

  async #send(client: NatsConnection, messages: readonly OutgoingMessage[]): Promise<void> {
    const { subject } = this.#target
    const js = jetstream(client, { timeout: answerMsMax })
    const sent = await Promise.allSettled(
      messages.map(async ({ id, body, headers: given }) => {
        const made = headers()
        for (const [name, value] of Object.entries(given)) made.set(name, value)
        await js.publish(subject, body, { msgID: headerText(id), headers: made, timeout: answerMsMax })
      }),
    )
    const failures = sent.flatMap((result) => (result.status === 'rejected' ? [this.#judged(result.reason)] : []))
    // Whether one is too large is settled only when nothing else is wrong.
    const failure = failures.find((error) => !(error instanceof MessageTooLarge)) ?? failures[0]
    if (failure !== undefined) throw failure
  }

  /** Whatever the client rejects with: a broker that misbehaves must not end the service. */
  #judged(error: unknown): Error {
    const { subject, where } = this.#target
    const why = error instanceof Error && error.message !== '' ? error.message : String(error)
    if (error instanceof JetStreamApiError && error.code === messageTooLargeCode) return new MessageTooLarge(why)
    if (error instanceof errors.InvalidArgumentError && why.includes('max_payload')) return new MessageTooLarge(why)
    const isUntaken = (error instanceof JetStreamApiError && untakenCodes.includes(error.code)) || isUnanswered(error)
    if (isUntaken)
      return new SinkRefused(
        `no stream of ${where} takes the subject ${subject}, so nothing would be acknowledged or kept; make one: nats stream add NAME --subjects '${subject}'`,
        { cause: error },
      )
    return new SinkUnavailable(`${where} cannot be used: ${why}`, { cause: error })
  }
}

/** An id as the value of a header: as it is, or written so that different ids stay different. */
const headerText = (id: string): string =>
  /^[\x21-\x7e]+$/.test(id) && !id.startsWith('%22') ? id : encodeURIComponent(JSON.stringify(id))

/** Nobody listens: neither a stream to the subject, nor JetStream to its API. */
const isUnanswered = (error: unknown): boolean =>
  error instanceof errors.RequestError
    ? error.isNoResponders()
    : error instanceof Error && error.cause instanceof errors.RequestError && error.cause.isNoResponders()

/** Of nats-server (server/errors.json). */
const messageTooLargeCode = 10054
const untakenCodes: readonly number[] = [
  JetStreamApiCodes.StreamNotFound,
  JetStreamApiCodes.JetStreamNotEnabledForAccount,
]
const connectMsMax = 5_000
/** A cluster that lost its leader has another one within 9 s. */
const answerMsMax = 10_000
