import {
  type AlertStore,
  AlertStoreUnavailable,
  type OutgoingEntry,
  type OutgoingKind,
} from '#shared/store/alert-store'
import { outgoingMessage } from './outgoing-message.ts'
import {
  MessageTooLarge,
  type OutgoingMessage,
  type Sink,
  type SinkConnection,
  SinkRefused,
  SinkUnavailable,
} from './sink.ts'

interface SinkFeedOptions {
  readonly kind: OutgoingKind
  readonly sink: Sink
  readonly store: Pick<AlertStore, 'outgoing' | 'lastOutgoing' | 'sinkCursor' | 'moveSinkCursor'>
  readonly tenant: string
  /** A line for people. */
  readonly tell: (line: string) => void
  /** A mistake of ours, after which nothing more is sent. */
  readonly onMistake: (error: unknown) => void
  /** Default: `retryMsMin`. */
  readonly retryMs?: number
  /** For so long a refusal at the start may come from a broker that is only just starting. Default: `startMsMax`. */
  readonly startMs?: number
}

/**
 * Sends what the alert store has to one sink, from where the store says that the sink is.
 *
 * F1 Only what the store holds is sent, and the store holds nothing before the state that it follows from is durable.
 * F2 The sink's cursor moves only past what the broker has acknowledged: after any end the next start sends on from there, so everything is
 *    sent at least once.
 * F3 Of one alert, or decision, a revision is sent only when the one before it is acknowledged. So the first time that each is seen, they
 *    are in order, whatever was repeated.
 * F4 One page is held in memory, however much waits: nobody waits for a sink that is away.
 * F5 A message that the broker never takes for its size is told, counted and left behind; the others go on.
 */
export class SinkFeed {
  readonly kind: OutgoingKind
  readonly counts = { sent: 0, failures: 0, refused: 0 }
  readonly #options: SinkFeedOptions
  readonly #name: string
  #connection: SinkConnection | undefined
  /** Everything up to it is acknowledged; undefined: the store has not told yet. */
  #cursor: number | undefined
  /** The cursor that the store keeps. */
  #keptCursor = 0
  #lag = 0
  #failuresInARow = 0
  /** What was told since the sink was last there; none: it is there. */
  readonly #troubles = new Set<string>()
  #isStopping = false
  /** Its time to stop is over: nothing is opened or sent any more. */
  #isOver = false
  #hasNews = false
  #wake: (() => void) | undefined
  #done: Promise<void> | undefined

  constructor(options: SinkFeedOptions) {
    this.#options = options
    this.kind = options.kind
    this.#name = `${options.kind} to ${options.sink.name}`
  }

  /** At most so many entries wait; numbers that were given to nothing count as well. */
  get lag(): number {
    return this.#lag
  }

  /** Whether the last try succeeded. */
  get isUp(): boolean {
    return this.#troubles.size === 0
  }

  /**
   * Looks whether the sink can be used, then begins. Rejects with SinkRefused where it is refused for all of `startMs`; a sink that is away
   * is told of, and tried again later.
   */
  async start(): Promise<void> {
    try {
      await this.#connectFirst()
    } catch (error) {
      if (!(error instanceof SinkUnavailable)) throw error
      this.#setAway(error)
    }
    this.#done = this.#run().catch((error: unknown) => this.#options.onMistake(error))
  }

  /** Something was stored. */
  news(): void {
    this.#hasNews = true
    this.#wake?.()
  }

  /** Sends what can be sent by then; the next start sends the rest. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true
    this.#wake?.()
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, deadlineMs)
    await Promise.race([this.#done, late])
    clearTimeout(timer)
    this.#isOver = true
    await this.#connection?.close()
  }

  /** A broker that has begun to answer may not have all its topics and streams yet. */
  async #connectFirst(): Promise<void> {
    const { startMs = startMsMax, retryMs = retryMsMin, tell } = this.#options
    const end = performance.now() + startMs
    for (let tries = 0; ; tries++) {
      try {
        await this.#connect()
        return
      } catch (error) {
        if (!(error instanceof SinkRefused) || this.#isStopping || performance.now() >= end) throw error
        if (tries === 0)
          tell(`${this.kind} cannot be sent yet: ${error.message}. It is tried for up to ${startMs / 1_000} s`)
        await this.#wait(retryMs, false)
      }
    }
  }

  /** Undefined once its time is over. */
  async #connect(): Promise<SinkConnection | undefined> {
    if (this.#isOver) return undefined
    if (this.#connection !== undefined) return this.#connection
    const connection = await this.#options.sink.open()
    // Whoever stopped it did not see this one.
    if (this.#isOver) {
      await connection.close()
      return undefined
    }
    this.#connection = connection
    return connection
  }

  async #run(): Promise<void> {
    // What could not be sent just now waits for the next start.
    while (!(this.#isStopping && !this.isUp)) {
      const outcome = await this.#sendPage()
      if (this.#isStopping && outcome !== 'sent') return
      if (outcome === 'nothing') await this.#wait(lookMs)
      if (outcome === 'failed') await this.#backOff()
    }
  }

  async #sendPage(): Promise<'sent' | 'nothing' | 'failed'> {
    const { kind, store } = this.#options
    this.#hasNews = false
    try {
      await this.#keepCursor()
      const page = await store.outgoing(kind, this.#cursor ?? 0, pageEntriesMax)
      if (page.length === 0) {
        this.#lag = 0
        // So that a broker that is back is told of although nothing waits.
        if (!this.isUp && (await this.#connect()) === undefined) return 'nothing'
        this.#setBack()
        return 'nothing'
      }
      const connection = await this.#connect()
      if (connection === undefined) return 'nothing'
      for (const wave of wavesOf(page)) {
        await this.#sendWave(connection, wave)
        this.#cursor = wave[wave.length - 1].cursor
      }
      this.#setBack()
      await this.#keepCursor()
      this.#lag = await this.#askLag()
      return 'sent'
    } catch (error) {
      // The store is told of by those who write to it.
      if (error instanceof AlertStoreUnavailable) return 'failed'
      if (!(error instanceof SinkUnavailable || error instanceof SinkRefused)) throw error
      this.#setAway(error)
      const failed = this.#connection
      this.#connection = undefined
      await failed?.close()
      return 'failed'
    }
  }

  async #sendWave(connection: SinkConnection, wave: readonly OutgoingEntry[]): Promise<void> {
    const { kind, tenant } = this.#options
    const messages = wave.map((entry) => outgoingMessage(kind, entry, tenant))
    try {
      await connection.send(messages)
      this.counts.sent += messages.length
    } catch (error) {
      if (!(error instanceof MessageTooLarge)) throw error
      for (const message of messages) await this.#sendAlone(connection, message)
    }
  }

  async #sendAlone(connection: SinkConnection, message: OutgoingMessage): Promise<void> {
    const { sink, tell } = this.#options
    try {
      await connection.send([message])
      this.counts.sent++
    } catch (error) {
      if (!(error instanceof MessageTooLarge)) throw error
      this.counts.refused++
      tell(
        `${sink.where} does not take ${this.kind} message ${JSON.stringify(message.id)} of ${message.body.length} bytes (${error.message}): it is left out; the API has it. Let the broker take larger messages`,
      )
    }
  }

  /** Asks for the cursor at first; afterwards writes down what was acknowledged. */
  async #keepCursor(): Promise<void> {
    const { store } = this.#options
    if (this.#cursor === undefined) {
      this.#cursor = await store.sinkCursor(this.#name)
      this.#keptCursor = this.#cursor
      this.#lag = await this.#askLag()
    }
    if (this.#cursor === this.#keptCursor) return
    await store.moveSinkCursor(this.#name, this.#cursor)
    this.#keptCursor = this.#cursor
  }

  async #askLag(): Promise<number> {
    return Math.max(0, (await this.#options.store.lastOutgoing(this.kind)) - (this.#cursor ?? 0))
  }

  async #backOff(): Promise<void> {
    const { retryMs = retryMsMin } = this.#options
    await this.#wait(Math.min(retryMs * 2 ** Math.min(this.#failuresInARow++, 10), retryMsMax), false)
    this.#lag = await this.#askLag().catch((error: unknown) => {
      if (error instanceof AlertStoreUnavailable) return this.#lag
      throw error
    })
  }

  /** Each reason is told once until the sink is back: what is wrong may change while it is away. */
  #setAway(error: Error): void {
    this.counts.failures++
    // Words with digits are hosts, ports and ids, which change from one try to the next.
    const trouble = `${error.name}: ${error.message.replace(/[^\s]*\d[^\s]*/g, '#')}`
    if (this.#troubles.has(trouble) || this.#troubles.size === troublesMax) return
    this.#troubles.add(trouble)
    this.#options.tell(
      `${this.kind} cannot be sent now: ${error.message}. They wait in the alert store, and it is tried again; nothing is lost`,
    )
  }

  #setBack(): void {
    this.#failuresInARow = 0
    if (this.isUp) return
    this.#troubles.clear()
    this.#options.tell(`${this.kind} are sent again to ${this.#options.sink.where}`)
  }

  /** Ends early when it is told to stop, or, unless it waits for the sink, when there is news. */
  async #wait(ms: number, isForNews = true): Promise<void> {
    if (this.#isStopping || (isForNews && this.#hasNews)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#wake = () => {
      if (isForNews || this.#isStopping) resolve()
    }
    await promise
    clearTimeout(timer)
    this.#wake = undefined
  }
}

/** F3: pieces of a page in which no alert or decision comes twice, no larger than a request may be. */
function* wavesOf(page: readonly OutgoingEntry[]): Generator<readonly OutgoingEntry[]> {
  let wave: OutgoingEntry[] = []
  let characters = 0
  const ids = new Set<string>()
  for (const entry of page) {
    const { id, body } = entry
    if (wave.length > 0 && (ids.has(id) || characters + body.length > waveCharactersMax)) {
      yield wave
      wave = []
      characters = 0
      ids.clear()
    }
    wave.push(entry)
    characters += body.length
    ids.add(id)
  }
  if (wave.length > 0) yield wave
}

/** With `outgoingCharactersMax`, what is held at once. */
const pageEntriesMax = 500
/** Brokers take messages of 1 MB unless they are told otherwise, and Kafka takes what goes to one partition as one. */
const waveCharactersMax = 256 * 1024
/** Another process may have stored something. */
const lookMs = 5_000
const retryMsMin = 250
const retryMsMax = 10_000
const startMsMax = 10_000
/** Told while the sink is away, whatever a broker comes up with. */
const troublesMax = 10
