import type { EventSchema } from '#shared/domain/event-schema'
import { invariant } from '#shared/domain/invariant'
import type { ActorName, ActorState, AppendedState, BookState, PartitionState } from './actor-state.ts'
import { BadStateError } from './bad-state.ts'
import type { BookStates } from './book-states.ts'
import type { BlockOwner } from './compaction.ts'
import type { ActorRef } from './hit.ts'
import type { Population } from './population.ts'
import type { RecordShape } from './record-rows.ts'

interface EngineStatesOptions {
  readonly events: EventSchema
  readonly populations: readonly (Population | undefined)[]
  readonly book: BookStates
  readonly clock: { now: number }
  readonly ruleCounts: readonly { faults: number; refused: number }[]
  readonly fingerprint: string
}

/**
 * An engine's state as data, actor by actor, and back. Used between events, never while one is being applied.
 *
 * S5 An engine that loaded the partition and all actors tells from there on what the saved one would have told.
 * S6 Where an event can reach two actors, the whole alert book stays in memory (`loadBook` of every actor comes before the first event;
 *    histories may follow when they are needed): going back, an actor may add to an entry that it had no part in. Elsewhere the actor's
 *    part of the book leaves memory with its history.
 */
export class EngineStates {
  /** What saved states depend on, see `planFingerprint`. */
  readonly fingerprint: string
  /** By population: what its records hold; undefined where a key has no actors. */
  readonly shapes: readonly (RecordShape | undefined)[]
  readonly #options: EngineStatesOptions
  readonly #isBookShared: boolean
  /** Actors whose part of the book is in memory while their history is not. */
  readonly #bookLoaded = new Set<ActorRef>()
  #isTracking = false

  constructor(options: EngineStatesOptions) {
    this.#options = options
    this.fingerprint = options.fingerprint
    this.shapes = options.populations.map((population) => population?.states.shape)
    this.#isBookShared = options.events.types.some(
      ({ keys }) =>
        keys.filter(({ key }) => options.populations[key] !== undefined).flatMap(({ fields }) => fields).length > 1,
    )
  }

  /** Those who have blocks in the arena. */
  get blockOwners(): readonly BlockOwner[] {
    return this.#options.populations.flatMap((population) => population?.states ?? [])
  }

  /** From now on it is known what changed. Before the first event only: without it all states are saved whole. */
  track(): void {
    this.#isTracking = true
    this.#options.book.track()
    for (const population of this.#options.populations) population?.states.track()
  }

  /** Actors that changed since each was saved last. */
  changed(): readonly ActorName[] {
    const actors = this.#options.populations.flatMap((population) => population?.states.touched() ?? [])
    for (const actor of this.#options.book.changedActors())
      if (!this.#population(actor).states.isTouched(actor.key)) actors.push(actor)
    return actors
  }

  /** Whether `saveAppended` can follow what was saved; otherwise the actor must be saved whole. */
  canAppend(actor: ActorName): boolean {
    const { states } = this.#population(actor)
    return this.#isTracking && (!states.isResident(actor.key) || states.canAppend(actor.key))
  }

  /** Up to so many actors in memory that may leave it: saved as they are, and not touched for longest, about. */
  cold(count: number): readonly ActorName[] {
    const found: ActorName[] = []
    for (const population of this.#options.populations) {
      if (population === undefined || found.length >= count) continue
      for (const actor of population.states.cold(count - found.length))
        if (!this.#isBookChanged(actor)) found.push(actor)
    }
    return found
  }

  /** Whether an event can reach two actors: then the whole alert book must stay in memory (S6). */
  get isBookShared(): boolean {
    return this.#isBookShared
  }

  /** When time alone will change an actor in memory, in ms of event time; Infinity: never. */
  deadline(actor: ActorName): number {
    return this.#population(actor).states.deadline(actor.key)
  }

  /** Whether the alert book has anything of the actor. */
  hasBook(actor: ActorName): boolean {
    const ref = this.#population(actor).states.knownRef(actor.key)
    return ref !== undefined && this.#options.book.knows(ref)
  }

  isResident(actor: ActorName): boolean {
    return this.#population(actor).states.isResident(actor.key)
  }

  /** The whole actor, which must be in memory. The history's rows are valid until the next actor of its population is saved. */
  save(actor: ActorName): ActorState {
    const { states } = this.#population(actor)
    const { population, key } = actor
    invariant(states.isResident(key), 'only what is in memory can be saved')
    const ref = states.knownRef(key)
    const book = ref === undefined ? emptyBook : this.#options.book.save(ref)
    return { population, key, history: states.save(key), book }
  }

  /** What is new since the last save. Only where `canAppend`. */
  saveAppended(actor: ActorName): AppendedState {
    invariant(this.canAppend(actor), 'records are appended to a base that holds all before them')
    const { states } = this.#population(actor)
    const { population, key } = actor
    const ref = states.knownRef(key)
    const book = ref === undefined ? undefined : this.#options.book.saveAppended(ref)
    return { population, key, history: states.isTouched(key) ? states.saveAppended(key) : undefined, book }
  }

  /**
   * Brings an actor back that is not in memory. Its part of the book is passed over where the book has it.
   * Throws BadStateError; ArenaFullError where there is no room: passivate others and repeat.
   */
  load(state: ActorState): void {
    this.loadBook(state)
    const { states } = this.#population(state)
    const ref = states.ref(state.key)
    states.load(state.key, state.history)
    invariant(states.ref(state.key) === ref, 'an actor is one object')
    this.#bookLoaded.delete(ref)
  }

  /** Brings back the actor's part of the book alone. */
  loadBook(state: ActorState): void {
    const { states } = this.#population(state)
    invariant(!states.isResident(state.key), 'an actor is in memory once')
    const ref = states.ref(state.key)
    if (this.#bookLoaded.has(ref)) return
    this.#options.book.load(ref, state.book, (name) => this.#population(name).states.ref(name.key))
    this.#bookLoaded.add(ref)
  }

  /**
   * The actor leaves memory, down to its part of the book where that cannot (S6). Its slot may be given to another key. It must be
   * saved before, and loaded again before the next event of its key is applied and before time reaches its `deadline`.
   */
  passivate(actor: ActorName): void {
    const { states } = this.#population(actor)
    const { book } = this.#options
    const ref = states.ref(actor.key)
    invariant(!states.isTouched(actor.key) && !book.isChanged(ref), 'an actor is saved before it leaves memory')
    if (!this.#isBookShared) book.release(ref)
    else this.#bookLoaded.add(ref)
    states.passivate(actor.key, this.#isBookShared)
  }

  savePartition(): PartitionState {
    const { clock, ruleCounts, populations } = this.#options
    return {
      now: clock.now,
      ruleCounts: ruleCounts.map(({ faults, refused }) => ({ faults, refused })),
      truncatedRecords: populations.map((population) => population?.truncatedRecords ?? 0),
    }
  }

  /** Throws BadStateError, and nothing has changed. */
  loadPartition({ now, ruleCounts, truncatedRecords }: PartitionState): void {
    const { clock, populations } = this.#options
    if (ruleCounts.length !== this.#options.ruleCounts.length || truncatedRecords.length !== populations.length)
      throw new BadStateError('content', 'counts of other rules or keys')
    clock.now = now
    for (const [rule, counts] of this.#options.ruleCounts.entries()) Object.assign(counts, ruleCounts[rule])
    for (const [key, population] of populations.entries())
      if (population !== undefined) population.truncatedRecords = truncatedRecords[key]
  }

  #isBookChanged(actor: ActorName): boolean {
    const ref = this.#population(actor).states.knownRef(actor.key)
    return ref !== undefined && this.#options.book.isChanged(ref)
  }

  #population({ population }: ActorName): Population {
    const found = this.#options.populations[population]
    if (found === undefined) throw new BadStateError('content', `no actors are kept by key ${population}`)
    return found
  }
}

const emptyBook: BookState = { entries: [], lastAlerts: [] }
