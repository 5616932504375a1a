import type { FileHandle } from 'node:fs/promises'

/** Bytes in order, once. */
export interface ByteSource {
  /** Writes at least one byte into `target` from `offset` on. @returns how many; 0 at the end. */
  read(target: Uint8Array, offset: number): Promise<number>
  close(): Promise<void>
}

export class FileSource implements ByteSource {
  readonly #file: FileHandle

  constructor(file: FileHandle) {
    this.#file = file
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    return (await this.#file.read(target, offset, target.length - offset, null)).bytesRead
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** Any sequence of chunks: a pipe, an inflated file. */
export class ChunkSource implements ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array(0)
  #taken = 0

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    while (this.#taken === this.#chunk.length) {
      const next = await this.#chunks.next()
      if (next.done === true) return 0
      this.#chunk = next.value
      this.#taken = 0
    }
    const count = Math.min(target.length - offset, this.#chunk.length - this.#taken)
    target.set(this.#chunk.subarray(this.#taken, this.#taken + count), offset)
    this.#taken += count
    return count
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}
