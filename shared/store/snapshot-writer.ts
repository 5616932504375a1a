import { randomBytes } from 'node:crypto'
import { ByteWriter } from '#shared/checkpoint/bytes'
import type { Manifest, MarkedActor, OutboxEntry, SavedActor } from '#shared/protocol/commit'
import {
  encodeManifest,
  manifestName,
  partitionPrefix,
  type SnapshotChunk,
  sha256,
  snapshotName,
  takenAtOf,
  writeActor,
  writeEntry,
} from './snapshot-format.ts'
import type { SnapshotPlace } from './snapshot-place.ts'

/**
 * Writes one snapshot, chunk by chunk; what is held at once is one chunk.
 *
 * W1 Nothing is a snapshot before its manifest is there, and that comes when all its chunks are.
 */
export class SnapshotWriter {
  readonly name: string
  readonly #place: SnapshotPlace
  readonly #partition: number
  readonly #takenAt: number
  readonly #prefix: string
  readonly #writer = new ByteWriter()
  readonly #actors: SnapshotChunk[] = []

  /** @param takenAt ms since 1970 */
  constructor(options: {
    readonly place: SnapshotPlace
    readonly partition: number
    readonly takenAt: number
    readonly position: number
  }) {
    const { place, partition, takenAt, position } = options
    this.#place = place
    this.#partition = partition
    this.#takenAt = takenAt
    this.name = snapshotName(position, takenAt, randomBytes(4).toString('hex'))
    this.#prefix = `${partitionPrefix(partition)}${this.name}/`
  }

  /** Rejects with SnapshotPlaceUnavailable. */
  async add(generation: number, actors: readonly (MarkedActor & SavedActor)[]): Promise<void> {
    for (const actor of actors) {
      writeActor(this.#writer, generation, actor)
      if (this.#writer.length >= chunkBytes) await this.#put('actors', this.#actors)
    }
  }

  /** Rejects with SnapshotPlaceUnavailable. */
  async finish(manifest: Manifest, generations: readonly number[], entries: readonly OutboxEntry[]): Promise<void> {
    if (this.#writer.length > 0) await this.#put('actors', this.#actors)
    const outbox: SnapshotChunk[] = []
    for (const entry of entries) {
      writeEntry(this.#writer, entry)
      if (this.#writer.length >= chunkBytes) await this.#put('outbox', outbox)
    }
    if (this.#writer.length > 0) await this.#put('outbox', outbox)
    const all = {
      partition: this.#partition,
      takenAt: this.#takenAt,
      manifest,
      generations,
      actors: this.#actors,
      outbox,
    }
    await this.#place.put(this.#prefix + manifestName, encodeManifest(all))
  }

  /** What was written goes again. Rejects with SnapshotPlaceUnavailable. */
  async giveUp(): Promise<void> {
    for (const { name } of this.#actors) await this.#place.remove(this.#prefix + name)
  }

  async #put(kind: string, chunks: SnapshotChunk[]): Promise<void> {
    // Nothing is written until it is there, so that no copy is needed.
    const bytes = this.#writer.bytes.subarray(0, this.#writer.length)
    const name = `${kind}-${String(chunks.length).padStart(6, '0')}`
    const chunk = { name, bytes: bytes.length, sha256: sha256(bytes) }
    await this.#place.put(this.#prefix + name, bytes)
    chunks.push(chunk)
    this.#writer.clear()
  }
}

/**
 * Of whole snapshots only those of a partition stay that were taken last, whatever their positions: those of a log that was made anew begin
 * low again. What others have left behind goes, once it is surely no longer being written.
 * @param written name of the one that was just taken: it stays also where clocks disagree
 */
export async function removeOldSnapshots(
  place: SnapshotPlace,
  { partition, now, written }: { readonly partition: number; readonly now: number; readonly written: string },
): Promise<void> {
  const prefix = partitionPrefix(partition)
  const keys = await place.list(prefix)
  const nameOf = (key: string): string => key.slice(prefix.length).split('/')[0]
  const whole = keys.filter((key) => key.endsWith(`/${manifestName}`)).map(nameOf)
  const newest = whole.sort((a, b) => takenAtOf(a) - takenAtOf(b) || (a < b ? -1 : 1)).slice(-snapshotsKept)
  const kept = new Set([...newest, written])
  const keptFrom = newest.length === 0 ? 0 : takenAtOf(newest[0])
  const isUnfinished = (name: string): boolean => !whole.includes(name) && now - takenAtOf(name) < unfinishedMsMax
  const isOld = (name: string): boolean => !kept.has(name) && takenAtOf(name) <= keptFrom && !isUnfinished(name)
  const old = keys.filter((key) => isOld(nameOf(key)))
  // A snapshot without its manifest is none: the manifest goes first.
  for (const key of old.filter((each) => each.endsWith(manifestName))) await place.remove(key)
  for (const key of old.filter((each) => !each.endsWith(manifestName))) await place.remove(key)
}

/** An hour of them: one that is damaged leaves others. */
const snapshotsKept = 4
/** A few milliseconds of checksum. */
const chunkBytes = 2 ** 20
const unfinishedMsMax = 3_600_000
