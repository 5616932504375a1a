import type { ActorName, PartitionState } from '#shared/actor/actor-state'
import type { AlertRevision, Decision, DecisionRevision } from '#shared/actor/alert'
import { Compaction } from '#shared/actor/compaction'
import { Engine } from '#shared/actor/engine'
import type { Outcome } from '#shared/actor/outcome'
import { usedFields } from '#shared/actor/used-fields'
import { StateCodec } from '#shared/checkpoint/state-codec'
import { EventBatch } from '#shared/domain/event-batch'
import { limits } from '#shared/domain/limits'
import type { Problem } from '#shared/domain/problem'
import type { Arena } from '#shared/memory/arena'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { AbsentDeadlines } from './absent-deadlines.ts'
import type { ActorEntry, MarkedActor, SavedActor } from './commit.ts'
import { GenerationTally, type TallyView } from './generation-tally.ts'
import { encodeRuleSetRecord, type RuleSetRecord } from './rule-set-record.ts'

/** Names the saved rule set among actors: no rule set has so many populations. */
export const ruleSetName: ActorName = { population: 0x7fffffff, key: 'rule set' }

/** Decodes records of the log; see `Codec` of the wire formats. */
export interface RowDecoder {
  decode(bytes: Uint8Array, start: number, end: number, batch: EventBatch, row: number): Problem | undefined
}

export interface GenerationOptions {
  /** Offset of the record that put the rule set in force. */
  readonly number: number
  readonly record: RuleSetRecord
  readonly ruleSet: RuleSet
  /** It judges events after this time, in ms of event time; −Infinity: all. */
  readonly from: number
  readonly arena: Arena
  readonly latenessMs: number
  readonly tenant: string
  readonly sha256Hex: (text: string) => string
  readonly decoder: RowDecoder
  /** As in `EngineOptions`. */
  readonly clock?: () => number
  readonly tell: {
    alert(revision: AlertRevision, generation: Generation): void
    decision(revision: DecisionRevision, generation: Generation): void
  }
}

/**
 * One rule set in force on a partition, with all its actors. A change of rules makes a new generation; the old one goes on judging what is
 * not newer than the change until the lateness has passed.
 *
 * G1 What it tells is about events after `from` and up to `upTo`; the same holds for absences, by their instant.
 * G2 An actor is in memory, or in the checkpoint as it left memory, or new.
 * G3 The rule set is saved with the first of its actors, under a name that no actor has: the log may lose the record that brought it.
 */
export class Generation {
  readonly number: number
  readonly ruleSet: RuleSet
  /** Falls to that of the set before when that one goes. */
  from: number
  /** Infinity: no other set has followed. */
  upTo = Number.POSITIVE_INFINITY
  readonly record: RuleSetRecord
  /** The set before, as long as it is in force. */
  previous: Generation | undefined
  readonly engine: Engine
  readonly batch: EventBatch
  readonly arena: Arena
  readonly compaction: Compaction
  readonly #decoder: RowDecoder
  readonly #codec: StateCodec
  readonly #tally: GenerationTally
  readonly #deadlines = new AbsentDeadlines()
  /** Whether any actor is outside memory. */
  #hasAbsent = false
  #isRecordSaved = false

  constructor(options: GenerationOptions) {
    const { number, record, ruleSet, from, decoder, tell } = options
    this.number = number
    this.ruleSet = ruleSet
    this.from = from
    this.record = record
    this.arena = options.arena
    this.#decoder = decoder
    this.#tally = new GenerationTally(ruleSet)
    this.engine = new Engine({
      ...options,
      hashKey: record.hashKey,
      isSorted: false,
      isDecidedWhenAsked: true,
      sink: {
        isTold: (at, rule) => this.covers(at) || this.#wasTold(at, rule),
        alert: (revision) => {
          if (!this.covers(revision.hit.at)) return
          this.#tally.alert(revision)
          tell.alert(revision, this)
        },
        decision: (revision) => {
          if (!this.covers(revision.at)) return
          this.#tally.decision(revision)
          tell.decision(revision, this)
        },
      },
    })
    this.engine.states.track()
    this.compaction = new Compaction(this.arena, this.engine.states.blockOwners)
    this.#codec = new StateCodec(this.engine.states)
    this.batch = new EventBatch(ruleSet.events, usedFields(ruleSet), 512)
  }

  /** Whether it judges events of this time. */
  covers(at: number): boolean {
    return at > this.from && at <= this.upTo
  }

  /** Whether a set before judges that time, with the very same rule: its alerts have the same ids. */
  #wasTold(at: number, rule: number): boolean {
    const { name, version } = this.ruleSet.rules[rule]
    let before = this.previous
    while (before !== undefined && !before.covers(at)) before = before.previous
    return before?.ruleSet.rules.some((each) => each.name === name && each.version === version) === true
  }

  /** Decodes a record into the batch. @returns what is wrong with it */
  decode(bytes: Uint8Array, start: number, end: number, offset: number, receivedAt: number): Problem | undefined {
    const problem = this.#decoder.decode(bytes, start, end, this.batch, offset)
    if (problem === undefined) this.batch.receivedAt[this.batch.length - 1] = receivedAt
    else this.#tally.undecodable(problem.reason)
    return problem
  }

  apply(row: number, isAsked: boolean): Outcome {
    return this.engine.apply(this.batch, row, isAsked)
  }

  /** What it found, for metrics. */
  get tally(): TallyView {
    return this.#tally.view(this.engine)
  }

  /** It comes into force: what it found on the way here was told by others. */
  clearTally(): void {
    this.#tally.clear(this.engine)
  }

  /** The decision that stands on a row's event, where somebody has asked for it. */
  decision(row: number): Decision | undefined {
    return this.engine.decision(this.batch, row)
  }

  /** Actors of the rows in the batch that may be outside memory. */
  missing(): readonly ActorName[] {
    return this.#hasAbsent ? this.engine.missing(this.batch, 0, this.batch.length) : []
  }

  /** The first actors outside memory that time alone changes up to `now`, some at a time, and how far time comes with them. */
  due(now: number): { readonly actors: readonly ActorName[]; readonly upTo: number } {
    return this.#deadlines.take(now, limits.actorsMovedAtOnceMax)
  }

  /** When time alone changes something, in memory or not. */
  get nextDeadline(): number {
    return Math.min(this.engine.nextDeadline, this.#deadlines.next)
  }

  /** Takes actors back that the checkpoint has. @param saved by name; undefined: it is new. Throws BadStateError. */
  load(names: readonly ActorName[], saved: readonly (SavedActor | undefined)[]): void {
    for (const [i, name] of names.entries()) {
      this.#deadlines.set(name, Number.POSITIVE_INFINITY)
      const actor = saved[i]
      if (actor === undefined || this.engine.states.isResident(name)) continue
      this.engine.states.load(this.#codec.decodeActor(actor.base, actor.appended))
      this.#tally.loaded++
    }
  }

  /** Of a partition that was saved: its actors come when they are needed. @returns those whose part of the alert book must come first */
  loadPartition(bytes: Uint8Array, marked: readonly MarkedActor[]): readonly ActorName[] {
    const state: PartitionState = this.#codec.decodePartition(bytes)
    this.engine.states.loadPartition(state)
    this.#hasAbsent = true
    for (const actor of marked)
      if (actor.deadline < Number.POSITIVE_INFINITY) this.#deadlines.set(actor, actor.deadline)
    return this.engine.states.isBookShared ? marked.filter(({ hasBook }) => hasBook) : []
  }

  loadBooks(saved: readonly (SavedActor | undefined)[]): void {
    for (const actor of saved)
      if (actor !== undefined) this.engine.states.loadBook(this.#codec.decodeActor(actor.base, actor.appended))
  }

  savePartition(): Uint8Array {
    return this.#codec.encodePartition(this.engine.states.savePartition())
  }

  /** Actors that have changed since they were saved. */
  changed(): readonly ActorName[] {
    const changed = this.engine.states.changed()
    return this.#isRecordSaved ? changed : [ruleSetName, ...changed]
  }

  /** The checkpoint has it. */
  recordIsSaved(): void {
    this.#isRecordSaved = true
  }

  save(actor: ActorName): ActorEntry {
    if (actor.population === ruleSetName.population) return this.#saveRecord()
    const { states } = this.engine
    const { population, key } = actor
    const isResident = states.isResident(actor)
    const isAppended = states.canAppend(actor)
    const deadline = isResident ? states.deadline(actor) : this.#deadlines.of(actor)
    const bytes = isAppended
      ? this.#codec.encodeAppended(states.saveAppended(actor))
      : this.#codec.encodeActor(states.save(actor))
    const hasBook = states.hasBook(actor)
    return {
      generation: this.number,
      population,
      key,
      form: isAppended ? 'appended' : 'base',
      deadline,
      hasBook,
      bytes,
    }
  }

  #saveRecord(): ActorEntry {
    this.#isRecordSaved = true
    const bytes = encodeRuleSetRecord(this.record)
    return { ...ruleSetName, ...{ generation: this.number, form: 'base', deadline: Infinity, hasBook: false, bytes } }
  }

  /** Up to so many actors leave memory. All changes must be committed. @returns how many did */
  passivate(count: number): number {
    const { states } = this.engine
    const cold = states.cold(count)
    for (const actor of cold) {
      const deadline = states.deadline(actor)
      if (deadline < Number.POSITIVE_INFINITY) this.#deadlines.set({ ...actor }, deadline)
      states.passivate(actor)
    }
    if (cold.length > 0) this.#hasAbsent = true
    this.#tally.passivated += cold.length
    return cold.length
  }
}
