import type { Readable } from 'node:stream'

/**
 * Stdin, of which the beginning can be read several times: how much there is decides who reads it.
 *
 * K1 Every iterator gives all bytes from the first on, as long as keeping has not ended and nothing came that was not kept.
 * K2 One iterator at most goes on past what is kept.
 */
export class KeptStdin implements AsyncIterable<Uint8Array> {
  readonly #stream: Readable
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #kept: Uint8Array[] = []
  #bytes = 0
  #isKeeping = true

  constructor(stream: Readable) {
    this.#stream = stream
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let i = 0; ; i++) {
        const chunk = i < this.#kept.length ? this.#kept[i] : await this.#next()
        if (chunk === undefined) return
        yield chunk
      }
    } finally {
      await this.#chunks.return?.()
    }
  }

  /** Reads on until so many bytes are kept, or there are no more. @returns bytes; undefined: too many came to begin again */
  async peek(bytes: number): Promise<number | undefined> {
    while (this.#isKeeping && this.#bytes < bytes && (await this.#next()) !== undefined);
    return this.#isKeeping ? this.#bytes : undefined
  }

  /** It is decided who reads on. */
  stopKeeping(): void {
    this.#isKeeping = false
  }

  /** What is under way ends. */
  destroy(): void {
    this.#stream.destroy()
  }

  async #next(): Promise<Uint8Array | undefined> {
    const next = await this.#chunks.next()
    if (next.done === true) return undefined
    this.#bytes += next.value.length
    if (this.#bytes > keptBytesMax) this.#isKeeping = false
    if (this.#isKeeping) this.#kept.push(next.value)
    return next.value
  }
}

/** More than anybody peeks at. A table that is read from its end is larger, and is not begun again. */
const keptBytesMax = 320 * 1024 * 1024
