import { ingestLimits } from './ingest-limits.ts'

/**
 * A bank's stream as one connection sees it.
 *
 * R1 Messages come in the source's order from its own position on. What was committed may come once more from the next reader, never from this one.
 * R2 What was not committed comes again from the next reader, before anything behind it.
 */
export interface SourceReader {
  /**
   * The next messages, at least one, at most `ingestLimits.messagesMax`; waits for them.
   * Rejects with SourceAway where the connection is lost or the place was given to somebody else, and with the signal's reason.
   */
  next(signal: AbortSignal): Promise<readonly SourceMessage[]>
  /** Everything that `next` gave has been dealt with for good. Rejects with SourceAway. */
  commit(): Promise<void>
  /** Never rejects. */
  close(): Promise<void>
}

/** Makes connections to one source. */
export interface SourcePort {
  /** For people, without credentials: `kafka://broker-1:9092/payments`. */
  readonly where: string
  /** Rejects with SourceAway. @param tell is told what an operator must know although reading goes on */
  open(signal: AbortSignal, tell: (text: string) => void): Promise<SourceReader>
}

export interface SourceMessage {
  /** For people and for telling dead letters apart: `payments/3:1041`. */
  readonly position: string
  readonly bytes: Buffer
  readonly headers: TraceHeaders
}

/** What is taken of a message's headers, as it came. */
export interface TraceHeaders {
  readonly traceparent: string | undefined
  readonly tracestate: string | undefined
  readonly baggage: string | undefined
}

export const noHeaders: TraceHeaders = { traceparent: undefined, tracestate: undefined, baggage: undefined }

/** A source cannot be read now. It is tried again, without end. */
export class SourceAway extends Error {
  readonly _tag = 'SourceAway'
  override readonly name = 'SourceAway'
}

/** A source in memory, for tests. */
export class MemorySource implements SourcePort {
  readonly where = 'memory'
  /** Messages before it were committed. */
  committed = 0
  /** Readers that were opened. */
  opened = 0
  readonly #messages: SourceMessage[] = []
  #away: string | undefined
  #changed = Promise.withResolvers<void>()

  push(bytes: string | Buffer, headers: Partial<TraceHeaders> = {}): void {
    const position = `memory:${this.#messages.length}`
    this.#messages.push({ position, bytes: Buffer.from(bytes), headers: { ...noHeaders, ...headers } })
    this.#change()
  }

  /** From now on it cannot be reached; readers that are open fail. @param why undefined: it is back */
  setAway(why: string | undefined): void {
    this.#away = why
    this.#change()
  }

  async open(): Promise<SourceReader> {
    this.#check()
    this.opened++
    let next = this.committed
    return {
      next: async (signal) => {
        for (;;) {
          signal.throwIfAborted()
          this.#check()
          const given = this.#messages.slice(next, next + ingestLimits.messagesMax)
          next += given.length
          if (given.length > 0) return given
          const { promise, resolve } = Promise.withResolvers<void>()
          signal.addEventListener('abort', () => resolve(), { once: true })
          await Promise.race([this.#changed.promise, promise])
        }
      },
      commit: async () => {
        this.#check()
        this.committed = next
      },
      close: async () => {},
    }
  }

  #check(): void {
    if (this.#away !== undefined) throw new SourceAway(this.#away)
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
