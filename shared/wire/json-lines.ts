import type { EventBatch } from '#shared/domain/event-batch'
import type { Problem } from '#shared/domain/problem'
import type { ByteSource } from './byte-source.ts'
import type { Codec } from './codec.ts'
import { inputLimits } from './input-limits.ts'
import { JsonRowParser, tooLargeProblem } from './json-row.ts'
import { type LineBlock, LineReader, tooLarge } from './line-reader.ts'
import type { MapDecoder } from './map-decoder.ts'
import type { BlockReader, RowBlock } from './row-block.ts'

/** JSON Lines: one object a line. */
export class JsonLines implements BlockReader {
  readonly #source: ByteSource
  readonly #lines: LineReader
  readonly #codec: Codec

  constructor(source: ByteSource, codec: Codec) {
    this.#source = source
    this.#lines = new LineReader(source, { bufferBytes: inputLimits.readBytes })
    this.#codec = codec
  }

  async next(firstRow: number): Promise<RowBlock | undefined> {
    const lines = await this.#lines.next()
    return lines && new JsonBlock(lines, firstRow, this.#codec)
  }

  close(): Promise<void> {
    return this.#source.close()
  }
}

class JsonBlock implements RowBlock {
  readonly length: number
  readonly firstRow: number
  readonly #lines: LineBlock
  readonly #codec: Codec

  constructor(lines: LineBlock, firstRow: number, codec: Codec) {
    this.length = lines.length
    this.firstRow = firstRow
    this.#lines = lines
    this.#codec = codec
  }

  decode(i: number, batch: EventBatch): Problem | undefined {
    const { bytes, starts, ends } = this.#lines
    if (ends[i] === tooLarge) return tooLargeProblem
    return this.#codec.decode(bytes, starts[i], ends[i], batch, this.firstRow + i)
  }
}

/** JSON rows with columns of their own: the parsed object is the map's `row`. */
export class MappedJsonCodec implements Codec {
  readonly #parser = new JsonRowParser()
  readonly #decoder: MapDecoder

  constructor(decoder: MapDecoder) {
    this.#decoder = decoder
  }

  decode(bytes: Uint8Array, start: number, end: number, batch: EventBatch, row: number): Problem | undefined {
    const object = this.#parser.parse(bytes, start, end)
    return object === undefined ? this.#parser.problem : this.#decoder.decode(object, batch, row)
  }
}
