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
 * Memory holds one chunk, and the outbox. Rejects with SnapshotPlaceUnavailable and StoreUnavailable: it may be asked for again.
 */
export async function restoreSnapshot(
  {
    place,
    store,
    partition,
  }: { readonly place: SnapshotPlace; readonly store: CheckpointStore; readonly partition: number },
  { name, epoch, previous, leftovers }: Restore,
): Promise<RestoreResult> {
  const commits = new Commits(store, { partition, epoch, previous, name })
  let ours = leftovers
  try {
    const found = await manifestOf(place, partition, name)
    if (typeof found === 'string') throw new Damaged(found)
    const { generations, manifest } = found
    const wanted = new Set(generations)
    const read = (chunk: SnapshotChunk): Promise<Uint8Array> => checkedChunk(place, partition, name, chunk)
    ours = [...new Set([...leftovers, ...generations])]
    await commits.unfinished(ours, { droppedGenerations: ours })
    for (const chunk of found.actors) {
      const actors = readActors(await read(chunk)).filter(({ generation }) => wanted.has(generation))
      await commits.unfinished(ours, { actors })
    }
    const outbox = []
    for (const chunk of found.outbox) outbox.push(...readEntries(await read(chunk)))
    return { kind: 'whole', manifest: await commits.last(manifest, outbox) }
  } catch (error) {
    if (error instanceof Refused) return { kind: error.kind }
    if (!(error instanceof Damaged || error instanceof BadStateError)) throw error
    return { kind: 'damaged', detail: `it ${error.message}`, previous: commits.previous, leftovers: ours }
  }
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

/** Commits one after the other. Sent again from the start, each is known by its id and its place in the row. */
class Commits {
  previous: string | undefined
  readonly #store: CheckpointStore
  readonly #options: CommitsOptions
  #count = 0

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
    const id = `${epoch}-restored-${name}-${this.#count++}`
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
