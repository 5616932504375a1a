import { crc32 } from 'node:zlib'
import { limits } from '#shared/domain/limits'
import { inputLimits } from '#shared/wire/input-limits'
import { type LineBlock, LineReader, tooLarge } from '#shared/wire/line-reader'
import { openSource } from '#shared/wire/open-source'
import { NotStarted } from '../failure.ts'
import { Batch, type InputPosition } from './batch.ts'

export interface BatchInputs {
  readonly files: readonly { readonly file: string; readonly isGzip: boolean }[]
  readonly stdin: AsyncIterable<Uint8Array>
  /** Rows of one batch, at most. */
  readonly rowsMax: number
  /** Where a former run stopped; its rows are read over. */
  readonly from: InputPosition
}

export interface ReadBatch {
  readonly batch: Batch
  /** Numbers of rows above the bound, which are not sent. */
  readonly tooLargeRows: readonly number[]
  /** Behind this batch. */
  readonly position: InputPosition
}

export const inputStart: InputPosition = { rows: 0, crc32: 0 }

/**
 * The rows of all inputs in order, in batches. A batch holds what was read together, so rows of a slow pipe do not wait for others.
 * Throws InputRefused and InputFailed, and NotStarted where the inputs do not begin with the rows of the former run.
 */
export async function* readBatches({ files, stdin, rowsMax, from }: BatchInputs): AsyncGenerator<ReadBatch> {
  let position = inputStart
  for (const { file, isGzip } of files) {
    const source = await openSource(file, isGzip, stdin)
    try {
      const lines = new LineReader(source, { bufferBytes: inputLimits.readBytes })
      for (let block = await lines.next(); block !== undefined; block = await lines.next()) {
        for (let line = 0; line < block.length; ) {
          const isSkipped = position.rows < from.rows
          const count = isSkipped ? Math.min(rowsMax, from.rows - position.rows) : rowsMax
          const read = takeBatch(block, line, count, position)
          line += read.position.rows - position.rows
          position = read.position
          if (!isSkipped) yield read
          else if (position.rows === from.rows && position.crc32 !== from.crc32) throw otherInput(from)
        }
      }
    } finally {
      await source.close()
    }
  }
  if (position.rows < from.rows) throw otherInput(from)
}

const otherInput = ({ rows }: InputPosition): NotStarted =>
  new NotStarted(
    `--resume tells of ${rows} rows that were sent, and this input does not begin with them; give the input of that run, or another --resume FILE`,
  )

/** @param first line to take. @returns at most `countMax` rows, and no more bytes than a request may have */
function takeBatch(block: LineBlock, first: number, countMax: number, before: InputPosition): ReadBatch {
  const lines: number[] = []
  const tooLargeRows: number[] = []
  let bytes = 0
  let line = first
  for (const end = Math.min(block.length, first + countMax); line < end; line++) {
    const row = before.rows + line - first + 1
    if (block.ends[line] === tooLarge) {
      tooLargeRows.push(row)
      continue
    }
    bytes += block.ends[line] - block.starts[line] + 1
    if (bytes > batchBytesMax) break
    lines.push(line)
  }
  const rows = Float64Array.from(lines, (taken) => before.rows + taken - first + 1)
  const batch = Batch.ofLines(block, lines, rows)
  const position = { rows: before.rows + line - first, crc32: crc32(batch.body, before.crc32) }
  return { batch, tooLargeRows, position }
}

/** A request may have 5 MB. A single row always fits. */
const batchBytesMax = Math.max(4_000_000, limits.rowBytesMax + 1)
