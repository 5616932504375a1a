import type { FileHandle } from 'node:fs/promises'
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead, parquetSchema } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { EventBatch } from '#shared/domain/event-batch'
import { limits } from '#shared/domain/limits'
import type { Problem } from '#shared/domain/problem'
import { InputFailed } from './input-failure.ts'
import { inputLimits } from './input-limits.ts'
import { badEncodingProblem, tooLargeProblem } from './json-row.ts'
import type { MapDecoder } from './map-decoder.ts'
import { badText, columnReaders, parquetParsers } from './parquet-value.ts'
import type { RowBlock } from './row-block.ts'

/** Parquet, one row group after the other; only the needed columns are read. */
export class ParquetRows {
  readonly columns: readonly string[]
  readonly #file: AsyncBuffer
  readonly #name: string
  readonly #metadata: FileMetaData
  readonly #readers: ReadonlyMap<string, (value: unknown) => unknown>
  readonly #close: () => Promise<void>
  #group = 0
  #rowsBefore = 0

  private constructor(file: AsyncBuffer, name: string, metadata: FileMetaData, close: () => Promise<void>) {
    this.#file = file
    this.#name = name
    this.#metadata = metadata
    this.#close = close
    this.#readers = columnReaders(metadata)
    this.columns = parquetSchema(metadata).children.map(({ element }) => element.name)
  }

  /** Reads the footer. Rejects with InputFailed. */
  static async open(file: AsyncBuffer, name: string, close: () => Promise<void>): Promise<ParquetRows> {
    try {
      if (file.byteLength < 12) throw new Error('the file is too short for Parquet')
      return new ParquetRows(file, name, await parquetMetadataAsync(file, { geoparquet: false }), close)
    } catch (cause) {
      throw new InputFailed({ file: name, at: 'the footer', cause })
    }
  }

  /** @param columns those that are needed; undefined: all */
  async next(
    firstRow: number,
    decoder: MapDecoder,
    columns: readonly string[] | undefined,
  ): Promise<RowBlock | undefined> {
    const group = this.#metadata.row_groups[this.#group]
    if (group === undefined) return undefined
    this.#group++
    try {
      return new ParquetBlock({ ...(await this.#read(Number(group.num_rows), columns)), firstRow, decoder })
    } catch (cause) {
      throw new InputFailed({ file: this.#name, at: `row group ${this.#group}`, cause })
    }
  }

  close(): Promise<void> {
    return this.#close()
  }

  async #read(length: number, needed: readonly string[] | undefined): Promise<Group> {
    const isNeeded = (name: string | undefined): boolean => name !== undefined && (needed?.includes(name) ?? true)
    const chunks = this.#metadata.row_groups[this.#group - 1].columns.map(({ meta_data }) => meta_data)
    const bytes = chunks
      .filter((chunk) => isNeeded(chunk?.path_in_schema[0]))
      .reduce((sum, chunk) => sum + Number(chunk?.total_uncompressed_size ?? 0), 0)
    if (bytes > inputLimits.rowGroupBytesMax)
      throw new Error(
        `it has ${bytes} bytes, at most ${inputLimits.rowGroupBytesMax} are held; write smaller row groups`,
      )
    const rowStart = this.#rowsBefore
    this.#rowsBefore += length
    const data: unknown[][] = this.columns.map(() => [])
    const counts = this.columns.map(() => 0)
    const names = this.columns.filter(isNeeded)
    let hasBadText = false
    if (names.length > 0)
      await parquetRead({
        ...{ file: this.#file, metadata: this.#metadata, compressors, columns: names, utf8: false, geoparquet: false },
        ...{ rowStart, rowEnd: rowStart + length },
        parsers: parquetParsers(() => {
          hasBadText = true
        }),
        onChunk: ({ columnName, columnData, rowStart: from }) => {
          const c = this.columns.indexOf(columnName)
          const read = this.#readers.get(columnName) ?? ((value) => value)
          for (let i = 0; i < columnData.length; i++) data[c][from - rowStart + i] = read(columnData[i])
          counts[c] += columnData.length
        },
      })
    const short = names.find((name) => counts[this.columns.indexOf(name)] !== length)
    if (short !== undefined) throw new Error(`column "${short}" does not hold the ${length} rows of its group`)
    return { data, length, hasBadText }
  }
}

/** The whole of a file that cannot be read from its end. */
export const inMemory = (bytes: Uint8Array<ArrayBuffer>): AsyncBuffer => ({
  byteLength: bytes.length,
  slice: (start, end) => bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + (end ?? bytes.length)),
})

export const onDisk = (handle: FileHandle, byteLength: number): AsyncBuffer => ({
  byteLength,
  async slice(start, end = byteLength) {
    const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - start))
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, start + at)
      if (bytesRead === 0) throw new Error('unexpected end of file')
      at += bytesRead
    }
    return bytes.buffer
  },
})

interface Group {
  /** By column of the file; empty for those that are not needed. */
  readonly data: readonly (readonly unknown[])[]
  readonly length: number
  readonly hasBadText: boolean
}

interface ParquetBlockParts extends Group {
  readonly firstRow: number
  readonly decoder: MapDecoder
}

class ParquetBlock implements RowBlock {
  readonly length: number
  readonly firstRow: number
  readonly #parts: ParquetBlockParts

  constructor(parts: ParquetBlockParts) {
    this.length = parts.length
    this.firstRow = parts.firstRow
    this.#parts = parts
  }

  decode(i: number, batch: EventBatch): Problem | undefined {
    const { data, hasBadText, decoder } = this.#parts
    const row = data.map((column) => column[i])
    if (textLength(row) > limits.rowBytesMax) return tooLargeProblem
    if (hasBadText && row.includes(badText)) return badEncodingProblem
    return decoder.decode(row, batch, this.firstRow + i)
  }
}

function textLength(row: readonly unknown[]): number {
  let length = 0
  for (let c = 0; c < row.length; c++) {
    const cell = row[c]
    if (typeof cell === 'string') length += cell.length
  }
  return length
}
