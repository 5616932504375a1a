import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { StoreUnavailable } from './checkpoint-store.ts'
import { startAnew } from './checkpoint-store-sqlite-failure.ts'

/**
 * A log of segments in tables of SQLite. A segment holds entries of one generation of one partition: their words in an index, which is
 * all that is read on opening, and their payloads in one stretch of bytes, cut into rows that fill a page each. So writing is
 * sequential whatever the keys, and reading an entry costs one page.
 *
 * Updates by key were refused: each of 60,000 random entries a second would make a page of its own dirty, 240 MB/s. One large value for
 * each segment was refused too: SQLite reads such a value in full for any part of it.
 *
 * G1 Numbers of segments rise and are never used again, so a row that was read never changes.
 * G2 An entry starts at a multiple of 16 bytes: a header of 16 bytes (place of the actor's entry before it, 0 for a base; length of the
 *    payload; 1 for an appended entry), which never lies in two rows, and the payload.
 * G3 A place is number · 2^16 + offset / 16, so an entry starts within the first MiB of its segment; a large one may end beyond.
 */
export const segmentSchema = `
  CREATE TABLE segments (number INTEGER PRIMARY KEY, partition INTEGER NOT NULL, generation INTEGER, stage INTEGER, bytes INTEGER NOT NULL);
  CREATE TABLE indexes (number INTEGER PRIMARY KEY, words BLOB NOT NULL);
  CREATE TABLE chunks (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
`

export const pageBytes = 8_192
/** A row of so many bytes fills a leaf page to 9 bytes. */
const chunkBytes = 8_144
/** Rows of a segment are numbered from number · 2^17: 1 GiB at most. */
const chunksMax = 2 ** 17
const unitBytes = 16
const unitsMax = 2 ** 16
export const segmentBytesMax = unitsMax * unitBytes

const headerBytes = 16

export interface Segment {
  readonly number: number
  /** What it takes, payloads and index. */
  readonly bytes: number
}

/** `generation` null: nothing in it is needed any more. `stage` null: it is part of a commit. */
export interface SegmentRow extends Segment {
  readonly partition: number
  readonly generation: number | null
  readonly stage: number | null
}

/** Bytes that an entry takes, index included; a deadline is not counted. */
export const entryBytes = (payloadBytes: number, nameWords: number): number =>
  paddedBytes(payloadBytes) + 4 * (nameWords + 2)

/** Header, payload and what fills it up. */
export const paddedBytes = (payloadBytes: number): number =>
  Math.ceil((headerBytes + payloadBytes) / unitBytes) * unitBytes

export const placeOf = (segment: number, offset: number): number => segment * unitsMax + offset / unitBytes

/** Number of the segment that holds a place. */
export const segmentOf = (place: number): number => Math.floor(place / unitsMax)

/** A segment that is to be written. */
export interface NewSegment extends SegmentRow {
  readonly words: Int32Array
  readonly payloads: Uint8Array
}

/** Reads and writes the rows of segments. */
export class SegmentTables {
  readonly #insertSegment: StatementSync
  readonly #insertIndex: StatementSync
  readonly #insertChunk: StatementSync
  readonly #selectIndex: StatementSync
  readonly #selectChunk: StatementSync
  readonly #deletes: readonly StatementSync[]
  readonly #deleteChunks: StatementSync
  /** Chunks read lately, by number modulo the length. */
  readonly #cached: (Uint8Array | undefined)[] = Array(cachedChunks).fill(undefined)
  readonly #cachedNumbers = new Float64Array(cachedChunks).fill(-1)

  constructor(database: DatabaseSync) {
    this.#insertSegment = database.prepare('INSERT INTO segments VALUES (?, ?, ?, ?, ?)')
    this.#insertIndex = database.prepare('INSERT INTO indexes VALUES (?, ?)')
    this.#insertChunk = database.prepare('INSERT INTO chunks VALUES (?, ?)')
    this.#selectIndex = database.prepare('SELECT words FROM indexes WHERE number = ?')
    this.#selectChunk = database.prepare('SELECT bytes FROM chunks WHERE number = ?')
    this.#selectChunk.setReturnArrays(true)
    this.#deletes = ['segments', 'indexes'].map((table) => database.prepare(`DELETE FROM ${table} WHERE number = ?`))
    this.#deleteChunks = database.prepare('DELETE FROM chunks WHERE number >= ? AND number < ?')
  }

  insert({ number, partition, generation, stage, bytes, words, payloads }: NewSegment): void {
    this.#insertSegment.run(number, partition, generation, stage, bytes)
    this.#insertIndex.run(number, words)
    for (let i = 0; i * chunkBytes < payloads.length; i++)
      this.#insertChunk.run(number * chunksMax + i, payloads.subarray(i * chunkBytes, (i + 1) * chunkBytes))
  }

  delete({ number }: Segment): void {
    for (const statement of this.#deletes) statement.run(number)
    this.#deleteChunks.run(number * chunksMax, (number + 1) * chunksMax)
  }

  index({ number }: Segment): Int32Array {
    const row = this.#selectIndex.get(number)
    if (row === undefined) throw damaged(`segment ${number} has no index`)
    return asWords(row['words'] as Uint8Array)
  }

  /** The entry at a place. */
  read(place: number): StoredEntry {
    const segment = segmentOf(place)
    const offset = (place % unitsMax) * unitBytes
    const start = offset % chunkBytes
    const first = segment * chunksMax + Math.floor(offset / chunkBytes)
    const chunk = this.#chunk(first)
    if (start + headerBytes > chunk.length) throw damaged(`place ${place} is beyond its segment`)
    const view = new DataView(chunk.buffer, chunk.byteOffset + start, headerBytes)
    const length = view.getUint32(8, true)
    return {
      previous: view.getFloat64(0, true),
      isAppended: view.getUint32(12, true) === 1,
      payload: this.#bytes(first, start + headerBytes, length),
    }
  }

  #bytes(first: number, start: number, length: number): Uint8Array {
    const chunk = this.#chunk(first)
    if (start + length <= chunk.length) return chunk.subarray(start, start + length)
    const bytes = new Uint8Array(length)
    let filled = 0
    for (let number = first; filled < length; number++) {
      const from = number === first ? start : 0
      const part = this.#chunk(number).subarray(from, from + length - filled)
      bytes.set(part, filled)
      filled += part.length
    }
    return bytes
  }

  #chunk(number: number): Uint8Array {
    const at = number % cachedChunks
    const cached = this.#cached[at]
    if (cached !== undefined && this.#cachedNumbers[at] === number) return cached
    const row = this.#selectChunk.get(number) as unknown as [Uint8Array] | undefined
    if (row === undefined) throw damaged(`chunk ${number} is missing`)
    this.#cached[at] = row[0]
    this.#cachedNumbers[at] = number
    return row[0]
  }
}

export interface StoredEntry {
  /** Place of the entry before it of the same actor. */
  readonly previous: number
  readonly isAppended: boolean
  /** Valid for as long as it is held. */
  readonly payload: Uint8Array
}

/** What a segment's index holds, from the bytes of its row. */
export function asWords(bytes: Uint8Array): Int32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4)
}

export function damaged(what: string): StoreUnavailable {
  return new StoreUnavailable('unreachable', `the checkpoint file is damaged: ${what}; ${startAnew}`)
}

/** 2 MiB. Cleaning reads the bases of a segment one after the other. */
const cachedChunks = 256
