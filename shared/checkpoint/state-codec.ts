import type {
  ActorName,
  ActorState,
  AppendedState,
  BookState,
  HistoryState,
  PartitionState,
} from '#shared/actor/actor-state'
import { BadStateError } from '#shared/actor/bad-state'
import { compareEntries } from '#shared/actor/entry'
import { RecordRows, type RecordShape } from '#shared/actor/record-rows'
import { type ByteReader, ByteWriter } from './bytes.ts'
import { decodeBook, decodeTexts } from './decode-book.ts'
import { decodeHistory } from './decode-history.ts'
import { encodeBook, encodeTexts } from './encode-book.ts'
import { encodeHistory } from './encode-history.ts'
import { beginState, endState, fingerprintWords, openState } from './version.ts'

/**
 * The states of one engine's actors as bytes, and back.
 *
 * C1 Equal states have equal bytes: encoding what was decoded gives the bytes that were decoded.
 * C2 A base with all that was appended to it holds what a base written at that moment would hold; encoding it folds them into one.
 * C3 Bytes of another plan, of a later version, damaged or made up throw BadStateError, after memory in proportion to their length.
 */
export class StateCodec {
  readonly #fingerprint: string
  readonly #plan: readonly [number, number]
  readonly #shapes: readonly (RecordShape | undefined)[]
  readonly #writer = new ByteWriter()

  /** @param plan as in `EngineStates` */
  constructor(plan: { readonly fingerprint: string; readonly shapes: readonly (RecordShape | undefined)[] }) {
    this.#fingerprint = plan.fingerprint
    this.#plan = fingerprintWords(plan.fingerprint)
    this.#shapes = plan.shapes
  }

  encodeActor(state: ActorState): Uint8Array<ArrayBuffer> {
    const writer = this.#writer
    const { history } = state
    beginState(writer, 'actor', this.#plan)
    encodeName(writer, state)
    encodeHistory(writer, history, history.rows.length - (history.head - history.start))
    encodeBook(writer, state.book, state)
    return endState(writer)
  }

  encodeAppended(state: AppendedState): Uint8Array<ArrayBuffer> {
    const writer = this.#writer
    const { history, book } = state
    beginState(writer, 'appended', this.#plan)
    encodeName(writer, state)
    writer.byte((history === undefined ? 0 : hasHistory) | (book === undefined ? 0 : hasBook))
    if (history !== undefined) {
      encodeHistory(writer, history, 0)
      // No snapshot: all are dropped, and a position has no infinity.
      writer.uint(Math.min(history.snapshotsFrom, history.head + 1))
    }
    if (book !== undefined) {
      encodeBook(writer, book, state)
      encodeTexts(writer, book.removed)
    }
    return endState(writer)
  }

  /**
   * An actor as it was when the last of these bytes were written.
   * @param appended in the order written, all since the base
   */
  decodeActor(base: Uint8Array, appended: readonly Uint8Array[] = []): ActorState {
    const reader = openState(base, 'actor', this.#fingerprint)
    const name = decodeName(reader)
    const rows = new RecordRows(this.#shapeOf(name))
    const { state: history, added } = decodeHistory(reader, rows)
    if (added !== history.head - history.start)
      throw new BadStateError('content', `${added} records for positions ${history.start} to ${history.head}`)
    let state: ActorState = { ...name, history, book: decodeBook(reader, name) }
    reader.end()
    for (const bytes of appended) state = this.#append(state, openState(bytes, 'appended', this.#fingerprint))
    return state
  }

  encodePartition({ now, ruleCounts, truncatedRecords }: PartitionState): Uint8Array<ArrayBuffer> {
    const writer = this.#writer
    beginState(writer, 'partition', this.#plan)
    writer.number(now)
    writer.uint(ruleCounts.length)
    for (const { faults, refused } of ruleCounts) {
      writer.uint(faults)
      writer.uint(refused)
    }
    writer.uint(truncatedRecords.length)
    for (const count of truncatedRecords) writer.uint(count)
    return endState(writer)
  }

  decodePartition(bytes: Uint8Array): PartitionState {
    const reader = openState(bytes, 'partition', this.#fingerprint)
    const state = {
      now: reader.number(),
      ruleCounts: reader.list(2, () => ({ faults: reader.uint(), refused: reader.uint() })),
      truncatedRecords: reader.list(1, () => reader.uint()),
    }
    reader.end()
    return state
  }

  #append(state: ActorState, reader: ByteReader): ActorState {
    const name = decodeName(reader)
    if (name.population !== state.population || name.key !== state.key)
      throw new BadStateError('order', `records of "${name.key}" are appended to "${state.key}"`)
    const parts = reader.byte()
    const history = parts & hasHistory ? decodeAppended(reader, state.history) : state.history
    const book = parts & hasBook ? decodeAppendedBook(reader, state.book, name) : state.book
    reader.end()
    return { ...name, history, book }
  }

  #shapeOf({ population }: ActorName): RecordShape {
    const shape = this.#shapes[population]
    if (shape === undefined) throw new BadStateError('content', `no actors are kept by key ${population}`)
    return shape
  }
}

const hasHistory = 1
const hasBook = 2

function decodeAppended(reader: ByteReader, before: HistoryState): HistoryState {
  const { state, added } = decodeHistory(reader, before.rows)
  const from = state.head - added
  const snapshotsFrom = reader.uint()
  // Records may be missing in between only if they are no longer kept.
  if (state.start < before.start || (from !== before.head && !(from > before.head && from === state.start)))
    throw new BadStateError('order', `records from position ${from} do not follow those before ${before.head}`)
  const kept = before.runs.snapshots.filter(({ position }) => position >= snapshotsFrom)
  return { ...state, runs: { ...state.runs, snapshots: [...kept, ...state.runs.snapshots] } }
}

function decodeAppendedBook(reader: ByteReader, before: BookState, owner: ActorName): BookState {
  const { entries, lastAlerts } = decodeBook(reader, owner)
  const byName = new Map(before.entries.map((entry) => [entry.name, entry]))
  for (const entry of entries) byName.set(entry.name, entry)
  for (const name of decodeTexts(reader)) byName.delete(name)
  return { entries: [...byName.values()].sort(compareEntries), lastAlerts }
}

function encodeName(writer: ByteWriter, { population, key }: ActorName): void {
  writer.uint(population)
  writer.text(key)
}

const decodeName = (reader: ByteReader): ActorName => ({ population: reader.uint(), key: reader.text() })
