import { bounded } from './bounded.ts'
import type { Broker, Follower, Frame, StoredFrame } from './broker.ts'
import { type EndsVerdict, ToldEnds } from './broker-told-ends.ts'
import { type LogHealth, LogUnavailable } from './event-log.ts'
import type { KafkaAddress } from './event-log-kafka-address.ts'
import type { FetchPlan, KafkaClient, KafkaTopic, MakeKafkaClient } from './event-log-kafka-client.ts'
import { openTopic } from './event-log-kafka-topic.ts'

/**
 * A log in one topic of Kafka, whose partitions are the log's. A frame is a message; its sequence is one above its offset there. What a client of Kafka
 * is asked for stands in `event-log-kafka-client.ts`.
 *
 * K1 An end that was told never falls: where the topic ends lower and stays so, gives a place twice, or is another one, all ends (`#lose`).
 * K2 While the broker is not ready it looks by itself, every `probeMs`, whether it is again.
 * K3 One `publish` is under way at a time, also where nobody waits for it any more: what comes late must not come behind the next.
 */
export class KafkaBroker implements Broker {
  readonly incarnation: string
  readonly countsTogether = false
  readonly frameBytesMax = frameBytesMax
  lost: LogUnavailable | undefined
  readonly #address: KafkaAddress
  readonly #client: KafkaClient
  readonly #topicId: string | undefined
  readonly #partitions: readonly number[]
  #leaders: readonly number[]
  readonly #told: ToldEnds
  #isSending = false
  #failure: { readonly reason: 'unreachable'; readonly detail: string } | undefined
  #probeTimer: NodeJS.Timeout | undefined
  #isClosed = false

  private constructor(address: KafkaAddress, client: KafkaClient, topic: KafkaTopic) {
    this.#address = address
    this.#client = client
    this.#topicId = topic.id
    this.#partitions = [...topic.partitions.keys()]
    this.#leaders = topic.partitions.map(({ leader }) => leader)
    this.#told = new ToldEnds(topic.partitions.length)
    this.incarnation = `${address.topic} ${topic.id ?? ''}`
  }

  /** Rejects with LogUnavailable, or with LogRefused where the topic is not fit. */
  static async open(address: KafkaAddress, partitions: number, makeClient: MakeKafkaClient): Promise<KafkaBroker> {
    const client = makeClient(address)
    try {
      const topic = await bounded(openTopic(client, address, partitions), openMsMax, silent(address.where, openMsMax))
      return new KafkaBroker(address, client, topic)
    } catch (error) {
      await client.close()
      throw error
    }
  }

  get health(): LogHealth {
    return this.#failure === undefined ? { isReady: true } : { isReady: false, ...this.#failure }
  }

  publish(frames: readonly Frame[]): Promise<readonly number[]> {
    return this.#asked(async () => {
      if (this.#isSending) throw this.#unavailable('what was sent before has no answer yet')
      this.#isSending = true
      try {
        const sequences: number[] = []
        const deadline = performance.now() + askMsMax
        for (const part of inParts(frames)) {
          if (performance.now() > deadline) throw this.#unavailable('it takes too long to send')
          sequences.push(...(await this.#send(part)))
        }
        return sequences
      } finally {
        this.#isSending = false
      }
    })
  }

  ends(): Promise<readonly number[]> {
    return this.#asked(async () => {
      const before = this.#told.copy()
      const ends = (await this.#client.offsets('end')).map((offset) => offset + 1)
      const verdict = this.#told.judge(ends, before, performance.now())
      if (verdict.kind === 'told') return this.#told.copy()
      throw await this.#lower(verdict)
    })
  }

  first(partition: number): Promise<number | undefined> {
    return this.#asked(async () => {
      const [first, end] = [await this.#client.offsets('first'), await this.#client.offsets('end')]
      return first[partition] === end[partition] ? undefined : first[partition] + 1
    })
  }

  async last(partition: number): Promise<StoredFrame | undefined> {
    const end = (await this.ends())[partition]
    return end === 1 ? undefined : (await this.read(partition, end - 1, 1)).at(-1)
  }

  sequencesAt(ms: number): Promise<readonly number[]> {
    return this.#asked(async () => {
      const offsets = await this.#client.offsets(Math.max(0, Math.floor(ms)))
      return offsets.map((offset, partition) => (offset < 0 ? this.#told.at(partition) : offset + 1))
    })
  }

  /** One request, which brings a batch at least; more only where the place lies outside of what the partition holds. */
  read(partition: number, from: number, bytesMax: number): Promise<readonly StoredFrame[]> {
    return this.#asked(async () => {
      const at = Math.max(1, from)
      try {
        return await this.#read(partition, at, bytesMax)
      } catch (error) {
        if (!(error instanceof LogUnavailable)) throw error
        await this.#look()
        const [first, end] = [await this.#client.offsets('first'), await this.#client.offsets('end')]
        if (at > end[partition]) return []
        return await this.#read(partition, Math.max(at, first[partition] + 1), bytesMax)
      }
    })
  }

  follow(
    from: readonly number[],
    take: (frame: StoredFrame) => Promise<void> | undefined,
    onEnd: (error: unknown) => void,
  ): Follower {
    let isStopped = false
    const wanted = from.map((sequence) => sequence - 1)
    // Each leader is read by a loop of its own; `take` belongs to one of them at a time.
    let taking: Promise<void> | undefined
    const takeInTurn = (frame: StoredFrame): Promise<void> | undefined => {
      if (taking !== undefined) return taking.then(() => takeInTurn(frame))
      const pause = isStopped ? undefined : take(frame)
      taking = pause?.finally(() => {
        taking = undefined
      })
      return taking
    }
    const followLeader = async (node: number, partitions: readonly number[]): Promise<void> => {
      for (let round = 0; !isStopped; round++) {
        // Who is served first changes, so that a partition with much to read holds up no other.
        const turn = round % partitions.length
        const order = [...partitions.slice(turn), ...partitions.slice(0, turn)]
        const asked = new Map(order.map((partition) => [partition, wanted[partition]]))
        const plan: FetchPlan = { lane: 'tail', node, wanted: asked, waitMs: tailWaitMs, bytesMax: tailBytesMax }
        const messages = await bounded(this.#client.fetch(plan), askMsMax, silent(this.#address.where, askMsMax))
        for (const { partition, offset, value } of messages) {
          if (isStopped) return
          const pause = takeInTurn({ partition, sequence: offset + 1, bytes: value })
          if (pause !== undefined) await pause
          wanted[partition] = offset + 1
          this.#told.raise(partition, offset + 2)
        }
      }
    }
    const run = async (): Promise<void> => {
      await this.#asked(() => this.#look())
      const firsts = await this.#asked(() => this.#client.offsets('first'))
      for (const partition of this.#partitions) wanted[partition] = Math.max(wanted[partition], firsts[partition])
      const byNode = Map.groupBy(this.#partitions, (partition) => this.#leaders[partition])
      await Promise.all([...byNode].map(([node, partitions]) => followLeader(node, partitions)))
    }
    void run().catch((error: unknown) => {
      if (isStopped) return
      isStopped = true
      onEnd(error)
    })
    return {
      stop: () => {
        isStopped = true
      },
    }
  }

  removeBelow(partition: number, sequence: number): Promise<void> {
    return this.#asked(() => this.#client.removeBelow(partition, sequence - 1))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#probeTimer)
    await this.#client.close()
  }

  /** What one request may hold. @returns the sequence of each frame */
  async #send(frames: readonly Frame[]): Promise<readonly number[]> {
    // The tail may see these frames before their places are told here.
    const ends = this.#told.copy()
    const firsts = await this.#client.produce(frames)
    const nexts = new Map([...firsts].map(([partition, offset]) => [partition, offset + 1]))
    return frames.map(({ partition }) => {
      const sequence = nexts.get(partition)
      if (sequence === undefined) throw this.#unavailable(`no place was told for partition ${partition}`)
      if (sequence < ends[partition]) throw this.#lose('its offsets began anew')
      nexts.set(partition, sequence + 1)
      this.#told.raise(partition, sequence + 1)
      return sequence
    })
  }

  async #read(partition: number, from: number, bytesMax: number): Promise<readonly StoredFrame[]> {
    const messages = await this.#client.fetch({
      lane: 'reader',
      node: this.#leaders[partition],
      wanted: new Map([[partition, from - 1]]),
      waitMs: 0,
      bytesMax: Math.max(1, bytesMax),
    })
    return messages.map(({ offset, value }) => ({ partition, sequence: offset + 1, bytes: value }))
  }

  /** Whether the topic is the one that was opened, and who leads its partitions now. */
  async #look(): Promise<void> {
    const topic = await this.#client.topic()
    if (topic === undefined)
      throw this.#unavailable(`there is no topic ${this.#address.topic} any more; give it back from a copy`)
    if (topic.id !== this.#topicId) throw this.#lose('it was removed and made anew')
    this.#leaders = topic.partitions.map(({ leader }) => leader)
  }

  async #lower({ kind, slot, end, before }: Exclude<EndsVerdict, { kind: 'told' }>): Promise<LogUnavailable> {
    const what = `partition ${slot} ends at ${end - 1} and was at ${before - 1} before`
    if (kind === 'lost') return this.#lose(what)
    await this.#look()
    return this.#unavailable(`${what}: it lost records, or a node answered that no longer leads`)
  }

  async #asked<T>(work: () => Promise<T>): Promise<T> {
    if (this.lost !== undefined) throw new LogUnavailable('unreachable', this.lost.message)
    try {
      const answer = await bounded(work(), askMsMax, silent(this.#address.where, askMsMax))
      this.#setReady()
      return answer
    } catch (error) {
      if (error instanceof LogUnavailable) this.#setUnready(error)
      throw error
    }
  }

  /** For good: what this process read is not what the log says now. */
  #lose(why: string): LogUnavailable {
    return this.#end(
      `the topic ${this.#address.topic} at ${this.#address.where} is no longer the log that was opened: ${why}. Give it back from a copy, or start again with what there is`,
    )
  }

  #end(detail: string, cause?: unknown): LogUnavailable {
    this.lost = new LogUnavailable('unreachable', detail, cause)
    this.#failure = { reason: 'unreachable', detail }
    clearTimeout(this.#probeTimer)
    return this.lost
  }

  #unavailable(why: string): LogUnavailable {
    return new LogUnavailable('unreachable', `Kafka at ${this.#address.where}: ${why}`)
  }

  #setReady(): void {
    if (this.lost !== undefined) return
    this.#failure = undefined
    clearTimeout(this.#probeTimer)
    this.#probeTimer = undefined
  }

  #setUnready({ message }: LogUnavailable): void {
    if (this.lost !== undefined || this.#isClosed) return
    this.#failure = { reason: 'unreachable', detail: message }
    this.#probeTimer ??= setTimeout(() => {
      this.#probeTimer = undefined
      void this.#probe()
    }, probeMs)
  }

  async #probe(): Promise<void> {
    try {
      await this.#asked(() => this.#look())
    } catch (error) {
      // What the world does is kept by `#asked`. Nobody waits for this: what nobody foresaw ends the log, which is told by its health.
      if (!(error instanceof LogUnavailable)) this.#end(`Kafka at ${this.#address.where}: ${error}`, error)
    }
  }
}

/** In order: what goes to one partition at once becomes one batch, and a reader of one frame gets its batch. */
function* inParts(frames: readonly Frame[]): Generator<readonly Frame[]> {
  let part: Frame[] = []
  let bytes = 0
  for (const frame of frames) {
    if (part.length > 0 && bytes + frame.bytes.length > batchBytesMax) {
      yield part
      part = []
      bytes = 0
    }
    part.push(frame)
    bytes += frame.bytes.length
  }
  if (part.length > 0) yield part
}

/** What an answer that does not come in time means. */
const silent = (where: string, ms: number) => (): LogUnavailable =>
  new LogUnavailable('unreachable', `Kafka at ${where} was silent for ${ms / 1_000} s`)

/** Kafka takes messages of 1 MB unless it is told otherwise. */
const frameBytesMax = 900_000
/** Some hundred events. A larger one costs a reader of one frame more. */
const batchBytesMax = 256 * 1024
const tailWaitMs = 500
const tailBytesMax = 4 * 2 ** 20
/** Above what making a topic takes. */
const openMsMax = 15_000
/** Above what a new leader needs. */
const askMsMax = 15_000
const probeMs = 1_000
