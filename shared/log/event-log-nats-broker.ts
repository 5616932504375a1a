import {
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
} from '@nats-io/jetstream'
import { headers, type MsgHdrs, nuid } from '@nats-io/transport-node'
import { invariant } from '#shared/domain/invariant'
import type { Broker, Follower, Frame, StoredFrame } from './broker.ts'
import { ToldEnds } from './broker-told-ends.ts'
import { type LogHealth, LogUnavailable } from './event-log.ts'
import type { NatsAddress } from './event-log-nats-address.ts'
import { NatsServer } from './event-log-nats-connection.ts'
import { type ApiFailure, isUntaken, refusalOf } from './event-log-nats-failure.ts'
import { readBatch } from './event-log-nats-read.ts'
import { openStream, subjectOf } from './event-log-nats-stream.ts'
import { type LogFailure, LogRefused } from './sqlite-log-failure.ts'

/**
 * A log in one stream of JetStream. A frame is a message with the subject of its partition; sequences are those of the stream, so all partitions count
 * together. Frames that are published together are one atomic batch of the server (ADR-50).
 *
 * N1 A sequence that the server told is never told again for something else: if it is, if the stream ends lower and stays so, or is another one, all
 *    ends (`#lose`).
 * N2 While the broker is not ready it looks by itself, every `probeMs`, whether it is again.
 */
export class NatsBroker implements Broker {
  readonly incarnation: string
  readonly countsTogether = true
  readonly frameBytesMax: number
  readonly #server: NatsServer
  readonly #stream: string
  readonly #partitions: number
  readonly #created: string
  readonly #js: JetStreamClient
  readonly #manager: JetStreamManager
  #failure: LogFailure | undefined
  #probeTimer: NodeJS.Timeout | undefined
  #isClosed = false
  /** One end for all partitions. */
  readonly #told = new ToldEnds(1)
  lost: LogUnavailable | undefined

  private constructor(options: {
    readonly server: NatsServer
    readonly js: JetStreamClient
    readonly manager: JetStreamManager
    readonly stream: string
    readonly created: string
    readonly partitions: number
    readonly payloadBytesMax: number
  }) {
    const { server, stream, created, partitions, js, manager } = options
    this.#server = server
    this.#js = js
    this.#manager = manager
    this.#stream = stream
    this.#created = created
    this.#partitions = partitions
    this.incarnation = `${stream} of ${created}`
    this.frameBytesMax = options.payloadBytesMax - headerBytesMax
  }

  /** Rejects with LogUnavailable, or with LogRefused where the stream is not fit. */
  static async open(address: NatsAddress, partitions: number): Promise<NatsBroker> {
    let onConnection = (_isConnected: boolean): void => {}
    const server = await NatsServer.open(address, (isConnected) => onConnection(isConnected))
    try {
      const js = jetstream(server.client, { timeout: apiMsMax })
      return await server.whileConnected(async () => {
        const payloadBytesMax = server.client.info?.max_payload ?? 0
        if (payloadBytesMax < payloadBytesMin)
          throw new LogRefused(
            `NATS at ${address.where} takes messages of ${payloadBytesMax} bytes; set its max_payload to 1MB or more`,
          )
        const manager = await js.jetstreamManager(false)
        const { created, config } = await openStream(manager, address, partitions)
        const broker = new NatsBroker({
          server,
          js,
          manager,
          stream: config.name,
          created,
          partitions,
          payloadBytesMax,
        })
        onConnection = (isConnected) => broker.#onConnection(isConnected)
        return broker
      })
    } catch (error) {
      await server.close()
      throw error
    }
  }

  get health(): LogHealth {
    return this.#failure === undefined ? { isReady: true } : { isReady: false, ...this.#failure }
  }

  async publish(frames: readonly Frame[]): Promise<readonly number[]> {
    this.#check()
    const end = this.#told.at(0)
    try {
      const last = await this.#send(frames)
      const first = last - frames.length + 1
      if (first < end) throw this.#lose('its sequences began anew')
      this.#told.raise(0, last + 1)
      this.#setReady()
      return frames.map((_, f) => first + f)
    } catch (error) {
      if (!(error instanceof LogUnavailable)) throw error
      const failure = isUntaken(error) ? await this.#whyUntaken(error) : error
      this.#setUnready(failure)
      throw failure
    }
  }

  async ends(): Promise<readonly number[]> {
    this.#check()
    const end = await this.#askEnd()
    return Array<number>(this.#partitions).fill(end)
  }

  async first(partition: number): Promise<number | undefined> {
    const query = { seq: 1, next_by_subj: subjectOf(this.#stream, partition) }
    return (await this.#leaderMessage(query))?.sequence
  }

  async last(partition: number): Promise<StoredFrame | undefined> {
    const found = await this.#leaderMessage({ last_by_subj: subjectOf(this.#stream, partition) })
    return found === undefined ? undefined : { ...found, partition }
  }

  async sequencesAt(ms: number): Promise<readonly number[]> {
    this.#check()
    const query = JSON.stringify({ start_time: new Date(ms).toISOString() })
    const message = await this.#server.request(`$JS.API.DIRECT.GET.${this.#stream}`, query)
    const sequence = Number(message.headers?.last('Nats-Sequence'))
    const isFound = (message.headers?.code ?? 0) === 0 && sequence > 0
    return Array<number>(this.#partitions).fill(isFound ? sequence : await this.#askEnd())
  }

  async read(partition: number, from: number, bytesMax: number): Promise<readonly StoredFrame[]> {
    this.#check()
    const subject = subjectOf(this.#stream, partition)
    const request = { stream: this.#stream, subject, partition, from: Math.max(1, from), bytesMax }
    const frames = await readBatch(this.#server, request)
    if (frames.length > 0) return frames
    // A replica may be behind; the leader is not.
    const found = await this.#leaderMessage({ seq: request.from, next_by_subj: subject })
    return found === undefined ? [] : [{ ...found, partition }]
  }

  follow(
    from: readonly number[],
    take: (frame: StoredFrame) => Promise<void> | undefined,
    onEnd: (error: unknown) => void,
  ): Follower {
    let isStopped = false
    let stopConsumer = (): void => {}
    const run = async (): Promise<void> => {
      const consumer = await this.#js.consumers.get(this.#stream, {
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: Math.max(1, Math.min(...from)),
        inactive_threshold: inactiveMs,
      })
      const messages = await consumer.consume({ max_messages: followedMessagesMax })
      stopConsumer = () => messages.stop()
      for await (const { subject, seq, data } of messages) {
        if (isStopped) return
        this.#told.raise(0, seq + 1)
        const pause = take({ partition: partitionOf(subject), sequence: seq, bytes: data })
        if (pause !== undefined) await pause
      }
    }
    void run().then(
      () => isStopped || onEnd(new Error('the consumer ended')),
      (error: unknown) => isStopped || onEnd(error),
    )
    return {
      stop: () => {
        isStopped = true
        stopConsumer()
      },
    }
  }

  async removeBelow(partition: number, sequence: number): Promise<void> {
    this.#check()
    // Without a filter the server drops whole blocks.
    const filter = this.#partitions === 1 ? {} : { filter: subjectOf(this.#stream, partition) }
    await this.#server.whileConnected(async () => {
      try {
        await this.#manager.streams.purge(this.#stream, { ...filter, seq: sequence })
      } catch (error) {
        if (!(error instanceof JetStreamApiError && error.message.includes('purge'))) throw error
        throw new LogUnavailable(
          'read-only',
          `the stream ${this.#stream} was made with deny_purge, which stays for good: set VIGIL_LOG_RETENTION=forever, or name another stream`,
        )
      }
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#probeTimer)
    await this.#server.close()
  }

  /** @returns the sequence of the last one */
  async #send(frames: readonly Frame[]): Promise<number> {
    invariant(frames.length <= batchFramesMax, `${frames.length} frames at once`)
    if (!this.#server.isConnected) throw this.#server.away()
    const batch = frames.length === 1 ? undefined : nuid.next()
    for (const [f, frame] of frames.slice(0, -1).entries())
      this.#server.client.publish(subjectOf(this.#stream, frame.partition), frame.bytes, {
        headers: this.#headersOf(batch, f + 1),
      })
    const last = frames[frames.length - 1]
    const commit = this.#headersOf(batch, frames.length)
    if (batch !== undefined) commit.set('Nats-Batch-Commit', '1')
    const answer = await this.#server.request(subjectOf(this.#stream, last.partition), last.bytes, commit)
    const { error, seq } = answer.json<{ readonly error?: ApiFailure; readonly seq?: number }>()
    if (error !== undefined || seq === undefined) {
      const { reason, detail } = refusalOf(error ?? { err_code: 0, description: answer.string() }, this.#server.where)
      throw new LogUnavailable(reason, detail)
    }
    return seq
  }

  async #whyUntaken(error: LogUnavailable): Promise<LogUnavailable> {
    try {
      await this.#askEnd()
      return error
    } catch (reason) {
      if (reason instanceof LogUnavailable) return reason
      throw reason
    }
  }

  #headersOf(batch: string | undefined, number: number): MsgHdrs {
    const made = headers()
    made.set('Nats-Expected-Stream', this.#stream)
    if (batch === undefined) return made
    made.set('Nats-Batch-Id', batch)
    made.set('Nats-Batch-Sequence', String(number))
    return made
  }

  async #askEnd(): Promise<number> {
    const before = this.#told.copy()
    const { created, state } = await this.#server.whileConnected(() => this.#manager.streams.info(this.#stream))
    if (created !== this.#created) throw this.#lose('it was removed and made anew')
    const verdict = this.#told.judge([state.last_seq + 1], before, performance.now())
    if (verdict.kind === 'told') return this.#told.at(0)
    const what = `it ends at ${verdict.end - 1} and was at ${verdict.before - 1} before`
    if (verdict.kind === 'lost') throw this.#lose(what)
    throw new LogUnavailable(
      'unreachable',
      `the stream ${this.#stream}: ${what}: it lost records, or another server answered`,
    )
  }

  async #leaderMessage(
    query: { readonly seq: number; readonly next_by_subj?: string } | { readonly last_by_subj: string },
  ): Promise<{ readonly sequence: number; readonly bytes: Uint8Array } | undefined> {
    this.#check()
    const found = await this.#server.whileConnected(() => this.#manager.streams.getMessage(this.#stream, query))
    return found === null ? undefined : { sequence: found.seq, bytes: found.data }
  }

  #check(): void {
    if (this.lost !== undefined) throw new LogUnavailable('unreachable', this.lost.message)
  }

  /** For good: what this process read is not what the log says now. */
  #lose(why: string): LogUnavailable {
    return this.#end(
      `the stream ${this.#stream} of NATS at ${this.#server.where} is no longer the log that was opened: ${why}. Give it back from a copy, or start again with what there is`,
    )
  }

  #end(detail: string, cause?: unknown): LogUnavailable {
    this.lost = new LogUnavailable('unreachable', detail, cause)
    this.#failure = { reason: 'unreachable', detail }
    clearTimeout(this.#probeTimer)
    return this.lost
  }

  #onConnection(isConnected: boolean): void {
    if (isConnected) void this.#probe()
    else this.#setUnready(this.#server.away())
  }

  #setReady(): void {
    if (this.lost !== undefined) return
    this.#failure = undefined
    clearTimeout(this.#probeTimer)
    this.#probeTimer = undefined
  }

  #setUnready({ reason, message }: LogUnavailable): void {
    if (this.lost !== undefined || reason === 'closed') return
    this.#failure = { reason, detail: message }
    if (this.#isClosed) return
    this.#probeTimer ??= setTimeout(() => {
      this.#probeTimer = undefined
      void this.#probe()
    }, probeMs)
  }

  /** Whether it could be written now, as far as can be told without writing. */
  async #probe(): Promise<void> {
    try {
      const { config, state, created } = await this.#server.whileConnected(() =>
        this.#manager.streams.info(this.#stream),
      )
      if (created !== this.#created) throw this.#lose('it was removed and made anew')
      if (config.max_bytes > 0 && config.max_bytes - state.bytes < roomBytesMin)
        throw new LogUnavailable(
          'disk-full',
          `the stream ${this.#stream} is full: raise its max_bytes (${config.max_bytes})`,
        )
      this.#setReady()
    } catch (error) {
      if (error instanceof LogUnavailable) this.#setUnready(error)
      // Nobody waits for this: what nobody foresaw ends the log, which is told by its health.
      else this.#end(`NATS at ${this.#server.where}: ${error}`, error)
    }
  }
}

const partitionOf = (subject: string): number => Number(subject.slice(subject.lastIndexOf('.') + 1))

/** The bound of the server (ADR-50). A group of appends has at most 8,192 records, in frames of 32 KB that are cut by partition. */
const batchFramesMax = 1_000
/** An event of 64 KB with all that stands before it. */
const payloadBytesMin = 256 * 1024
const headerBytesMax = 512
const apiMsMax = 5_000
/** After it the server forgets a consumer that nobody reads. */
const inactiveMs = 30_000
/** Under way from the server at once; each at most a frame. */
const followedMessagesMax = 256
const probeMs = 1_000
/** A group of frames and some more. */
const roomBytesMin = 16 * 2 ** 20
