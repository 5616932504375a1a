import type { ActorName } from '#shared/actor/actor-state'
import type {
  ClaimResult,
  Commit,
  CommitResult,
  Manifest,
  MarkedActor,
  SavedActor,
  Stage,
} from '#shared/protocol/commit'
import type { Restore, RestoreResult, SnapshotHead } from '#shared/protocol/owner-io'
import { decodeOwnerState } from '#shared/protocol/owner-state'
import type {
  CheckpointPages,
  CheckpointStore,
  MarkedActors,
  Outbox,
  SavedActors,
} from '#shared/store/checkpoint-store'
import type { SnapshotPlace } from '#shared/store/snapshot-place'
import { SnapshotRestore, snapshotHeads } from '#shared/store/snapshot-reader'
import { removeOldSnapshots, SnapshotWriter } from '#shared/store/snapshot-writer'
import { GivenUp, SnapshotTaking } from './snapshot-taking.ts'

export interface PartitionSnapshotsOptions {
  readonly partition: number
  readonly place: SnapshotPlace
  readonly store: CheckpointStore & CheckpointPages
}

/**
 * Snapshots of one partition, out of its checkpoint store and beside its owner, which knows nothing of it. The owner's loop writes to the
 * store through this, so that it is known which actors changed while the store is read through.
 *
 * N1 A snapshot is what the store held after one commit. Actors are read while others change; each that changes is read again after its
 *    commit; for the last few of them the next commit waits, some milliseconds.
 * N2 Memory holds the names of actors that changed and were not read again, at most `changedMax`, and one chunk.
 * N3 An owner that begins anew ends a snapshot that is being taken.
 */
export class PartitionSnapshots implements CheckpointStore {
  /** Position of the newest snapshot that was taken or found here; undefined: none so far. */
  newestPosition: number | undefined
  readonly #options: PartitionSnapshotsOptions
  /** Of the last commit of the owner that lives. */
  #last: Manifest | undefined
  /** Whether a commit of it has begun and not ended. */
  #isUnderWay = false
  #ended = Promise.withResolvers<void>()
  /** Commits wait for it. */
  #hold: PromiseWithResolvers<void> | undefined
  #taking: SnapshotTaking | undefined
  #restoring: { readonly asked: Restore; readonly restore: SnapshotRestore } | undefined

  constructor(options: PartitionSnapshotsOptions) {
    this.#options = options
  }

  async heads(): Promise<readonly SnapshotHead[]> {
    return snapshotHeads(this.#options.place, this.#options.partition)
  }

  async restore(restore: Restore): Promise<RestoreResult> {
    // Asked for once more, because the world failed, it goes on where it was.
    if (this.#restoring?.asked !== restore)
      this.#restoring = { asked: restore, restore: new SnapshotRestore(this.#options, restore) }
    const result = await this.#restoring.restore.run()
    this.#restoring = undefined
    if (result.kind === 'whole') this.newestPosition = result.manifest.position
    return result
  }

  /** @returns why there is none this time; undefined: it was taken, or there is nothing new. Rejects with SnapshotPlaceUnavailable, StoreUnavailable */
  async take(now: number): Promise<string | undefined> {
    // All that a commit changes is known from its first part on.
    while (this.#isUnderWay) await this.#ended.promise
    const last = this.#last
    if (last === undefined || last.position === this.newestPosition) return undefined
    const { partition, place } = this.#options
    const taking = new SnapshotTaking(generationsOf(last))
    const writer = new SnapshotWriter({ place, partition, takenAt: now, position: last.position })
    this.#taking = taking
    try {
      this.newestPosition = await this.#take(taking, writer)
    } catch (error) {
      // What is left of it goes with a later one, should this fail, too.
      await writer.giveUp().catch(() => {})
      if (error instanceof GivenUp) return error.message
      throw error
    } finally {
      this.#taking = undefined
      this.#release()
    }
    await removeOldSnapshots(place, { partition, now, written: writer.name })
    return undefined
  }

  /** The one that is being taken ends as soon as it can. */
  giveUp(): void {
    this.#taking?.giveUp('the service stops')
  }

  async claim(partition: number, epoch: number): Promise<ClaimResult> {
    this.#taking?.giveUp('the partition has begun anew')
    this.#last = undefined
    this.#end()
    return this.#options.store.claim(partition, epoch)
  }

  async stage(stage: Stage): Promise<'staged' | 'fenced'> {
    await this.#begin()
    const result = await this.#options.store.stage(stage)
    if (result === 'staged') this.#taking?.staged(stage.actors)
    return result
  }

  async commit(commit: Commit): Promise<CommitResult> {
    await this.#begin()
    const result = await this.#options.store.commit(commit)
    if (result === 'fenced' || result === 'conflict') {
      this.#taking?.giveUp('the partition has no owner')
      this.#last = undefined
    } else {
      this.#taking?.committed(commit.actors)
      this.#last = commit.manifest
    }
    this.#end()
    return result
  }

  load(partition: number, generation: number, names: readonly ActorName[]): Promise<SavedActors> {
    return this.#options.store.load(partition, generation, names)
  }

  marked(partition: number, generation: number): Promise<MarkedActors> {
    return this.#options.store.marked(partition, generation)
  }

  outbox(partition: number): Promise<Outbox> {
    return this.#options.store.outbox(partition)
  }

  close(): Promise<void> {
    return this.#options.store.close()
  }

  async #begin(): Promise<void> {
    while (this.#hold !== undefined) await this.#hold.promise
    this.#isUnderWay = true
  }

  #end(): void {
    this.#isUnderWay = false
    this.#ended.resolve()
    this.#ended = Promise.withResolvers()
  }

  #release(): void {
    this.#hold?.resolve()
    this.#hold = undefined
  }

  /** @returns its position */
  async #take(taking: SnapshotTaking, writer: SnapshotWriter): Promise<number> {
    await this.#readThrough(taking, writer)
    const { manifest, outbox } = await this.#readRest(taking, writer)
    await writer.finish(manifest, generationsOf(manifest), outbox)
    return manifest.position
  }

  async #readThrough(taking: SnapshotTaking, writer: SnapshotWriter): Promise<void> {
    const { partition, store } = this.#options
    for (const generation of taking.generations) {
      let cursor: string | undefined
      do {
        const startedAt = performance.now()
        const page = await store.page(partition, generation, cursor)
        const readMs = performance.now() - startedAt
        taking.check()
        await writer.add(generation, page.actors)
        cursor = page.next
        // The store is for the owner first.
        await pause(Math.min(pauseMsMax, readMs * pauseShare))
      } while (cursor !== undefined)
    }
  }

  /** What changed meanwhile, until there is nothing left: then the store is as of its last commit. */
  async #readRest(
    taking: SnapshotTaking,
    writer: SnapshotWriter,
  ): Promise<{ readonly manifest: Manifest } & Pick<Read, 'outbox'>> {
    // Where more than that change with each commit, more are read at last.
    for (let rounds = 0; ; ) {
      if (taking.count > heldActorsMax * 2 ** Math.min(4, Math.floor(rounds / roundsMax))) {
        rounds++
        for (const { generation, actors } of (await this.#readChanged(taking, actorsAtOnceMax)).groups)
          await writer.add(generation, actors)
        taking.check()
        await pause(1)
        continue
      }
      if (this.#isUnderWay) {
        await this.#ended.promise
        taking.check()
        continue
      }
      // From here to the release no commit begins.
      this.#hold = Promise.withResolvers()
      const { groups, outbox, manifest } = await this.#readHeld(taking)
      this.#release()
      for (const { generation, actors } of groups) await writer.add(generation, actors)
      return { manifest, outbox }
    }
  }

  async #readHeld(taking: SnapshotTaking): Promise<Read & { readonly manifest: Manifest }> {
    const { partition, store } = this.#options
    const manifest = this.#last
    if (manifest === undefined) throw new GivenUp('the partition has begun anew')
    if (!generationsOf(manifest).every((generation) => taking.generations.includes(generation)))
      throw new GivenUp('the rules have changed while it was taken')
    const { groups, commits } = await this.#readChanged(taking, Number.POSITIVE_INFINITY)
    const { entries, lastCommit } = await store.outbox(partition)
    taking.check()
    if (![...commits, lastCommit.id].every((id) => id === manifest.id))
      throw new GivenUp('the checkpoint store was written by another, or has lost something')
    const nextEntry = decodeOwnerState(manifest.owner)?.nextEntry ?? 0
    return { manifest, groups, outbox: entries.filter(({ number }) => number < nextEntry) }
  }

  async #readChanged(
    taking: SnapshotTaking,
    countMax: number,
  ): Promise<Pick<Read, 'groups'> & { readonly commits: readonly (string | undefined)[] }> {
    const { partition, store } = this.#options
    const groups: Read['groups'][number][] = []
    const commits: (string | undefined)[] = []
    for (let left = countMax; left > 0 && taking.count > 0; ) {
      const { generation, marks } = taking.takeChanged(Math.min(left, actorsAtOnceMax))
      left -= marks.length
      const { actors, lastCommit } = await store.load(partition, generation, marks)
      commits.push(lastCommit.id)
      const found = marks.flatMap((mark, i) => {
        const actor = actors[i]
        return actor === undefined ? [] : [{ ...mark, ...actor }]
      })
      groups.push({ generation, actors: found })
    }
    return { groups, commits }
  }
}

interface Read {
  readonly groups: readonly { readonly generation: number; readonly actors: readonly (MarkedActor & SavedActor)[] }[]
  readonly outbox: Outbox['entries']
}

const generationsOf = ({ owner }: Manifest): readonly number[] =>
  decodeOwnerState(owner)?.generations.map(({ number }) => number) ?? []

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Read at once: a millisecond or two. */
const actorsAtOnceMax = 512
/** Read while the next commit waits: some milliseconds. Up to sixteen times as many where these are never enough. */
const heldActorsMax = 2_048
const roundsMax = 200
/** Of the time, the store is read through for a quarter. */
const pauseShare = 3
const pauseMsMax = 1_000
