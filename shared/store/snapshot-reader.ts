import { BadStateError } from '#shared/actor/bad-state'
import { limits } from '#shared/domain/limits'
import type { ActorEntry, Commit, CommitResult, Manifest } from '#shared/protocol/commit'
import type { Restore, RestoreResult, SnapshotHead } from '#shared/protocol/owner-io'
import { encodeRestoring } from '#shared/protocol/owner-state'
import type { CheckpointStore } from './checkpoint-store.ts'
import {
  decodeManifest,
  manifestName,
  partitionPrefix,
  plainBytes,
  readActors,
  readEntries,
  type SnapshotChunk,
  type SnapshotManifest,
  sha256,
} from './snapshot-format.ts'
import type { SnapshotPlace } from './snapshot-place.ts'

/** The snapshots of a partition that have a manifest, newest first. Rejects with SnapshotPlaceUnavailable. */
export async function snapshotHeads(place: SnapshotPlace, partition: number): Promise<readonly SnapshotHead[]> {
  const prefix = partitionPrefix(partition)
  const keys = (await place.list(prefix)).filter((key) => key.endsWith(`/${manifestName}`))
  const heads: SnapshotHead[] = []
  for (const key of keys.sort().reverse()) {
    const name = key.slice(prefix.length, -manifestName.length - 1)
    const found = await manifestOf(place, partition, name)
    if (typeof found === 'string') heads.push({ name, place: undefined, problem: found })
    else heads.push({ name, place: placeOf(found.manifest), problem: '' })
  }
  return heads
}

const placeOf = ({ position, tailDigest }: Manifest): SnapshotHead['place'] => ({ position, tailDigest })

/**
 * Brings a snapshot into the checkpoint store under the epoch of who asks: some commits that say that more is to come, and one that ends it.
 * Memory holds one chunk, and the outbox.
 */
export class SnapshotRestore {
  readonly #place: SnapshotPlace
  readonly #partition: number
  readonly #name: string
  readonly #commits: Commits
  /** Generations of which the store may have actors. */
  #leftovers: readonly number[]

  constructor({ place, store, partition }: RestoreOptions, { name, epoch, previous, leftovers }: Restore) {
    this.#place = place
    this.#partition = partition
    this.#name = name
    this.#commits = new Commits(store, { partition, epoch, previous, name })
    this.#leftovers = leftovers
  }

  /**
   * Rejects with SnapshotPlaceUnavailable and StoreUnavailable: called again, it goes on behind the last commit that took effect. Another
   * restore of the same cannot: the store knows its last commit only.
   */
  async run(): Promise<RestoreResult> {
    try {
      return { kind: 'whole', manifest: await this.#run() }
    } catch (error) {
      if (error instanceof Refused) return { kind: error.kind }
      if (!(error instanceof Damaged || error instanceof BadStateError)) throw error
      const { previous } = this.#commits
      return { kind: 'damaged', detail: `it ${error.message}`, previous, leftovers: this.#leftovers }
    }
  }

  async #run(): Promise<Manifest> {
    const commits = this.#commits
    const found = await manifestOf(this.#place, this.#partition, this.#name)
    if (typeof found === 'string') throw new Damaged(found)
    const { generations, manifest } = found
    const wanted = new Set(generations)
    const read = (chunk: SnapshotChunk): Promise<Uint8Array> =>
      checkedChunk(this.#place, this.#partition, this.#name, chunk)
    const ours = [...new Set([...this.#leftovers, ...generations])]
    this.#leftovers = ours
    if (commits.count === 0) await commits.unfinished(ours, { droppedGenerations: ours })
    // One commit for each chunk, behind the first one.
    for (const chunk of found.actors.slice(commits.count - 1)) {
      const actors = readActors(await read(chunk)).filter(({ generation }) => wanted.has(generation))
      await commits.unfinished(ours, { actors })
    }
    const outbox = []
    for (const chunk of found.outbox) outbox.push(...readEntries(await read(chunk)))
    return commits.last(manifest, outbox)
  }
}

interface RestoreOptions {
  readonly place: SnapshotPlace
  readonly store: CheckpointStore
  readonly partition: number
}

class Damaged extends Error {}

class Refused extends Error {
  readonly kind: 'fenced' | 'conflict'

  constructor(kind: 'fenced' | 'conflict') {
    super(kind)
    this.kind = kind
  }
}

interface CommitsOptions {
  readonly partition: number
  readonly epoch: number
  readonly previous: string | undefined
  /** Of the snapshot. */
  readonly name: string
}

/** Commits one after the other. One of which nobody knows whether it took effect has the same id when it is sent again. */
class Commits {
  previous: string | undefined
  /** That took effect. */
  count = 0
  readonly #store: CheckpointStore
  readonly #options: CommitsOptions

  constructor(store: CheckpointStore, options: CommitsOptions) {
    this.#store = store
    this.#options = options
    this.previous = options.previous
  }

  /** More is to come: who finds this as the last commit begins again. */
  async unfinished(
    generations: readonly number[],
    { actors = [], droppedGenerations = [] }: Partial<Pick<Commit, 'actors' | 'droppedGenerations'>>,
  ): Promise<void> {
    const manifest = { position: 0, tailDigest: 0, owner: encodeRestoring(generations) }
    await this.#commit(manifest, { actors, droppedGenerations, outbox: [], deliveredUpTo: everything })
  }

  /** @returns the manifest, with the id of the commit that it is of now */
  async last(manifest: Manifest, outbox: Commit['outbox']): Promise<Manifest> {
    return this.#commit(manifest, { actors: [], droppedGenerations: [], outbox, deliveredUpTo: 0 })
  }

  async #commit(
    { position, tailDigest, owner }: Omit<Manifest, 'id'>,
    { actors, ...rest }: Pick<Commit, 'actors' | 'outbox' | 'deliveredUpTo' | 'droppedGenerations'>,
  ): Promise<Manifest> {
    const { partition, epoch, name } = this.#options
    const id = `${epoch}-restored-${name}-${this.count}`
    const manifest = { id, position, tailDigest, owner }
    const parts = inParts(actors)
    for (const [part, entries] of parts.entries())
      if ((await this.#store.stage({ partition, epoch, id, part, actors: entries })) === 'fenced')
        throw new Refused('fenced')
    const result: CommitResult = await this.#store.commit({
      ...{ partition, epoch, id, manifest, previous: this.previous, stagedParts: parts.length, actors: [] },
      ...rest,
    })
    if (result === 'fenced' || result === 'conflict') throw new Refused(result)
    this.previous = id
    this.count++
    return manifest
  }
}

function inParts(actors: readonly ActorEntry[]): readonly (readonly ActorEntry[])[] {
  const parts: ActorEntry[][] = []
  let bytes: number = limits.commitPartBytesMax
  for (const actor of actors) {
    if (bytes >= limits.commitPartBytesMax) {
      parts.push([])
      bytes = 0
    }
    parts[parts.length - 1].push(actor)
    bytes += actor.bytes.length + actor.key.length
  }
  return parts
}

async function manifestOf(place: SnapshotPlace, partition: number, name: string): Promise<SnapshotManifest | string> {
  const bytes = await place.get(`${partitionPrefix(partition)}${name}/${manifestName}`)
  return bytes === undefined ? 'is gone' : decodeManifest(bytes, partition)
}

async function checkedChunk(
  place: SnapshotPlace,
  partition: number,
  name: string,
  chunk: SnapshotChunk,
): Promise<Uint8Array> {
  const bytes = await place.get(`${partitionPrefix(partition)}${name}/${chunk.name}`)
  if (bytes === undefined) throw new Damaged(`lacks its part ${chunk.name}`)
  if (bytes.length !== chunk.bytes || sha256(bytes) !== chunk.sha256)
    throw new Damaged(`is damaged: its part ${chunk.name} does not have its checksum`)
  return plainBytes(bytes)
}

const everything = Number.MAX_SAFE_INTEGER
