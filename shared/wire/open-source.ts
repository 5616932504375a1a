import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { type ByteSource, ChunkSource, FileSource } from './byte-source.ts'
import { fileProblem, InputFailed, InputRefused } from './input-failure.ts'
import { inputLimits } from './input-limits.ts'

/**
 * Opens a file, or stdin for `-`.
 * Rejects with InputRefused where it cannot be opened; the source rejects with InputFailed, which names the place.
 */
export async function openSource(file: string, isGzip: boolean, stdin: AsyncIterable<Uint8Array>): Promise<ByteSource> {
  if (file === '-') return new NamedSource(new ChunkSource(stdin), 'stdin')
  const handle = await open(file).catch((error: unknown) => {
    throw new InputRefused(fileProblem(file, error))
  })
  if (!isGzip) return new NamedSource(new FileSource(handle), file)
  const gunzip = createGunzip({ chunkSize: inputLimits.inflateChunkBytes })
  const compressed = createReadStream(file, { fd: handle, highWaterMark: inputLimits.inflateChunkBytes })
  // The iterator over the last stream reports what any of them met.
  pipeline(compressed, gunzip, () => {})
  return new NamedSource(new ChunkSource(gunzip), file, () => `byte ${gunzip.bytesWritten} of the compressed file`)
}

/** Says where reading failed. */
class NamedSource implements ByteSource {
  readonly #source: ByteSource
  readonly #file: string
  readonly #place: () => string
  #bytes = 0

  constructor(source: ByteSource, file: string, place?: () => string) {
    this.#source = source
    this.#file = file
    this.#place = place ?? (() => `byte ${this.#bytes}`)
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    try {
      const count = await this.#source.read(target, offset)
      this.#bytes += count
      return count
    } catch (cause) {
      throw new InputFailed({ file: this.#file, at: this.#place(), cause })
    }
  }

  close(): Promise<void> {
    return this.#source.close()
  }
}
