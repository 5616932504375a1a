import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreUnavailable } from './checkpoint-store.ts'
import { EntryCursor, entryFlags } from './checkpoint-store-sqlite-entries.ts'
import { startAnew } from './checkpoint-store-sqlite-failure.ts'
import { PartitionState } from './checkpoint-store-sqlite-partition.ts'
import {
  asWords,
  entryBytes,
  paddedBytes,
  pageBytes,
  placeOf,
  type SegmentRow,
  segmentSchema,
} from './checkpoint-store-sqlite-segments.ts'

const formatVersion = 1

const schema = `
  CREATE TABLE partitions (
    partition INTEGER PRIMARY KEY, epoch INTEGER, id TEXT, position INTEGER, tail_digest INTEGER, owner BLOB
  );
  CREATE TABLE stages (
    stage INTEGER PRIMARY KEY AUTOINCREMENT, partition INTEGER NOT NULL, epoch INTEGER NOT NULL, id TEXT NOT NULL, part INTEGER NOT NULL
  );
  CREATE TABLE outbox (
    partition INTEGER NOT NULL, number INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (partition, number)
  ) WITHOUT ROWID;
  ${segmentSchema}
`

/**
 * One process at a time, as the table in memory must know every commit. Not synchronous: what the system loses with its power is made
 * again from the log; the file stays whole. Throws what SQLite or the file system throws.
 */
export function openFile(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true })
  const database = new DatabaseSync(join(folder, 'checkpoints.db'))
  try {
    database.exec(`
      PRAGMA page_size = ${pageBytes};
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA cache_size = -16384;
      PRAGMA wal_autocheckpoint = 2048;
      PRAGMA journal_size_limit = 67108864;
      BEGIN IMMEDIATE;
    `)
    const version = database.prepare('PRAGMA user_version').get()?.['user_version']
    if (version === 0) database.exec(`${schema} PRAGMA user_version = ${formatVersion};`)
    else if (version !== formatVersion)
      throw new StoreUnavailable(
        'unreachable',
        `checkpoints.db has format ${version}, this version reads ${formatVersion}; ${startAnew}`,
      )
    database.exec('COMMIT')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** All partitions as the file has them. Reads the indexes of segments, no payload. */
export function readPartitions(database: DatabaseSync, hashMask: number): Map<number, PartitionState> {
  const partitions = new Map<number, PartitionState>()
  for (const row of database.prepare('SELECT * FROM partitions').iterate()) {
    const state = new PartitionState(hashMask)
    state.epoch = row['epoch'] === null ? Number.NEGATIVE_INFINITY : Number(row['epoch'])
    if (row['id'] !== null)
      state.manifest = {
        id: String(row['id']),
        position: Number(row['position']),
        tailDigest: Number(row['tail_digest']),
        owner: row['owner'] as Uint8Array,
      }
    partitions.set(Number(row['partition']), state)
  }
  const stateOf = (partition: number): PartitionState => {
    const state = partitions.get(partition) ?? new PartitionState(hashMask)
    partitions.set(partition, state)
    return state
  }
  const stages = readStages(database, stateOf)
  const segments = 'SELECT s.*, words FROM segments s JOIN indexes USING (number) ORDER BY number'
  for (const row of database.prepare(segments).iterate()) {
    const segment = row as unknown as SegmentRow
    const state = stateOf(segment.partition)
    const { number, bytes, generation, stage } = segment
    if (generation === null) state.dead.push({ number, bytes })
    else if (stage !== null) stages.get(stage)?.push({ number, bytes, generation })
    else {
      state.addSegment({ number, bytes, generation })
      addEntries(state, { number, generation, words: asWords(row['words'] as Uint8Array) })
    }
  }
  for (const state of partitions.values()) state.keep()
  return partitions
}

function readStages(database: DatabaseSync, stateOf: (partition: number) => PartitionState) {
  const stages = new Map<number, { number: number; bytes: number; generation: number }[]>()
  for (const row of database.prepare('SELECT * FROM stages').iterate()) {
    const { staged } = stateOf(Number(row['partition']))
    const parts = staged.get(String(row['id'])) ?? new Map()
    staged.set(String(row['id']), parts)
    const segments: { number: number; bytes: number; generation: number }[] = []
    const stage = Number(row['stage'])
    parts.set(Number(row['part']), { stage, epoch: Number(row['epoch']), segments })
    stages.set(stage, segments)
  }
  return stages
}

interface IndexedSegment {
  readonly number: number
  readonly generation: number
  readonly words: Int32Array
}

/** Takes the entries of a segment up, in order. */
export function addEntries(state: PartitionState, { number, generation, words }: IndexedSegment): void {
  const actors = state.actors(generation)
  const cursor = new EntryCursor()
  let offset = 0
  for (let at = 0; at < words.length; ) {
    at = cursor.read(words, at)
    const { name, nameEnd, length, flags, deadline } = cursor
    const place = placeOf(number, offset)
    offset += paddedBytes(length)
    const isAppended = (flags & entryFlags.appended) !== 0
    // An appended entry may outlive its base: both were replaced, and the base's segment was cleaned before.
    const actor = isAppended ? actors.find(words, name) : actors.findOrAdd(words, name)
    if (actor >= 0) actors.set(actor, { place, size: entryBytes(length, nameEnd - name), flags, deadline })
  }
}
