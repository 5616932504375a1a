import type { ActorTable } from './checkpoint-store-sqlite-actors.ts'
import { EntryCursor, entryFlags, nameEnd } from './checkpoint-store-sqlite-entries.ts'
import type { LiveSegment, PartitionState } from './checkpoint-store-sqlite-partition.ts'
import {
  damaged,
  entryBytes,
  paddedBytes,
  type SegmentTables,
  type StoredEntry,
} from './checkpoint-store-sqlite-segments.ts'
import type { SegmentWriter } from './checkpoint-store-sqlite-writer.ts'

/** All entries of an actor, from its base on. */
export function readChain(tables: SegmentTables, actors: ActorTable, actor: number): StoredEntry[] {
  const name = actors.nameAt[actor]
  const nameWords = nameEnd(actors.names, name) - name
  const chain: StoredEntry[] = []
  let rest = actors.chainBytes[actor]
  for (let place = actors.newest[actor]; ; ) {
    const entry = tables.read(place)
    chain.push(entry)
    rest -= entryBytes(entry.payload.length, nameWords)
    if (!entry.isAppended || rest <= 0) break
    place = entry.previous
  }
  if (rest !== 0 || chain[chain.length - 1].isAppended) throw damaged('the entries of an actor do not fit together')
  return chain.reverse()
}

/** How far a segment has been cleaned. */
interface Progress {
  readonly segment: LiveSegment
  readonly words: Int32Array
  at: number
}

/**
 * Makes room: the oldest segments go, and what is still needed of them is written anew in front, each actor's entries side by side.
 *
 * D1 It works on the partition's oldest segment only. There it looks at bases alone: an entry that follows a base lies behind it, and went
 *    with it.
 * D2 A call handles about as many bytes as it is allowed to, so no commit waits long; a segment may take several.
 */
export class Cleaner {
  readonly #tables: SegmentTables
  readonly #writer: SegmentWriter
  readonly #cursor = new EntryCursor()
  readonly #progress = new WeakMap<PartitionState, Progress>()

  constructor(tables: SegmentTables, writer: SegmentWriter) {
    this.#tables = tables
    this.#writer = writer
  }

  /** Deletes segments of which nothing is needed. */
  deleteDead({ dead }: PartitionState, bytesMax: number): void {
    for (let bytes = 0; bytes < bytesMax; ) {
      const segment = dead.shift()
      if (segment === undefined) return
      this.#tables.delete(segment)
      bytes += Math.max(segment.bytes, 4_096)
    }
  }

  /**
   * Runs inside a transaction, after all entries of the commit were flushed.
   * @param before segments from this number on are those of the commit itself
   * @param slackBytes dead bytes that are allowed beside as many as live ones
   */
  clean(partition: PartitionState, partitionNumber: number, limits: CleaningLimits): void {
    const { before, slackBytes, bytesMax } = limits
    let bytes = 0
    while (bytes < bytesMax && partition.occupiedBytes > 2 * partition.liveBytes + slackBytes) {
      const segment = partition.segments.first
      if (segment === undefined || segment.number >= before) break
      const progress = this.#progressOf(partition, segment)
      bytes += this.#cleanSome(partition, partitionNumber, progress, bytesMax - bytes)
      if (progress.at < progress.words.length) break
      this.#tables.delete(segment)
      partition.shiftSegment()
      bytes += 4_096
    }
    this.#writer.flush()
  }

  /** What a transaction did that was rolled back must be done again. */
  forget(partition: PartitionState): void {
    this.#progress.delete(partition)
  }

  #progressOf(partition: PartitionState, segment: LiveSegment): Progress {
    const known = this.#progress.get(partition)
    if (known?.segment === segment) return known
    const progress = { segment, words: this.#tables.index(segment), at: 0 }
    this.#progress.set(partition, progress)
    return progress
  }

  #cleanSome(partition: PartitionState, partitionNumber: number, progress: Progress, bytesMax: number): number {
    const { segment, words } = progress
    const actors = partition.actors(segment.generation)
    const low = segment.number >>> 0
    let bytes = 0
    while (progress.at < words.length && bytes < bytesMax) {
      const cursor = this.#cursor
      progress.at = cursor.read(words, progress.at)
      bytes += paddedBytes(cursor.length) / 4
      if ((cursor.flags & entryFlags.appended) !== 0) continue
      const actor = actors.find(words, cursor.name)
      if (actor < 0 || actors.baseSegment[actor] !== low) continue
      this.#writer.open({ partition: partitionNumber, generation: segment.generation, stage: null })
      bytes += this.#move(actors, actor)
    }
    return bytes
  }

  #move(actors: ActorTable, actor: number): number {
    const chain = readChain(this.#tables, actors, actor)
    const deadline = actors.deadline[actor]
    const marks =
      (actors.hasBook(actor) ? entryFlags.book : 0) | (deadline === Number.POSITIVE_INFINITY ? 0 : entryFlags.deadline)
    const bytes = actors.chainBytes[actor]
    const name = actors.nameAt[actor]
    const end = nameEnd(actors.names, name)
    let previous = 0
    for (const { payload, isAppended } of chain) {
      const flags = marks | (isAppended ? entryFlags.appended : 0)
      previous = this.#writer.append({
        words: actors.names,
        name,
        nameEnd: end,
        flags,
        deadline,
        previous,
        bytes: payload,
        from: 0,
        length: payload.length,
      })
      const size = entryBytes(payload.length, end - name)
      actors.set(actor, { place: previous, size, flags, deadline })
    }
    return bytes
  }
}

interface CleaningLimits {
  readonly before: number
  readonly slackBytes: number
  readonly bytesMax: number
}
