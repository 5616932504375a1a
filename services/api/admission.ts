import type { Refusal } from './problem.ts'

/**
 * Lets requests in while there is room, and waits for them when the server closes.
 *
 * A1 What was let in is counted until `leave`, with as many bytes as were taken for it; a request that is not let in counts nothing.
 * A2 Neither count passes its bound.
 * A3 After `close` nothing is let in.
 */
export class Admission {
  readonly #requestsMax: number
  readonly #bytesMax: number
  readonly #retryAfterSeconds: number
  #requests = 0
  #bytes = 0
  #isClosed = false
  #onEmpty: (() => void) | undefined

  constructor(limits: {
    readonly requestsInFlightMax: number
    readonly bodyBytesInFlightMax: number
    readonly overloadRetryAfterSeconds: number
  }) {
    this.#requestsMax = limits.requestsInFlightMax
    this.#bytesMax = limits.bodyBytesInFlightMax
    this.#retryAfterSeconds = limits.overloadRetryAfterSeconds
  }

  get requests(): number {
    return this.#requests
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @param bytes of the body, or the most that it may have. @returns undefined: it is in, and must leave with the same bytes */
  enter(bytes: number): Refusal | undefined {
    if (this.#isClosed)
      return { name: 'unavailable', detail: 'The service is stopping.', retryAfterSeconds: this.#retryAfterSeconds }
    const isFull = this.#requests >= this.#requestsMax || this.#bytes + bytes > this.#bytesMax
    if (isFull)
      return {
        name: 'overloaded',
        detail: 'Too many requests are waiting for their answers.',
        retryAfterSeconds: this.#retryAfterSeconds,
      }
    this.#requests++
    this.#bytes += bytes
    return undefined
  }

  leave(bytes: number): void {
    this.#requests--
    this.#bytes -= bytes
    if (this.#requests === 0) this.#onEmpty?.()
  }

  /** Resolves when all have left, or the time is over. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true
    if (this.#requests === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#onEmpty = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
