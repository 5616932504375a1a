import type { DatabaseSync } from 'node:sqlite'
import { invariant } from '#shared/domain/invariant'
import type { ClaimResult, CommitResult } from '#shared/protocol/commit'
import type { AsOf } from './checkpoint-store.ts'
import type { ActorTable } from './checkpoint-store-sqlite-actors.ts'
import { Cleaner, readChain } from './checkpoint-store-sqlite-cleaner.ts'
import {
  EntryCursor,
  entryFlags,
  nameEnd,
  type PackedActors,
  type PackedMarks,
} from './checkpoint-store-sqlite-entries.ts'
import {
  type PackedChains,
  type PackedCommit,
  type PackedOutbox,
  type PackedPage,
  type PackedStage,
  packList,
  pieceOf,
} from './checkpoint-store-sqlite-messages.ts'
import { addEntries, openFile, readPartitions } from './checkpoint-store-sqlite-open.ts'
import { PartitionState, type StagedPart } from './checkpoint-store-sqlite-partition.ts'
import {
  entryBytes,
  type NewSegment,
  paddedBytes,
  placeOf,
  SegmentTables,
  segmentBytesMax,
} from './checkpoint-store-sqlite-segments.ts'
import { checkpointStatements } from './checkpoint-store-sqlite-statements.ts'
import { SegmentWriter } from './checkpoint-store-sqlite-writer.ts'

/** Sizes that only tests change, to get at the edges with few entries. */
export interface Tuning {
  /** Payloads of a segment, at most 1 MiB. */
  readonly segmentBytes: number
  /** Dead bytes that are allowed beside as many as live ones, shared by all partitions. */
  readonly slackBytes: number
  /** Bits of the names' hashes that are used. */
  readonly hashMask: number
}

export const defaultTuning: Tuning = { segmentBytes: segmentBytesMax, slackBytes: 64 * 2 ** 20, hashMask: -1 }

/** Cleaning handles so many bytes with each commit, and twice what the commit has: fast enough to keep up, too few to be felt. */
const cleanedBytesMin = 256 * 1024
/** Some milliseconds of reading. */
const pageBytesMax = 256 * 1024
const deletedBytesMax = 4 * 2 ** 20

/**
 * The checkpoint store in one file, on the worker's thread. Every call is one transaction.
 *
 * S1 What is in memory is what the file has: a transaction that is rolled back is undone in memory too.
 * S2 A staged part is no part of the actors' chains; the commit takes it over where it lies, or writes it again behind all others.
 */
export class CheckpointDatabase {
  readonly #database: DatabaseSync
  readonly #partitions: Map<number, PartitionState>
  readonly #tables: SegmentTables
  readonly #writer: SegmentWriter
  readonly #cleaner: Cleaner
  readonly #slackBytes: number
  readonly #hashMask: number
  readonly #statements: ReturnType<typeof checkpointStatements>
  readonly #cursor = new EntryCursor()
  /** Where the writer's segments go. */
  #onSegment: (segment: NewSegment) => void = () => {}

  /** Throws what SQLite or the file system throws, or StoreUnavailable. */
  constructor(folder: string, { segmentBytes, slackBytes, hashMask }: Tuning, database = openFile(folder)) {
    this.#database = database
    this.#slackBytes = slackBytes
    this.#hashMask = hashMask
    try {
      this.#partitions = readPartitions(database, hashMask)
      this.#tables = new SegmentTables(database)
      this.#statements = checkpointStatements(database)
      const highest = database.prepare('SELECT max(number) AS number FROM segments').get()?.['number']
      // Place 0 means none, so the first number is 1.
      this.#writer = new SegmentWriter(Number(highest ?? 0) + 1, segmentBytes, (segment) => {
        this.#tables.insert(segment)
        this.#onSegment(segment)
      })
      this.#cleaner = new Cleaner(this.#tables, this.#writer)
    } catch (error) {
      database.close()
      throw error
    }
  }

  claim(partition: number, epoch: number): ClaimResult {
    const state = this.#state(partition)
    if (epoch < state.epoch) return { kind: 'fenced', epoch: state.epoch }
    const foreign = [...state.staged.values()].flatMap((parts) => [...parts.values()].filter((p) => p.epoch !== epoch))
    if (epoch > state.epoch || foreign.length > 0) {
      this.#transact(state, () => {
        this.#statements.setEpoch.run(partition, epoch)
        for (const part of foreign) this.#discard(state, part)
      })
      for (const parts of state.staged.values())
        for (const [number, part] of parts) if (part.epoch !== epoch) parts.delete(number)
      state.epoch = epoch
    }
    const { manifest } = state
    // The answer's bytes leave this thread.
    return { kind: 'claimed', manifest: manifest && { ...manifest, owner: manifest.owner.slice() } }
  }

  stage({ partition, epoch, id, part, actors }: PackedStage): 'staged' | 'fenced' {
    const state = this.#state(partition)
    if (epoch < state.epoch) return 'fenced'
    const parts = state.staged.get(id) ?? new Map<number, StagedPart>()
    if (parts.has(part)) return 'staged'
    const segments: { number: number; bytes: number; generation: number }[] = []
    const stage = this.#transact(state, () => {
      const row = Number(this.#statements.addStage.run(partition, epoch, id, part).lastInsertRowid)
      this.#onSegment = ({ number, bytes, generation }) =>
        segments.push({ number, bytes, generation: Number(generation) })
      for (const packed of actors) this.#stageActors(partition, row, packed)
      this.#writer.flush()
      return row
    })
    parts.set(part, { stage, epoch, segments })
    state.staged.set(id, parts)
    return 'staged'
  }

  commit(commit: PackedCommit): CommitResult {
    const state = this.#state(commit.partition)
    if (commit.epoch < state.epoch) return 'fenced'
    if (state.manifest?.id === commit.id) return 'already'
    if (state.manifest?.id !== commit.previous) return 'conflict'
    const parts: StagedPart[] = []
    for (let part = 0; part < commit.stagedParts; part++) {
      const staged = state.staged.get(commit.id)?.get(part)
      if (staged === undefined) return 'conflict'
      parts.push(staged)
    }
    invariant(commit.manifest.id === commit.id, `the manifest of commit ${commit.id} names ${commit.manifest.id}`)
    this.#transact(state, () => this.#write(state, commit, parts))
    for (const generation of commit.droppedGenerations) state.dropGeneration(generation)
    state.staged.delete(commit.id)
    state.manifest = commit.manifest
    return 'ok'
  }

  /** @param words names, as many as `count` */
  load(partition: number, generation: number, words: Int32Array, count: number): PackedChains {
    const state = this.#state(partition)
    const actors = state.generations.get(generation)
    const counts = new Uint32Array(count)
    const pieces: Uint8Array[] = []
    let at = 0
    for (let i = 0; i < count; i++) {
      const actor = actors?.find(words, at) ?? -1
      at = nameEnd(words, at)
      if (actors === undefined || actor < 0) continue
      const chain = readChain(this.#tables, actors, actor)
      counts[i] = chain.length
      for (const { payload } of chain) pieces.push(payload)
    }
    return { counts, pieces: packList(pieces) }
  }

  marked(partition: number, generation: number): PackedMarks {
    const actors = this.#state(partition).generations.get(generation)
    return actors?.marked() ?? noMarks()
  }

  /** @param from number of the first actor */
  page(partition: number, generation: number, from: number): PackedPage {
    const table = this.#state(partition).generations.get(generation)
    const [numbers, counts, pieces]: [number[], number[], Uint8Array[]] = [[], [], []]
    let next = from
    for (let bytes = 0; table !== undefined && next < table.count && bytes < pageBytesMax; next++) {
      if (!table.hasBase(next)) continue
      const chain = readChain(this.#tables, table, next)
      numbers.push(next)
      counts.push(chain.length)
      for (const { payload } of chain) pieces.push(payload)
      bytes += table.chainBytes[next]
    }
    const chains = { counts: Uint32Array.from(counts), pieces: packList(pieces) }
    const marks = table?.marksOf(numbers) ?? noMarks()
    return { marks, chains, next: table !== undefined && next < table.count ? next : undefined }
  }

  outbox(partition: number): PackedOutbox {
    const rows = this.#statements.outbox.all(partition)
    const list = packList(rows.map((row) => row['bytes'] as Uint8Array))
    return { list, numbers: Float64Array.from(rows, (row) => Number(row['number'])) }
  }

  /** As of which commit the answers of this moment are. */
  asOf(partition: number): AsOf {
    return { lastCommit: { id: this.#state(partition).manifest?.id } }
  }

  close(): void {
    this.#database.close()
  }

  #state(partition: number): PartitionState {
    let state = this.#partitions.get(partition)
    if (state === undefined) {
      state = new PartitionState(this.#hashMask)
      this.#partitions.set(partition, state)
    }
    return state
  }

  #transact<T>(state: PartitionState, work: () => T): T {
    const database = this.#database
    database.exec('BEGIN IMMEDIATE')
    state.begin()
    let result: T
    try {
      result = work()
      database.exec('COMMIT')
    } catch (error) {
      this.#writer.discard()
      this.#cleaner.forget(state)
      state.undo()
      // SQLite has rolled some failures back already.
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
    state.keep()
    return result
  }

  #write(state: PartitionState, commit: PackedCommit, parts: readonly StagedPart[]): void {
    const { partition, actors, manifest, outbox, deliveredUpTo, droppedGenerations } = commit
    const before = this.#writer.number
    let writtenBytes = 0
    this.#onSegment = ({ number, bytes, generation }) => {
      writtenBytes += bytes
      state.addSegment({ number, bytes, generation: Number(generation) })
    }
    for (const part of parts) this.#takeOver(state, partition, part)
    // Of staged parts that this commit does not count.
    for (const [number, part] of state.staged.get(commit.id) ?? [])
      if (number >= commit.stagedParts) this.#discard(state, part)
    for (const packed of actors) this.#append(state, partition, packed)
    this.#writer.flush()

    const { setManifest, lastNumber, addOutbox, removeOutbox, killGeneration } = this.#statements
    setManifest.run(partition, manifest.id, manifest.position, manifest.tailDigest, manifest.owner)
    let last = Number(lastNumber.get(partition)?.['number'] ?? Number.NEGATIVE_INFINITY)
    let offset = 0
    for (const [i, number] of outbox.numbers.entries()) {
      invariant(number > last, `the numbers of the outbox do not rise in commit ${commit.id}`)
      const bytes = pieceOf(outbox.list, i, offset)
      addOutbox.run(partition, number, bytes)
      offset += bytes.length
      last = number
    }
    removeOutbox.run(partition, deliveredUpTo)
    for (const generation of droppedGenerations) killGeneration.run(partition, generation)

    this.#cleaner.deleteDead(state, deletedBytesMax)
    if (droppedGenerations.length > 0) return
    const slackBytes = this.#slackBytes / this.#partitions.size
    this.#cleaner.clean(state, partition, { before, slackBytes, bytesMax: cleanedBytesMin + 2 * writtenBytes })
  }

  #append(state: PartitionState, partition: number, { generation, count, words, bytes }: PackedActors): void {
    this.#writer.open({ partition, generation, stage: null })
    const actors = state.actors(generation)
    let at = 0
    let from = 0
    for (let i = 0; i < count; i++) {
      at = this.#cursor.read(words, at)
      this.#appendEntry(actors, words, bytes, from)
      from += this.#cursor.length
    }
  }

  /** Writes the entry at the cursor behind those that its actor has. */
  #appendEntry(actors: ActorTable, words: Int32Array, bytes: Uint8Array, from: number): void {
    const { name, nameEnd: end, length, flags, deadline } = this.#cursor
    const actor = actors.findOrAdd(words, name)
    const isAppended = (flags & entryFlags.appended) !== 0
    invariant(!isAppended || actors.hasBase(actor), 'there is no base that the entry of an actor could follow')
    const previous = isAppended ? actors.newest[actor] : 0
    const place = this.#writer.append({ words, name, nameEnd: end, flags, deadline, previous, bytes, from, length })
    actors.set(actor, { place, size: entryBytes(length, end - name), flags, deadline })
  }

  #stageActors(partition: number, stage: number, { generation, count, words, bytes }: PackedActors): void {
    this.#writer.open({ partition, generation, stage })
    let at = 0
    let from = 0
    for (let i = 0; i < count; i++) {
      at = this.#cursor.read(words, at)
      const { name, nameEnd: end, length, flags, deadline } = this.#cursor
      this.#writer.append({ words, name, nameEnd: end, flags, deadline, previous: 0, bytes, from, length })
      from += length
    }
  }

  /**
   * Makes a staged part a part of the commit. It stays where it is if it has bases alone, which point to nothing, and lies behind all
   * that was committed; else its entries are written again, so that the order of segments is that of entries.
   */
  #takeOver(state: PartitionState, partition: number, part: StagedPart): void {
    const segments = part.segments.map((segment) => ({ ...segment, words: this.#tables.index(segment) }))
    const isBehindAll = this.#writer.isEmpty && segments.every(({ number }) => number > state.highest)
    if (isBehindAll && segments.every(({ words }) => hasOnlyBases(words))) {
      this.#statements.adoptSegments.run(part.stage)
      this.#statements.removeStage.run(part.stage)
      for (const { number, bytes, generation, words } of segments) {
        state.addSegment({ number, bytes, generation })
        addEntries(state, { number, generation, words })
      }
      return
    }
    for (const { number, generation, words } of segments) {
      this.#writer.open({ partition, generation, stage: null })
      const actors = state.actors(generation)
      let offset = 0
      for (let at = 0; at < words.length; ) {
        at = this.#cursor.read(words, at)
        this.#appendEntry(actors, words, this.#tables.read(placeOf(number, offset)).payload, 0)
        offset += paddedBytes(this.#cursor.length)
      }
    }
    this.#discard(state, part)
  }

  /** Nothing of a staged part is needed any more. Its rows go little by little. */
  #discard(state: PartitionState, part: StagedPart): void {
    this.#statements.killStaged.run(part.stage)
    this.#statements.removeStage.run(part.stage)
    for (const segment of part.segments) state.dead.push(segment)
  }
}

const noMarks = (): PackedMarks => ({
  words: new Int32Array(),
  deadlines: new Float64Array(),
  hasBook: new Uint8Array(),
})

function hasOnlyBases(words: Int32Array): boolean {
  const cursor = new EntryCursor()
  for (let at = 0; at < words.length; ) {
    at = cursor.read(words, at)
    if ((cursor.flags & entryFlags.appended) !== 0) return false
  }
  return true
}
