import type { ByteSource } from '#shared/wire/byte-source'
import { formatOf } from '#shared/wire/input-format'
import { inputLimits } from '#shared/wire/input-limits'
import { openSource } from '#shared/wire/open-source'
import type { InputMessage, ThreadOrder } from './thread-messages.ts'

type Inputs = Pick<ThreadOrder, 'files' | 'format'> & { readonly stdin: AsyncIterable<Uint8Array> }

/**
 * Reads all files once, for several threads: each gets every chunk, in memory that they share. A chunk is used again once all of them
 * have released it, so the slowest of them decides how far reading is ahead.
 */
export class ByteFeed {
  readonly #inputs: Inputs
  readonly #threads: number
  readonly #send: (message: InputMessage) => void
  readonly #chunks: SharedArrayBuffer[] = []
  /** Numbers of chunks that nobody uses. */
  readonly #free: number[] = []
  /** By chunk: threads that have not released it. */
  readonly #users: number[] = []
  #wake: (() => void) | undefined
  #isStopped = false

  /** @param send to all threads */
  constructor(inputs: Inputs, threads: number, send: (message: InputMessage) => void) {
    this.#inputs = inputs
    this.#threads = threads
    this.#send = send
  }

  /** Rejects as reading does; the threads are told that there is no more. */
  async run(): Promise<void> {
    const { files, format, stdin } = this.#inputs
    try {
      for (const file of files) {
        const source = await openSource(file, formatOf(file, format).isGzip, stdin)
        try {
          await this.#readAll(source)
        } finally {
          await source.close()
        }
        if (this.#isStopped) return
        this.#send({ kind: 'end-of-file' })
      }
    } catch (error) {
      this.#send({ kind: 'broken' })
      throw error
    }
  }

  released(chunk: number): void {
    if (--this.#users[chunk] > 0) return
    this.#free.push(chunk)
    this.#wake?.()
  }

  /** Nobody needs any more: what is under way ends. */
  stop(): void {
    this.#isStopped = true
    this.#wake?.()
  }

  async #readAll(source: ByteSource): Promise<void> {
    while (!this.#isStopped) {
      const number = await this.#take()
      if (this.#isStopped) return
      const bytes = this.#chunks[number]
      const length = await source.read(new Uint8Array(bytes), 0)
      if (length === 0) {
        this.#free.push(number)
        return
      }
      this.#users[number] = this.#threads
      this.#send({ kind: 'chunk', number, bytes, length })
    }
  }

  async #take(): Promise<number> {
    if (this.#free.length === 0 && this.#chunks.length < chunksMax) {
      this.#chunks.push(new SharedArrayBuffer(inputLimits.readBytes))
      return this.#chunks.length - 1
    }
    while (this.#free.length === 0 && !this.#isStopped)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    return this.#free.pop() ?? -1
  }
}

/** So many megabytes one thread may be ahead of another in reading. */
const chunksMax = 8
