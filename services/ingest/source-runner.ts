import { setTimeout } from 'node:timers/promises'
import { ingestLimits } from './ingest-limits.ts'
import type { MessageTaker } from './message-taker.ts'
import type { Notices } from './notices.ts'
import type { SourceCounts } from './source-counts.ts'
import { SourceAway, type SourcePort, type SourceReader } from './source-reader.ts'

export interface SourceRunnerOptions {
  /** Name of the source. */
  readonly source: string
  readonly port: SourcePort
  readonly taker: Pick<MessageTaker, 'take'>
  readonly counts: SourceCounts
  readonly notices: Notices
  /** A number from 0 up to 1. */
  readonly random: () => number
}

/**
 * Reads one source without end: messages in, events into the log, then the source's position.
 *
 * U1 A position is committed only when the taker has dealt with every message before it.
 * U2 A source that is away is tried again without end, ever less often up to a bound; no other source notices.
 */
export class SourceRunner {
  readonly #options: SourceRunnerOptions
  /** Nothing more is read. */
  readonly #stop = new AbortController()
  /** What was read is left, to be read again. */
  readonly #leave = new AbortController()
  #ended: Promise<void> = Promise.resolve()

  constructor(options: SourceRunnerOptions) {
    this.#options = options
  }

  /** @param onMistake a mistake of ours, with which it ends */
  start(onMistake: (error: unknown) => void): void {
    this.#ended = this.#run().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) onMistake(error)
    })
  }

  /** Deals with what was read, if that can be done soon. What is not committed by then comes again at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const timer = globalThis.setTimeout(() => this.#leave.abort(), ingestLimits.stopMs)
    await this.#ended
    clearTimeout(timer)
  }

  async #run(): Promise<void> {
    const { port, counts, notices, random } = this.#options
    const { signal } = this.#stop
    let failures = 0
    while (!signal.aborted) {
      let reader: SourceReader | undefined
      try {
        reader = await port.open(signal, (text) => notices.say(text))
        failures = 0
        counts.isConnected = true
        notices.isBack(`is read from ${port.where}`)
        await this.#read(reader)
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof SourceAway)) throw error
        notices.isAway(`is away: ${error.message}; it is tried again`)
      } finally {
        counts.isConnected = false
        await reader?.close()
      }
      await setTimeout(backOffMs(failures++, random), undefined, { signal })
    }
  }

  async #read(reader: SourceReader): Promise<never> {
    const { signal } = this.#stop
    for (;;) {
      const messages = await reader.next(signal)
      await this.#options.taker.take(messages, this.#leave.signal)
      await reader.commit()
    }
  }
}

/** Doubles up to its bound; half of it by chance, so that many do not come back at once. */
function backOffMs(failures: number, random: () => number): number {
  const ms = Math.min(ingestLimits.backOffMsMin * 2 ** Math.min(failures, 20), ingestLimits.backOffMsMax)
  return ms / 2 + (ms / 2) * random()
}
