import type { HistoryState, RunsState } from '#shared/actor/actor-state'
import type { RecordRows } from '#shared/actor/record-rows'
import type { ByteWriter } from './bytes.ts'

/** Start, head, rows from so many before the head, departed times, runs. Rows before `from` are left out. */
export function encodeHistory(
  writer: ByteWriter,
  { start, head, rows, departed, runs }: HistoryState,
  from: number,
): void {
  writer.uint(start)
  writer.uint(head)
  writer.uint(rows.length - from)
  let previous = 0
  for (let row = from; row < rows.length; row++) {
    encodeRow(writer, rows, row, previous)
    previous = rows.at[row]
  }
  writer.uint(departed.length)
  for (const at of departed) writer.number(at)
  encodeRuns(writer, runs)
}

/** Times as the distance to the row before; columns by their form. */
function encodeRow(writer: ByteWriter, rows: RecordRows, row: number, previous: number): void {
  const { columns, bitWords } = rows.shape
  writer.number(rows.at[row] - previous)
  const id = rows.ids[row]
  if (id >= 0) writer.uint(2 * id)
  else {
    const offset = -1 - id
    writer.uint(2 * rows.texts.header(offset) + 1)
    writer.units(rows.texts, offset)
  }
  writer.u32(rows.digests[row])
  for (let w = 0; w < bitWords; w++) writer.uint(rows.bits[row * bitWords + w])
  const base = row * columns.length
  for (let c = 0; c < columns.length; c++) {
    const value = rows.values[base + c]
    const form = columns[c]
    if (form === 'number') writer.number(value)
    else if (form === 'hash') writer.double(value)
    else if (value > 0) {
      writer.byte(1)
      writer.textFrom(rows.texts, value - 1)
    } else writer.byte(0)
  }
}

function encodeRuns(writer: ByteWriter, { open, snapshots, movedTo }: RunsState): void {
  writer.uint(open.length)
  for (const runs of open) writer.block(runs)
  writer.uint(snapshots.length)
  for (const { position, runs } of snapshots) {
    writer.uint(position)
    for (const block of runs) writer.block(block)
  }
  writer.number(movedTo ?? Number.NaN)
}
