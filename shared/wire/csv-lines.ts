import { isUtf8 } from 'node:buffer'
import type { EventBatch } from '#shared/domain/event-batch'
import type { Problem } from '#shared/domain/problem'
import type { ByteSource } from './byte-source.ts'
import { csvCells } from './csv-cells.ts'
import { InputRefused } from './input-failure.ts'
import { inputLimits } from './input-limits.ts'
import { badEncodingProblem, tooLargeProblem } from './json-row.ts'
import { type LineBlock, LineReader, tooLarge } from './line-reader.ts'
import type { MapDecoder } from './map-decoder.ts'
import type { RowBlock } from './row-block.ts'

/** CSV (RFC 4180) with a header. */
export class CsvLines {
  readonly columns: readonly string[]
  readonly #source: ByteSource
  readonly #lines: LineReader
  /** The block that the header came in, for the rows behind it. */
  #first: LineBlock | undefined

  private constructor(source: ByteSource, lines: LineReader, first: LineBlock, columns: readonly string[]) {
    this.#source = source
    this.#lines = lines
    this.#first = first
    this.columns = columns
  }

  /** Reads the header. Rejects with InputRefused where there is none, and with what the source rejects with. */
  static async open(source: ByteSource, file: string): Promise<CsvLines> {
    const lines = new LineReader(source, { bufferBytes: inputLimits.readBytes, isQuoted: true })
    const first = await lines.next()
    if (first === undefined) throw new InputRefused(`${file}: the file is empty; CSV starts with a header`)
    return new CsvLines(source, lines, first, header(first, file))
  }

  async next(firstRow: number, decoder: MapDecoder): Promise<RowBlock | undefined> {
    if (this.#first !== undefined) {
      const block = new CsvBlock({ lines: this.#first, skipped: 1, firstRow, columns: this.columns, decoder })
      this.#first = undefined
      if (block.length > 0) return block
    }
    const lines = await this.#lines.next()
    return lines && new CsvBlock({ lines, skipped: 0, firstRow, columns: this.columns, decoder })
  }

  close(): Promise<void> {
    return this.#source.close()
  }
}

function header(block: LineBlock, file: string): readonly string[] {
  const cells = cellsOf(block, 0)
  if (!Array.isArray(cells)) throw new InputRefused(`${file}: the header cannot be read: ${cells.message}`)
  if (cells.length === 1 && /[;\t|]/.test(cells[0]))
    throw new InputRefused(
      `${file}: its header is one cell, so its cells are not separated by commas; CSV is read with commas (RFC 4180): convert it first`,
    )
  const twice = cells.find((name, i) => cells.indexOf(name) !== i)
  if (twice !== undefined) throw new InputRefused(`${file}: two columns are named "${twice}"`)
  return cells
}

interface CsvBlockParts {
  readonly lines: LineBlock
  /** Lines at the start of the block that are no rows. */
  readonly skipped: number
  readonly firstRow: number
  readonly columns: readonly string[]
  readonly decoder: MapDecoder
}

class CsvBlock implements RowBlock {
  readonly length: number
  readonly firstRow: number
  readonly #parts: CsvBlockParts

  constructor(parts: CsvBlockParts) {
    this.length = parts.lines.length - parts.skipped
    this.firstRow = parts.firstRow
    this.#parts = parts
  }

  decode(i: number, batch: EventBatch): Problem | undefined {
    const { lines, skipped, columns, decoder } = this.#parts
    const cells = cellsOf(lines, i + skipped)
    if (!Array.isArray(cells)) return cells
    if (cells.length !== columns.length)
      return { reason: 'bad-value', message: `the row has ${cells.length} cells, the header ${columns.length}` }
    return decoder.decode(cells, batch, this.firstRow + i)
  }
}

function cellsOf({ bytes, starts, ends }: LineBlock, i: number): string[] | Problem {
  if (ends[i] === tooLarge) return tooLargeProblem
  const text = bytes.toString('utf8', starts[i], ends[i])
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(starts[i], ends[i]))) return badEncodingProblem
  const cells = csvCells(text)
  return typeof cells === 'string' ? { reason: 'bad-value', message: cells } : cells
}
