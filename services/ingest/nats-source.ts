import {
  AckPolicy,
  type Consumer,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  JetStreamError,
  type JetStreamManager,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream'
import { connect, type MsgHdrs, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import { isNatsConnectionError } from '#shared/log/nats-connection-errors'
import { ingestLimits } from './ingest-limits.ts'
import { MessageQueue } from './message-queue.ts'
import type { NatsPlace } from './source-address.ts'
import {
  SourceAway,
  type SourceMessage,
  type SourcePort,
  type SourceReader,
  type TraceHeaders,
} from './source-reader.ts'

/** A stream of JetStream, read by a durable consumer `vigil-NAME`, whose position is what it has been told is done. */
export class NatsSource implements SourcePort {
  readonly where: string
  readonly #place: NatsPlace
  readonly #connection: NodeConnectionOptions
  readonly #ackMs: number

  /** @param ackMs for a consumer that is made: what is not acknowledged by then is delivered again */
  constructor(place: NatsPlace, connection: NodeConnectionOptions, ackMs: number = ackMsUsual) {
    this.where = place.where
    this.#place = place
    this.#connection = connection
    this.#ackMs = ackMs
  }

  async open(signal: AbortSignal): Promise<SourceReader> {
    return this.#tried(async () => {
      const client = await connect({
        ...this.#connection,
        servers: [...this.#place.hosts],
        name: `vigil ${this.#place.durable}`,
        timeout: answerMsMax,
        // A connection that is lost ends the reader; its successor looks first what was left undone.
        reconnect: false,
        pingInterval: 2_000,
        maxPingOut: 3,
        noAsyncTraces: true,
      })
      try {
        signal.throwIfAborted()
        return await NatsReader.open(client, this.#place, this.#ackMs, (work) => this.#tried(work))
      } catch (error) {
        await client.close()
        throw error
      }
    })
  }

  /** What the client and the server say means that the source is away; it is told with their words. */
  async #tried<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Error) || !isOutside(error)) throw error
      throw new SourceAway(`NATS at ${this.where}: ${error.message === '' ? error.name : error.message}`, {
        cause: error,
      })
    }
  }
}

interface NatsMessage extends SourceMessage {
  /** In the stream. */
  readonly seq: number
  /** undefined: it was read from the stream itself, and is acknowledged when it is delivered again. */
  readonly delivered: JsMsg | undefined
}

/**
 * N1 What the consumer had delivered to a reader before this one and was not told done is read from the stream first, in order: the server itself
 *    would deliver it again only after a while, behind newer messages, and by then its events might be late.
 * N2 Such a message is not given again when it is delivered again, within the consumer's ack wait. It is told done once it has been delivered again
 *    and `commit` has covered it, whichever comes last; until then the server keeps it, and the next reader begins with it.
 */
class NatsReader implements SourceReader {
  readonly #client: NatsConnection
  readonly #queue = new MessageQueue<NatsMessage>()
  readonly #tried: <T>(work: () => Promise<T>) => Promise<T>
  /** Since the last commit. */
  #given: NatsMessage[] = []
  /** Of what was read from the stream, everything up to this number is committed. */
  #committed = 0
  /** By number: what was delivered again before it was committed. At most `unacknowledgedMax`; another is delivered once more later. */
  readonly #redelivered = new Map<number, JsMsg>()

  private constructor(client: NatsConnection, tried: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#client = client
    this.#tried = tried
    void client.closed().then((error) => {
      const why = error instanceof Error ? error.message : 'the connection was lost'
      this.#queue.fail(new SourceAway(why, { cause: error }))
    })
  }

  static async open(
    client: NatsConnection,
    place: NatsPlace,
    ackMs: number,
    tried: <T>(work: () => Promise<T>) => Promise<T>,
  ): Promise<NatsReader> {
    const manager = await jetstreamManager(client, { timeout: answerMsMax })
    const info = await openConsumer(manager, place, ackMs)
    const reader = new NatsReader(client, tried)
    const consumer = await jetstream(client, { timeout: answerMsMax }).consumers.get(place.stream, place.durable)
    void tried(() => reader.#pump(manager, consumer, info)).catch((error: unknown) => reader.#queue.fail(error))
    return reader
  }

  async next(signal: AbortSignal): Promise<readonly SourceMessage[]> {
    const messages = await this.#queue.take(signal)
    this.#given.push(...messages)
    return messages
  }

  async commit(): Promise<void> {
    const given = this.#given
    this.#given = []
    for (const { seq, delivered } of given)
      if (delivered === undefined) this.#committed = seq
      else delivered.ack()
    for (const [seq, message] of this.#redelivered) {
      if (seq > this.#committed) continue
      message.ack()
      this.#redelivered.delete(seq)
    }
    // What was acknowledged is on its way to the server before more is taken.
    await this.#tried(() => this.#client.flush())
  }

  async close(): Promise<void> {
    this.#queue.fail(new SourceAway('the reader was closed'))
    await this.#client.close()
  }

  async #pump(manager: JetStreamManager, consumer: Consumer, info: ConsumerInfo): Promise<void> {
    const { stream_name: stream } = info
    const deliveredBefore = info.num_ack_pending === 0 ? 0 : info.delivered.stream_seq
    const subject = info.config.filter_subject ?? '>'
    for (let from = info.ack_floor.stream_seq + 1; from <= deliveredBefore && !this.#queue.hasFailed; ) {
      const query = { seq: from, next_by_subj: subject }
      const found = await manager.streams.getMessage(stream, query)
      if (found === null || found.seq > deliveredBefore) break
      from = found.seq + 1
      const { seq, data, header } = found
      await this.#queue.put({ ...messageOf(stream, seq, data, header), delivered: undefined })
    }
    let pulled = pulledMin
    while (!this.#queue.hasFailed) {
      const messages = await consumer.fetch({ max_messages: pulled, expires: pullMs })
      let largest = 1
      for await (const message of messages) {
        const { seq, data, headers } = message
        largest = Math.max(largest, data.length)
        if (seq <= deliveredBefore) this.#settle(message)
        else await this.#queue.put({ ...messageOf(stream, seq, data, headers), delivered: message })
      }
      // The server is asked for a number: one that gives about as many bytes as may be held.
      const fitting = Math.floor(ingestLimits.messageBytesAtOnceMax / largest)
      pulled = Math.max(1, Math.min(fitting, 2 * pulled, pulledMax))
    }
  }

  /** What was read from the stream is delivered again. */
  #settle(message: JsMsg): void {
    const { seq } = message
    if (seq <= this.#committed) message.ack()
    else if (this.#redelivered.has(seq) || this.#redelivered.size < unacknowledgedMax)
      this.#redelivered.set(seq, message)
  }
}

function messageOf(
  stream: string,
  seq: number,
  data: Uint8Array,
  headers: MsgHdrs | undefined,
): Omit<NatsMessage, 'delivered'> {
  const header = (name: string): string | undefined => headers?.get(name) || undefined
  const taken: TraceHeaders = {
    traceparent: header('traceparent'),
    tracestate: header('tracestate'),
    baggage: header('baggage'),
  }
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length)
  return { seq, position: `${stream}:${seq}`, bytes, headers: taken }
}

/** The durable consumer, which is made where there is none. Rejects with SourceAway where it is not fit, as somebody may mend it. */
async function openConsumer(manager: JetStreamManager, place: NatsPlace, ackMs: number): Promise<ConsumerInfo> {
  const { stream, durable, subject, from } = place
  const there = await manager.consumers.info(stream, durable).catch((error: unknown) => {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound) return undefined
    throw error
  })
  const info =
    there ??
    (await manager.consumers.add(stream, {
      durable_name: durable,
      description: 'Vigil reads its events here; what is acknowledged is in its log',
      ack_policy: AckPolicy.Explicit,
      deliver_policy: from === 'start' ? DeliverPolicy.All : DeliverPolicy.New,
      ack_wait: ackMs * nanoseconds,
      max_deliver: -1,
      max_ack_pending: unacknowledgedMax,
      ...(subject === undefined ? {} : { filter_subject: subject }),
    }))
  const { ack_policy, deliver_subject, max_deliver = -1, filter_subject, filter_subjects } = info.config
  const refuse = (why: string): never => {
    throw new SourceAway(`the consumer ${durable} of the stream ${stream} at ${place.where} cannot be used: ${why}`)
  }
  if (deliver_subject !== undefined) refuse('it pushes; remove it, and one that is pulled from is made')
  if (ack_policy === AckPolicy.None) refuse('its ack policy is none, so it keeps no position; remove it')
  if (max_deliver > 0) refuse(`after ${max_deliver} deliveries it gives a message up; set its max_deliver to -1`)
  if (filter_subject !== subject || filter_subjects !== undefined)
    refuse(
      `its subject is ${filter_subject ?? filter_subjects ?? '(all)'}, not ${subject ?? '(all)'}; set it, or correct the source`,
    )
  return info
}

/** What the world does; anything else is a mistake of ours. One kind that the client makes it does not export. */
const isOutside = (error: Error): boolean =>
  isNatsConnectionError(error) ||
  error instanceof JetStreamApiError ||
  error instanceof JetStreamError ||
  error.name === 'JetStreamNotEnabled'

const nanoseconds = 1_000_000
const answerMsMax = 5_000
/** Messages of one request, by their size, and how long it waits for them. The server says meanwhile that it is there. */
const pulledMin = 16
const pulledMax = 256
const pullMs = 5_000
/** What was delivered and is not acknowledged by then is delivered again: it waits for the log, or its reader is gone. */
const ackMsUsual = 15_000
const unacknowledgedMax = 2 * ingestLimits.messagesMax + pulledMax
