import { ingestLimits } from './ingest-limits.ts'
import type { SourceMessage } from './source-reader.ts'

/**
 * Messages between a client that brings them and a runner that takes them.
 *
 * Q1 It holds at most what may be taken at once and one message more: who puts waits for room.
 * Q2 Once it has failed it holds nothing and keeps nothing: who puts looks at `hasFailed`, and brings no more.
 */
export class MessageQueue<Message extends SourceMessage> {
  #messages: Message[] = []
  #bytes = 0
  #failure: { readonly error: unknown } | undefined
  #room = Promise.withResolvers<void>()
  #news = Promise.withResolvers<void>()

  /** @returns when there is room for another; undefined: at once */
  put(message: Message): Promise<void> | undefined {
    if (this.hasFailed) return undefined
    this.#messages.push(message)
    this.#bytes += message.bytes.length
    this.#news.resolve()
    return this.#isFull ? this.#room.promise : undefined
  }

  /** Nothing more comes: who takes is told, what lies there is left. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#messages = []
    this.#bytes = 0
    this.#news.resolve()
    this.#room.resolve()
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Throws what it failed with. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** At least one; waits for it. Rejects with what it failed with, or the signal's reason. */
  async take(signal: AbortSignal): Promise<readonly Message[]> {
    for (;;) {
      signal.throwIfAborted()
      this.throwIfFailed()
      if (this.#messages.length > 0) break
      this.#news = Promise.withResolvers()
      const wake = (): void => this.#news.resolve()
      signal.addEventListener('abort', wake, { once: true })
      await this.#news.promise
      signal.removeEventListener('abort', wake)
    }
    const messages = this.#messages
    this.#messages = []
    this.#bytes = 0
    this.#room.resolve()
    this.#room = Promise.withResolvers()
    return messages
  }

  get #isFull(): boolean {
    return this.#messages.length >= ingestLimits.messagesMax || this.#bytes >= ingestLimits.messageBytesAtOnceMax
  }
}
