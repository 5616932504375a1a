import type { ActorName } from '#shared/actor/actor-state'
import { hash52 } from '#shared/domain/hash52'
import { limits } from '#shared/domain/limits'
import type { ActorEntry, Commit, Manifest, OutboxEntry } from './commit.ts'
import type { Generation } from './generation.ts'
import type { OwnerBounds } from './owner-bounds.ts'
import type { OwnerCommand, ReadFromStore } from './owner-io.ts'
import { encodeOwnerState } from './owner-state.ts'

/** Where the partition stands when a checkpoint begins. Nothing is applied until it is gathered. */
export interface Standing {
  readonly position: number
  readonly tailDigest: number
  readonly movedAt: number
  readonly generations: readonly Generation[]
  /** On its way through the log: its actors are saved, and forgotten if it does not arrive. */
  readonly warming: Generation | undefined
  readonly droppedGenerations: readonly number[]
}

interface CheckpointingOptions {
  readonly partition: number
  readonly epoch: number
  /** Tells this owner from all others, also from those that its process had before. */
  readonly maker: string
  /** Id of the commit that the first one follows. */
  readonly previous: string | undefined
  /** Number of the first new outbox entry. */
  readonly nextEntry: number
  /** Entries that were committed and not delivered yet. */
  readonly undelivered: readonly OutboxEntry[]
  readonly bounds: OwnerBounds
}

/**
 * Makes commits: what changed since the last one, gathered in slices so that others have their turn, in parts so that none is large, and
 * committed as one. Also keeps the outbox until its entries are delivered.
 *
 * K1 One commit is under way at a time; it holds exactly what was applied up to its position.
 * K2 An entry is offered only after the commit that holds it, and in order.
 * K3 What is read from the store is as of one of this owner's commits, or of the one that it took over.
 */
export class Checkpointing {
  readonly #options: CheckpointingOptions
  #previous: string | undefined
  #standing: Standing | undefined
  /** Still to be saved for the commit being gathered. */
  #left: { readonly generation: Generation; readonly actors: readonly ActorName[] }[] = []
  /** Of the first of these: how many are saved. */
  #saved = 0
  #entries: ActorEntry[] = []
  #entryBytes = 0
  #parts = 0
  #isStaging = false
  #inFlight: Commit | undefined
  #commits = 0
  /** Commits that the store may have as its last while something is read from it; empty: nothing is. */
  #ownIds: (string | undefined)[] = []
  #nextEntry: number
  #outboxBytes: number
  /** Not committed yet, committed and not delivered. */
  #fresh: OutboxEntry[] = []
  #undelivered: OutboxEntry[]
  #deliveredUpTo = 0
  #committedDeliveredUpTo = 0
  #offeredUpTo: number | undefined

  constructor(options: CheckpointingOptions) {
    this.#options = options
    this.#previous = options.previous
    this.#nextEntry = options.nextEntry
    this.#undelivered = [...options.undelivered]
    this.#outboxBytes = this.#undelivered.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** Whether a checkpoint is being gathered: nothing may be applied until it is. */
  get isGathering(): boolean {
    return this.#standing !== undefined
  }

  get isUnderWay(): boolean {
    return this.#standing !== undefined || this.#inFlight !== undefined
  }

  /** Entries that wait for a commit or for delivery. */
  get outboxLength(): number {
    return this.#fresh.length + (this.#inFlight?.outbox.length ?? 0) + this.#undelivered.length
  }

  /** Whether no more entries should come before some are delivered. */
  get isFull(): boolean {
    return this.outboxLength >= this.#options.bounds.outboxEntriesMax || this.#outboxBytes >= limits.outboxBytesMax
  }

  /** Whether there is something to commit although nothing was applied. */
  get isDirty(): boolean {
    return this.#fresh.length > 0 || this.#deliveredUpTo > this.#committedDeliveredUpTo
  }

  /** Actors are asked for. What was committed until now holds all those that have left memory. */
  beginReading(): void {
    this.#ownIds = this.#inFlight === undefined ? [this.#previous] : [this.#previous, this.#inFlight.id]
  }

  /** They have come. @returns whether the store was as this owner had left it when it was read */
  endReading({ lastCommit }: ReadFromStore): boolean {
    const ownIds = this.#ownIds
    this.#ownIds = []
    return lastCommit === undefined || ownIds.includes(lastCommit.id)
  }

  addEntry(bytes: Uint8Array): void {
    this.#fresh.push({ number: this.#nextEntry++, bytes })
    this.#outboxBytes += bytes.length
  }

  /** Begins a checkpoint. */
  begin(standing: Standing): OwnerCommand[] {
    this.#standing = standing
    const all = standing.warming === undefined ? standing.generations : [...standing.generations, standing.warming]
    this.#left = all.map((generation) => ({ generation, actors: generation.changed() }))
    this.#saved = 0
    this.#parts = 0
    this.#commits++
    return this.gather()
  }

  /** Saves the next slice; called again after each turn or staged part, until `isGathering` ends. */
  gather(): OwnerCommand[] {
    if (this.#standing === undefined || this.#isStaging) return []
    const { bounds } = this.#options
    for (let slice = 0; slice < bounds.savedActorsPerSlice; slice++) {
      const first = this.#left[0]
      if (first === undefined) return [this.#finish(this.#standing)]
      if (this.#saved < first.actors.length) this.#add(first.generation.save(first.actors[this.#saved++]))
      else {
        this.#left.shift()
        this.#saved = 0
      }
      if (this.#entryBytes >= bounds.commitPartBytesMax) return [this.#stage()]
    }
    return [{ kind: 'later' }]
  }

  staged(): OwnerCommand[] {
    this.#isStaging = false
    return this.gather()
  }

  /** The commit in flight has taken effect. */
  committed(): OwnerCommand[] {
    this.#previous = this.#inFlight?.id
    for (const entry of this.#inFlight?.outbox ?? []) this.#undelivered.push(entry)
    this.#committedDeliveredUpTo = this.#inFlight?.deliveredUpTo ?? 0
    this.#inFlight = undefined
    return this.offer()
  }

  /** The next entries to deliver, unless some are on their way. */
  offer(): OwnerCommand[] {
    if (this.#offeredUpTo !== undefined || this.#undelivered.length === 0) return []
    const { offeredEntriesMax } = this.#options.bounds
    let count = 0
    let bytes = 0
    while (count < this.#undelivered.length && count < offeredEntriesMax && bytes < limits.offeredBytesMax)
      bytes += this.#undelivered[count++].bytes.length
    const entries = this.#undelivered.slice(0, count)
    this.#offeredUpTo = entries[entries.length - 1].number
    return [{ kind: 'offer', entries }]
  }

  offered(upTo: number): OwnerCommand[] {
    this.#offeredUpTo = undefined
    this.#deliveredUpTo = upTo
    this.#undelivered = this.#undelivered.filter(({ number, bytes }) => {
      if (number > upTo) return true
      this.#outboxBytes -= bytes.length
      return false
    })
    return this.offer()
  }

  #add(entry: ActorEntry): void {
    this.#entries.push(entry)
    this.#entryBytes += entry.bytes.length + entry.key.length
  }

  #stage(): OwnerCommand {
    const { partition, epoch } = this.#options
    this.#isStaging = true
    const stage = { partition, epoch, id: this.#id(), actors: this.#takeEntries(), part: this.#parts++ }
    return { kind: 'stage', stage }
  }

  #finish(standing: Standing): OwnerCommand {
    const { partition, epoch } = this.#options
    const { position, tailDigest, movedAt, generations, droppedGenerations } = standing
    const id = this.#id()
    const states = generations.map((generation) => ({
      number: generation.number,
      from: generation.from,
      upTo: generation.upTo,
      partition: generation.savePartition(),
    }))
    const owner = encodeOwnerState({ generations: states, nextEntry: this.#nextEntry, movedAt })
    const manifest: Manifest = { id, position, tailDigest, owner }
    const commit: Commit = {
      partition,
      epoch,
      id,
      actors: this.#takeEntries(),
      previous: this.#previous,
      manifest,
      stagedParts: this.#parts,
      outbox: this.#fresh,
      deliveredUpTo: this.#deliveredUpTo,
      droppedGenerations,
    }
    this.#fresh = []
    this.#standing = undefined
    this.#inFlight = commit
    if (this.#ownIds.length > 0) this.#ownIds.push(id)
    return { kind: 'commit', commit }
  }

  #takeEntries(): readonly ActorEntry[] {
    const entries = this.#entries
    this.#entries = []
    this.#entryBytes = 0
    return entries
  }

  /**
   * Unique. An owner has its epoch alone, unless the log loses a claim and another comes to its place: then a commit of the later owner,
   * or a part of it, would be taken for that of the former, and be lost. So it also says who makes it.
   */
  #id(): string {
    const { epoch, maker } = this.#options
    return `${epoch}-${this.#commits}-${hash52(maker, 0).toString(36)}`
  }
}
