import type { HistoryState, RunsState } from '#shared/actor/actor-state'
import { BadStateError } from '#shared/actor/bad-state'
import type { RecordRows } from '#shared/actor/record-rows'
import type { ByteReader } from './bytes.ts'

/** Reads what `encodeHistory` wrote; its rows are added to those that are there. */
export function decodeHistory(reader: ByteReader, rows: RecordRows): { state: HistoryState; added: number } {
  const start = reader.uint()
  const head = reader.uint()
  const { columns, bitWords } = rows.shape
  const added = reader.count(1 + 1 + 4 + bitWords + columns.length)
  if (start < 1 || head < start || added >= head)
    throw new BadStateError('content', `${added} records for positions ${start} to ${head}`)
  let previous = 0
  for (let rest = added; rest > 0; rest--) {
    const row = rows.append()
    decodeRow(reader, rows, row, previous)
    previous = rows.at[row]
  }
  const departed = reader.list(1, () => reader.number())
  return { state: { start, head, rows, departed, runs: decodeRuns(reader) }, added }
}

function decodeRow(reader: ByteReader, rows: RecordRows, row: number, previous: number): void {
  const { columns, bitWords } = rows.shape
  rows.at[row] = previous + reader.number()
  const id = reader.uint()
  rows.ids[row] = id % 2 === 0 ? id / 2 : -1 - reader.unitsInto(rows.texts, (id - 1) / 2)
  rows.digests[row] = reader.u32()
  for (let w = 0; w < bitWords; w++) rows.bits[row * bitWords + w] = reader.uint()
  const base = row * columns.length
  for (let c = 0; c < columns.length; c++) {
    const form = columns[c]
    if (form === 'number') rows.values[base + c] = reader.number()
    else if (form === 'hash') rows.values[base + c] = reader.double()
    else rows.values[base + c] = reader.byte() === 0 ? 0 : reader.textInto(rows.texts) + 1
  }
}

function decodeRuns(reader: ByteReader): RunsState {
  const open = reader.list(1, () => reader.block())
  const snapshots = reader.list(1 + open.length, () => ({
    position: reader.uint(),
    runs: open.map(() => reader.block()),
  }))
  const movedTo = reader.number()
  return { open, snapshots, movedTo: Number.isNaN(movedTo) ? undefined : movedTo }
}
