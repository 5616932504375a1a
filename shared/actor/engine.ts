import type { EventBatch } from '#shared/domain/event-batch'
import { planPopulation } from '#shared/features/plan-population'
import type { Arena } from '#shared/memory/arena'
import type { RuleSet, Scenario } from '#shared/rule-language/rule-set'
import type { ActorName } from './actor-state.ts'
import type { Decision } from './alert.ts'
import { AlertBook, type AlertSink } from './alert-book.ts'
import { EngineStates } from './engine-states.ts'
import { keptBy } from './entry.ts'
import { EventView } from './event-view.ts'
import type { ActorRef, Hit, HitSink } from './hit.ts'
import type { Outcome } from './outcome.ts'
import { planFingerprint } from './plan-fingerprint.ts'
import { Population, prefetchMax } from './population.ts'
import { RuleTally } from './rule-tally.ts'

export interface EngineOptions {
  readonly ruleSet: RuleSet
  readonly arena: Arena
  readonly latenessMs: number
  /** Events come in order of (at, id): nothing is kept for going back. */
  readonly isSorted: boolean
  readonly sink: AlertSink
  /** Every tenant has its own engine; its name is part of every id. */
  readonly tenant: string
  /** Key of the hashes of texts; part of the rule set's record. */
  readonly hashKey: number
  readonly sha256Hex: (text: string) => string
  /** Decisions are told of those events only that are applied with `isAsked`; otherwise of all that a rule of a scenario sees. */
  readonly isDecidedWhenAsked?: boolean
  /** Called with a rule's features for every event that it sees, also when judged again. */
  readonly onFeatures?: NonNullable<HitSink['features']>
  /** To measure what rules take, for metrics alone: milliseconds from any origin, with parts. Without it nothing is measured. */
  readonly clock?: () => number
}

/** What was counted by rule, beside alerts. */
export interface RuleCounts {
  faults: number
  /** Runs not opened, events not held, matches not held back, by a bound. */
  refused: number
}

/**
 * All actors of one partition: each event goes to the actors of its keys, what they find is joined by event, and alerts follow.
 * Deterministic: the same events in the same order give the same calls of the sink.
 */
export class Engine {
  /** Highest event time so far; what time alone sets off has happened up to here. */
  now = Number.NEGATIVE_INFINITY
  readonly ruleCounts: readonly RuleCounts[]
  /** Since the start, and not saved. */
  readonly tally: RuleTally
  /** To save actors and load them. */
  readonly states: EngineStates
  readonly #options: EngineOptions
  readonly #view = new EventView()
  readonly #book: AlertBook
  readonly #nextKeys: string[] = []
  readonly #nextPlaces = new Int32Array(prefetchMax)
  readonly #nextSlots = new Int32Array(prefetchMax)
  /** Rows that were read ahead, in the order in which they will be applied, with the slots of their home actors. */
  readonly #ahead = {
    rows: new Int32Array(prefetchMax),
    slots: new Int32Array(prefetchMax).fill(-1),
    length: 0,
    next: 0,
  }
  /** Whether every event that a rule of a scenario sees gets a decision. */
  readonly #decidesAll: boolean
  readonly #joint: ReadonlySet<number>
  /** Hits of conditions that were found at the event that is being applied. */
  readonly #found = new Set<Hit>()
  /** Actors that the event which is being applied came to, as far as they keep something in the book that lies behind. */
  readonly #onward: ActorRef[] = []
  /** Kept so that reading ahead has a visible result. */
  prefetched = 0
  readonly #populations: readonly (Population | undefined)[]

  constructor(options: EngineOptions) {
    const { ruleSet } = options
    this.#options = options
    const oldestPlace = ({ population, key }: ActorRef): number =>
      this.#populations[population]?.oldestPlace(key) ?? Number.NEGATIVE_INFINITY
    const newestAt = ({ population, key }: ActorRef): number =>
      this.#populations[population]?.newestAt(key) ?? Number.POSITIVE_INFINITY
    this.#book = new AlertBook({ ...options, oldestPlace, newestAt })
    this.#decidesAll = options.sink.decision !== undefined && options.isDecidedWhenAsked !== true
    this.#joint = options.isSorted ? new Set() : jointScenarios(ruleSet)
    this.ruleCounts = ruleSet.rules.map(() => ({ faults: 0, refused: 0 }))
    this.tally = new RuleTally(ruleSet.rules.length, options.clock)
    const homes = new Set(ruleSet.events.types.map(({ keys }) => keys[0].key))
    const sink = this.#hitSink()
    this.#populations = ruleSet.events.keys.map((_, key) => {
      const rules = ruleSet.rules.flatMap((rule, index) => (rule.by === key ? [{ index, rule }] : []))
      if (rules.length === 0 && !homes.has(key)) return undefined
      const types = ruleSet.events.types.flatMap(({ keys }, type) => (keys.some((k) => k.key === key) ? [type] : []))
      const plan = planPopulation({ events: ruleSet.events, key, types, rules: rules.map(({ rule }) => rule) })
      return new Population({
        ...options,
        followsFlink: false,
        key,
        plan,
        rules,
        view: this.#view,
        sink,
        tally: this.tally,
        lists: ruleSet.lists,
        isSeenFor: (scenario) => this.#decidesAll || this.#joint.has(scenario),
      })
    })
    this.states = new EngineStates({
      events: ruleSet.events,
      populations: this.#populations,
      book: this.#book.states,
      clock: this,
      ruleCounts: this.ruleCounts,
      fingerprint: planFingerprint({ ...options, populations: this.#populations }),
    })
  }

  /** Time of the oldest event whose alerts may still be withdrawn by what comes in order; Infinity: none. */
  get oldestUnsettledAt(): number {
    return this.#book.oldestHeldAt
  }

  /** Actors of all keys. */
  get actors(): number {
    return this.#populations.reduce((sum, population) => sum + (population?.size ?? 0), 0)
  }

  /** Events that could not stay in an account's windows as its history had reached its bound. */
  get truncatedRecords(): number {
    return this.#populations.reduce((sum, population) => sum + (population?.truncatedRecords ?? 0), 0)
  }

  /**
   * Applies one event of a batch to all its actors, which must be in memory. The outcome is that of its home actor: a repeat or
   * conflict there is none anywhere; an event that is late there is still taken by actors for which it is not.
   * @param isAsked its decision is to be told; that of a repeat where what was found for it is still known
   */
  apply(batch: EventBatch, row: number, isAsked = false): Outcome {
    const view = this.#view
    view.batch = batch
    view.row = row
    const digest = batch.digest[row]
    const { keys } = batch.schema.types[batch.type[row]]
    const home = this.#populations[keys[0].key]
    view.key = keyValue(batch, keys[0].fields[0], row) ?? ''
    const outcome = home?.check(digest, this.#slotAhead(row)) ?? 'applied'
    if (outcome === 'duplicate' && isAsked && this.#book.askAgain(batch.at[row], batch.id[row])) this.#book.settle()
    if (outcome === 'duplicate' || outcome === 'conflict') return outcome
    this.tally.begin()
    this.advance(batch.at[row])
    if (outcome === 'applied') home?.put(digest, this.now)
    for (let k = 0; k < keys.length; k++) {
      const { key, fields } = keys[k]
      const population = this.#populations[key]
      if (population === undefined) continue
      for (let f = k === 0 ? 1 : 0; f < fields.length; f++) {
        const value = keyValue(batch, fields[f], row)
        if (value === undefined || isRepeated(batch, fields, f, row, value)) continue
        view.key = value
        if (population.check(digest, -1) === 'applied') population.put(digest, this.now)
      }
    }
    const homeKey = keyValue(batch, keys[0].fields[0], row) ?? ''
    const actor = isAsked && outcome === 'applied' ? home?.actor(homeKey) : undefined
    if (actor !== undefined) this.#book.ask(actor, batch.at[row], batch.id[row])
    this.#book.settle()
    // Only now: what the event has changed is told.
    for (const actor of this.#onward) this.#book.prune(actor)
    this.#onward.length = 0
    if (this.#found.size > 0) this.#found.clear()
    this.tally.end()
    return outcome
  }

  /** The decision that stands on the event of a row, where somebody has asked for it and what was found is still known. */
  decision(batch: EventBatch, row: number): Decision | undefined {
    return this.#book.decision(batch.at[row], batch.id[row])
  }

  /**
   * Ids of the events that the condition of a hit looked at, its own last; while it is being told. A hit that counts only now, because of what
   * others found, was found long ago: its actor need not be in memory, so its own event is all.
   */
  cited(hit: Hit): readonly string[] {
    const population = this.#populations[hit.actor.population]
    if (population !== undefined && this.#found.has(hit)) return population.cited(hit)
    return hit.eventId === undefined ? [] : [hit.eventId]
  }

  /** Actors of rows [from, to) of a batch that are not in memory, each once. They may be new. */
  missing(batch: EventBatch, from: number, to: number): readonly ActorName[] {
    const found = new Map<string, ActorName>()
    for (let row = from; row < to; row++) {
      for (const { key, fields } of batch.schema.types[batch.type[row]].keys) {
        const population = this.#populations[key]
        if (population === undefined) continue
        for (const field of fields) {
          const value = keyValue(batch, field, row)
          if (value !== undefined && !population.states.isResident(value))
            found.set(`${key} ${value}`, { population: key, key: value })
        }
      }
    }
    return [...found.values()]
  }

  /** The earliest instant at which time alone changes an actor in memory; Infinity: never. */
  get nextDeadline(): number {
    let next = Number.POSITIVE_INFINITY
    for (const population of this.#populations)
      if (population !== undefined) next = Math.min(next, population.nextDeadline)
    return next
  }

  /**
   * Reads ahead what the next rows will touch at their home actors, up to `prefetchMax` of them. Changes nothing; saves a third of
   * the time where accounts are too many for the caches.
   * @param order rows in the order in which they will be applied; undefined: as they stand
   */
  prefetch(batch: EventBatch, order: Uint32Array | undefined, from: number): void {
    const to = Math.min(batch.length, from + prefetchMax)
    this.#ahead.next = 0
    this.#ahead.length = to - from
    for (const [key, population] of this.#populations.entries()) {
      if (population === undefined) continue
      let count = 0
      for (let i = from; i < to; i++) {
        const row = order === undefined ? i : order[i]
        this.#ahead.rows[i - from] = row
        const home = batch.schema.types[batch.type[row]].keys[0]
        if (home.key !== key) continue
        this.#nextKeys[count] = keyValue(batch, home.fields[0], row) ?? ''
        this.#nextPlaces[count++] = i - from
      }
      if (count === 0) continue
      this.prefetched += population.prefetch(this.#nextKeys, count, this.#nextSlots)
      for (let i = 0; i < count; i++) this.#ahead.slots[this.#nextPlaces[i]] = this.#nextSlots[i]
    }
  }

  /** The slot of a row's home actor where it was read ahead; −1: it was not. */
  #slotAhead(row: number): number {
    const { rows, slots, length, next } = this.#ahead
    if (next >= length || rows[next] !== row) return -1
    this.#ahead.next++
    return slots[next]
  }

  /** Time moves on to `now`; it never goes back. */
  advance(now: number): void {
    if (now <= this.now) return
    this.now = now
    let isMoved = false
    for (const population of this.#populations) {
      if (population === undefined || population.nextDeadline > now) continue
      population.advance(now)
      isMoved = true
    }
    if (isMoved) this.#book.settle()
  }

  #hitSink(): HitSink {
    const { onFeatures, latenessMs } = this.#options
    const decidesAll = this.#decidesAll
    const wantsSeen = decidesAll || this.#joint.size > 0
    const book = this.#book
    const { tally } = this
    return {
      cameOn: (actor: ActorRef, at: number) => {
        if (keptBy(actor)[0].at <= at - latenessMs) this.#onward.push(actor)
      },
      hit: (hit: Hit) => {
        tally.hits[hit.rule]++
        if (hit.steps === undefined) this.#found.add(hit)
        book.add(hit)
      },
      held: (hit: Hit, number: number) => {
        tally.hits[hit.rule]++
        book.addHeld(hit, number)
      },
      settled: (settlement) => book.settleHeld(settlement),
      rewound: (actor, place, at) => book.rewind(actor, place, at),
      faulted: (rule, reason) => {
        this.ruleCounts[rule].faults++
        tally.faulted(rule, reason)
      },
      refused: (rule, _what, count) => {
        this.ruleCounts[rule].refused += count
      },
      ...(wantsSeen ? { seen: (actor: ActorRef, at: number, id: string) => book.seen(actor, at, id, decidesAll) } : {}),
      ...(onFeatures === undefined ? {} : { features: onFeatures }),
    }
  }
}

/**
 * Scenarios in which a hit may need those of another actor to become an alert. An event that their rules see is kept as long as any of
 * its actors may go back to it, hit or not: one may find something there when the others have forgotten what they found.
 */
function jointScenarios({ scenarios, rules, events }: RuleSet): ReadonlySet<number> {
  const reachesSeveral = (key: number): boolean =>
    events.types.some(({ keys }) => keys.some((k) => k.key === key && k.fields.length > 1))
  const isJoint = (scenario: Scenario): boolean => {
    const members = scenario.rules.map((rule) => rules[rule])
    const keys = new Set(members.map(({ by }) => by))
    const isShared = keys.size > 1 || [...keys].some(reachesSeveral)
    return isShared && members.some(({ score }) => score < scenario.alertThreshold)
  }
  return new Set(scenarios.flatMap((scenario, i) => (isJoint(scenario) ? [i] : [])))
}

function keyValue(batch: EventBatch, field: number, row: number): string | undefined {
  const texts = batch.texts[field]
  if (texts !== undefined) return texts[row]
  const value = (batch.numbers[field] as Float64Array)[row]
  return !Number.isNaN(value) ? String(value) : undefined
}

/** A key of several fields reaches each actor once. */
function isRepeated(batch: EventBatch, fields: readonly number[], index: number, row: number, value: string): boolean {
  for (let i = 0; i < index; i++) if (keyValue(batch, fields[i], row) === value) return true
  return false
}
