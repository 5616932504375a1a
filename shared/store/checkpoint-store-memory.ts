import type { ActorName } from '#shared/actor/actor-state'
import { invariant } from '#shared/domain/invariant'
import type {
  ActorEntry,
  ClaimResult,
  Commit,
  CommitResult,
  Manifest,
  MarkedActor,
  OutboxEntry,
  SavedActor,
  Stage,
} from '#shared/protocol/commit'
import {
  type AsOf,
  type CheckpointPages,
  type CheckpointStore,
  type MarkedActors,
  type Outbox,
  type SavedActors,
  type SavedPage,
  StoreUnavailable,
} from './checkpoint-store.ts'

/** Lives as long as the process. What the other stores are compared with, so it is as plain as can be. */
export class MemoryCheckpointStore implements CheckpointStore, CheckpointPages {
  readonly #partitions = new Map<number, Partition>()
  #isClosed = false

  async claim(partition: number, epoch: number): Promise<ClaimResult> {
    const state = this.#open(partition)
    if (epoch < state.epoch) return { kind: 'fenced', epoch: state.epoch }
    state.epoch = epoch
    for (const parts of state.staged.values())
      for (const [part, staged] of parts) if (staged.epoch !== epoch) parts.delete(part)
    return { kind: 'claimed', manifest: state.manifest }
  }

  async stage({ partition, epoch, id, part, actors }: Stage): Promise<'staged' | 'fenced'> {
    const state = this.#open(partition)
    if (epoch < state.epoch) return 'fenced'
    const parts = state.staged.get(id) ?? new Map<number, StagedPart>()
    state.staged.set(id, parts)
    if (!parts.has(part)) parts.set(part, { epoch, actors: actors.map(copyEntry) })
    return 'staged'
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const state = this.#open(commit.partition)
    if (commit.epoch < state.epoch) return 'fenced'
    if (state.manifest?.id === commit.id) return 'already'
    if (state.manifest?.id !== commit.previous) return 'conflict'
    const staged = state.staged.get(commit.id)
    const entries: ActorEntry[] = []
    for (let part = 0; part < commit.stagedParts; part++) {
      const actors = staged?.get(part)?.actors
      if (actors === undefined) return 'conflict'
      entries.push(...actors)
    }
    entries.push(...commit.actors.map(copyEntry))
    invariant(commit.manifest.id === commit.id, `the manifest of commit ${commit.id} names ${commit.manifest.id}`)
    const changed = changedActors(state.actors, entries)
    const outbox = nextOutbox(state.outbox, commit)

    for (const [name, actor] of changed) state.actors.set(name, actor)
    for (const generation of commit.droppedGenerations)
      for (const [name, actor] of state.actors) if (actor.generation === generation) state.actors.delete(name)
    state.outbox = outbox
    state.manifest = { ...commit.manifest, owner: commit.manifest.owner.slice() }
    state.staged.delete(commit.id)
    return 'ok'
  }

  async load(partition: number, generation: number, names: readonly ActorName[]): Promise<SavedActors> {
    const state = this.#open(partition)
    const actors = names.map(({ population, key }) => {
      const actor = state.actors.get(nameOf(generation, population, key))
      return actor && { base: actor.base, appended: actor.appended }
    })
    return { actors, ...asOf(state) }
  }

  async marked(partition: number, generation: number): Promise<MarkedActors> {
    const state = this.#open(partition)
    const actors = [...state.actors.values()]
      .filter(
        (actor) => actor.generation === generation && (actor.hasBook || actor.deadline !== Number.POSITIVE_INFINITY),
      )
      .map(({ population, key, deadline, hasBook }) => ({ population, key, deadline, hasBook }))
    return { actors, ...asOf(state) }
  }

  async outbox(partition: number): Promise<Outbox> {
    const state = this.#open(partition)
    return { entries: state.outbox, ...asOf(state) }
  }

  async page(partition: number, generation: number, cursor: string | undefined): Promise<SavedPage> {
    const state = this.#open(partition)
    // Within a generation actors only come, at the end.
    const all = [...state.actors.values()].filter((actor) => actor.generation === generation)
    const from = Number(cursor ?? 0)
    const upTo = from + pageActors
    const actors = all.slice(from, upTo).map(({ generation: _, ...actor }) => actor)
    return { actors, next: upTo < all.length ? `${upTo}` : undefined, ...asOf(state) }
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #open(partition: number): Partition {
    if (this.#isClosed) throw new StoreUnavailable('closed', 'the checkpoint store was closed')
    let state = this.#partitions.get(partition)
    if (state === undefined) {
      state = { epoch: Number.NEGATIVE_INFINITY, manifest: undefined, actors: new Map(), staged: new Map(), outbox: [] }
      this.#partitions.set(partition, state)
    }
    return state
  }
}

const pageActors = 100

interface Partition {
  epoch: number
  manifest: Manifest | undefined
  /** By generation, population and key. */
  readonly actors: Map<string, Actor>
  /** By id of the commit that they are parts of. */
  readonly staged: Map<string, Map<number, StagedPart>>
  outbox: readonly OutboxEntry[]
}

interface StagedPart {
  readonly epoch: number
  readonly actors: readonly ActorEntry[]
}

interface Actor extends SavedActor, MarkedActor {
  readonly generation: number
}

const asOf = ({ manifest }: Partition): AsOf => ({ lastCommit: { id: manifest?.id } })

const nameOf = (generation: number, population: number, key: string): string => `${generation} ${population} ${key}`

/** The caller may use its buffers again. */
const copyEntry = (entry: ActorEntry): ActorEntry => ({ ...entry, bytes: entry.bytes.slice() })

function changedActors(actors: ReadonlyMap<string, Actor>, entries: readonly ActorEntry[]): Map<string, Actor> {
  const changed = new Map<string, Actor>()
  for (const { generation, population, key, form, deadline, hasBook, bytes } of entries) {
    const name = nameOf(generation, population, key)
    const marks = { generation, population, key, deadline, hasBook }
    const before = changed.get(name) ?? actors.get(name)
    if (form === 'base') changed.set(name, { ...marks, base: bytes, appended: [] })
    else {
      invariant(before !== undefined, `there is no base that the entry of actor ${key} could follow`)
      changed.set(name, { ...marks, base: before.base, appended: [...before.appended, bytes] })
    }
  }
  return changed
}

function nextOutbox(outbox: readonly OutboxEntry[], commit: Commit): readonly OutboxEntry[] {
  const all = [...outbox, ...commit.outbox.map(({ number, bytes }) => ({ number, bytes: bytes.slice() }))]
  const rises = all.every(({ number }, i) => i === 0 || number > all[i - 1].number)
  invariant(rises, `the numbers of the outbox do not rise in commit ${commit.id}`)
  return all.filter(({ number }) => number > commit.deliveredUpTo)
}
