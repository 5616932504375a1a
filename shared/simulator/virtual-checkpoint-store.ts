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

interface Actor extends SavedActor, MarkedActor {
  readonly generation: number
}

/** All that a store holds of the partition. Never changed, so that the store can go back to it. */
export interface StoreState {
  readonly epoch: number
  readonly manifest: Manifest | undefined
  /** By generation, population and key. */
  readonly actors: ReadonlyMap<string, Actor>
  readonly staged: readonly Stage[]
  readonly outbox: readonly OutboxEntry[]
}

const nothing: StoreState = {
  epoch: Number.NEGATIVE_INFINITY,
  manifest: undefined,
  actors: new Map(),
  staged: [],
  outbox: [],
}

/**
 * Checkpoints of one partition, as the port `checkpoint-store.ts` has them (C1 to C4), but for time: an answer is there at once, and the
 * network of the simulation makes it late. Each check is a method, so that a mutation can leave it out.
 */
export class VirtualCheckpointStore {
  protected state = nothing
  /** Latest last; what a rollback may go back to. */
  #history: StoreState[] = []

  get position(): number {
    return this.state.manifest?.position ?? 0
  }

  get epoch(): number {
    return this.state.epoch
  }

  /** The lowest position that it can be rolled back to. */
  get oldestPosition(): number {
    return Math.min(this.position, ...this.#history.map(({ manifest }) => manifest?.position ?? 0))
  }

  get lastCommit(): { readonly id: string | undefined } {
    return { id: this.state.manifest?.id }
  }

  get current(): StoreState {
    return this.state
  }

  get outbox(): readonly OutboxEntry[] {
    return this.state.outbox
  }

  claim(epoch: number): ClaimResult {
    const { state } = this
    if (epoch < state.epoch) return { kind: 'fenced', epoch: state.epoch }
    this.become({ ...state, epoch: this.raised(epoch), staged: state.staged.filter((part) => part.epoch === epoch) })
    return { kind: 'claimed', manifest: state.manifest }
  }

  stage(stage: Stage): 'staged' | 'fenced' {
    if (this.isFenced(stage.epoch)) return 'fenced'
    const isThere = this.state.staged.some(({ id, part }) => id === stage.id && part === stage.part)
    const copy = { ...stage, actors: stage.actors.map(copyOf) }
    if (!isThere) this.become({ ...this.state, staged: [...this.state.staged, copy] })
    return 'staged'
  }

  commit(commit: Commit): CommitResult {
    if (this.isFenced(commit.epoch)) return 'fenced'
    if (this.isRepeat(commit)) return 'already'
    // Without a claim the partition was lost with all its fences.
    if (this.state.epoch === Number.NEGATIVE_INFINITY) return 'conflict'
    if (!this.follows(commit)) return 'conflict'
    const parts = this.state.staged.filter(({ id }) => id === commit.id)
    parts.sort((a, b) => a.part - b.part)
    if (!this.isComplete(parts, commit)) return 'conflict'
    const entries = [...parts.flatMap(({ actors }) => actors), ...commit.actors.map(copyOf)]
    this.become({
      epoch: this.state.epoch,
      manifest: { ...commit.manifest, owner: commit.manifest.owner.slice() },
      actors: changedActors(this.state.actors, entries, commit.droppedGenerations),
      staged: this.state.staged.filter(({ id }) => id !== commit.id),
      outbox: nextOutbox(this.state.outbox, commit),
    })
    return 'ok'
  }

  load(generation: number, names: readonly ActorName[]): readonly (SavedActor | undefined)[] {
    return names.map(({ population, key }) => {
      const actor = this.state.actors.get(nameOf(generation, population, key))
      return actor && { base: actor.base, appended: actor.appended }
    })
  }

  marked(generation: number): readonly MarkedActor[] {
    return [...this.state.actors.values()]
      .filter((actor) => actor.generation === generation && (actor.hasBook || actor.deadline !== Infinity))
      .map(({ population, key, deadline, hasBook }) => ({ population, key, deadline, hasBook }))
  }

  /** Goes back to an earlier state. @param share 0: the one just before, 1: the oldest that is known */
  rollBack(share: number): void {
    if (this.#history.length === 0) return
    const index = Math.floor((1 - share) * (this.#history.length - 1))
    this.state = this.#history[index]
    this.#history = this.#history.slice(0, index)
  }

  /** All that a snapshot had comes into it, as commits that follow `previous` would bring it. What was there goes. */
  replace({
    epoch,
    previous,
    state,
  }: {
    readonly epoch: number
    readonly previous: string | undefined
    readonly state: StoreState
  }): 'ok' | 'fenced' | 'conflict' {
    if (epoch < this.state.epoch) return 'fenced'
    const before = this.state.manifest?.id
    if (before !== undefined && before === state.manifest?.id) return 'ok'
    if (this.state.epoch === Number.NEGATIVE_INFINITY || before !== previous) return 'conflict'
    this.become({ ...state, epoch: this.state.epoch, staged: [] })
    return 'ok'
  }

  /** Somebody has removed the checkpoints, or they were lost. */
  clear(): void {
    this.state = nothing
    this.#history = []
  }

  protected become(next: StoreState): void {
    this.#history.push(this.state)
    if (this.#history.length > historyMax) this.#history.shift()
    this.state = next
  }

  protected raised(epoch: number): number {
    return epoch
  }

  protected isFenced(epoch: number): boolean {
    return epoch < this.state.epoch
  }

  protected isRepeat(commit: Commit): boolean {
    return this.state.manifest?.id === commit.id
  }

  protected follows(commit: Commit): boolean {
    return this.state.manifest?.id === commit.previous
  }

  protected isComplete(parts: readonly Stage[], commit: Commit): boolean {
    return parts.length === commit.stagedParts
  }
}

/** States that it can be rolled back to. */
const historyMax = 12

/** Whoever sent it may use its buffers again. */
const copyOf = <T extends { readonly bytes: Uint8Array }>(entry: T): T => ({ ...entry, bytes: entry.bytes.slice() })

const nameOf = (generation: number, population: number, key: string): string => `${generation} ${population} ${key}`

function changedActors(
  actors: ReadonlyMap<string, Actor>,
  entries: readonly ActorEntry[],
  droppedGenerations: readonly number[],
): ReadonlyMap<string, Actor> {
  const changed = new Map(actors)
  for (const { generation, population, key, form, deadline, hasBook, bytes } of entries) {
    const name = nameOf(generation, population, key)
    const marks = { generation, population, key, deadline, hasBook }
    const before = changed.get(name)
    if (form === 'base') changed.set(name, { ...marks, base: bytes, appended: [] })
    else {
      invariant(before !== undefined, `there is no base that the entry of actor ${key} could follow`)
      changed.set(name, { ...marks, base: before.base, appended: [...before.appended, bytes] })
    }
  }
  for (const [name, { generation }] of changed) if (droppedGenerations.includes(generation)) changed.delete(name)
  return changed
}

function nextOutbox(outbox: readonly OutboxEntry[], commit: Commit): readonly OutboxEntry[] {
  const all = [...outbox, ...commit.outbox.map(copyOf)]
  const rises = all.every(({ number }, i) => i === 0 || number > all[i - 1].number)
  invariant(rises, `the numbers of the outbox do not rise in commit ${commit.id}`)
  return all.filter(({ number }) => number > commit.deliveredUpTo)
}
