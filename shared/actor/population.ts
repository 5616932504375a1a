import { compareIds } from '#shared/domain/event-order'
import { invariant } from '#shared/domain/invariant'
import { Extremes } from '#shared/features/extremes'
import { FeatureReader } from '#shared/features/feature-reader'
import { History } from '#shared/features/history'
import { atWord, digestHalf, headHalf, holdsText, idWord, layoutOf } from '#shared/features/layout'
import { Links } from '#shared/features/links'
import type { PopulationPlan } from '#shared/features/plan-population'
import { Windows } from '#shared/features/windows'
import type { Arena } from '#shared/memory/arena'
import { SlotList } from '#shared/memory/slot-list'
import type { NamedList, Rule } from '#shared/rule-language/rule-set'
import { ActorHeaders } from './actor-headers.ts'
import { ActorStates } from './actor-states.ts'
import { Conditions } from './conditions.ts'
import type { EventView } from './event-view.ts'
import type { ActorRef, Hit, HitSink } from './hit.ts'
import { hashOf, KeyTable } from './key-table.ts'
import type { Outcome } from './outcome.ts'
import { PatternRuns } from './pattern-runs.ts'
import { RecentIds } from './recent-ids.ts'
import { RecordMaker } from './record-maker.ts'
import { Recording } from './recording.ts'
import { copyWords, Registers, type Words, wordsOf } from './registers.ts'
import { Retention } from './retention.ts'
import { RuleJudge } from './rule-judge.ts'
import type { RuleTally } from './rule-tally.ts'
import type { RuleView } from './rule-view.ts'

export interface PopulationOptions {
  /** Index into `EventSchema.keys`. */
  readonly key: number
  readonly plan: PopulationPlan
  /** Rules of this population with their index in the rule set. */
  readonly rules: readonly { readonly index: number; readonly rule: Rule }[]
  readonly lists: readonly NamedList[]
  readonly arena: Arena
  readonly view: EventView
  readonly sink: HitSink
  readonly tally: RuleTally
  readonly latenessMs: number
  /** Events come in order: nothing is kept for going back. */
  readonly isSorted: boolean
  /** As in `PatternRuns`. */
  readonly followsFlink: boolean
  readonly hashKey: number
  /** Whether events that rules of this scenario see are told by `HitSink.seen`. */
  readonly isSeenFor: (scenario: number) => boolean
}

/**
 * The actors of one key. Each is a slot: a header and a history in the arena. An event in order is appended and judged; one out of
 * order rewinds the actor: the newer records are taken out, it is put in its place, and they are judged again.
 *
 * P1 An actor's state is a function of its records alone, in order of (at, id); arrival order leaves no trace.
 * P2 A record is judged with exactly the records before it, and itself.
 */
export class Population {
  readonly keys = new KeyTable()
  /** To save actors and load them. */
  readonly states: ActorStates
  readonly #options: PopulationOptions
  readonly #history: History
  readonly #windows: Windows
  readonly #recording: Recording
  readonly #maker: RecordMaker
  readonly #registers: Registers
  readonly #recentIds: RecentIds
  readonly #runs: PatternRuns
  readonly #conditions: Conditions
  readonly #judges: readonly RuleJudge[]
  /** Those whose events are told by `seen`. */
  readonly #seeing: readonly RuleJudge[]
  readonly #headers: ActorHeaders
  readonly #refs = new SlotList<ActorRef>()
  readonly #hashes = new Uint32Array(prefetchMax)
  readonly #expected = new Array<string>(prefetchMax).fill('')
  #scratch: Words = wordsOf(0)

  constructor(options: PopulationOptions) {
    const { plan, arena, view, rules } = options
    this.#options = options
    const patterns = rules.filter(({ rule }) => rule.body.kind === 'pattern')
    const layout = layoutOf(plan, patterns.length)
    const textColumns = plan.columns.flatMap((column, i) => (holdsText(plan, column) ? [i] : []))
    this.#history = new History(arena, layout, textColumns)
    this.#headers = new ActorHeaders(arena, layout.headerWords)
    const links = new Links(this.#history, plan)
    const extremes = new Extremes(this.#history, plan.extremes)
    this.#windows = new Windows(this.#history, links, extremes, plan)
    const reader = new FeatureReader(this.#history, this.#windows, extremes, plan)
    this.#registers = new Registers(plan.columns.length, plan.features.length, layout.bitWords)
    this.#maker = new RecordMaker({
      plan,
      view,
      lists: options.lists,
      arena,
      registers: this.#registers,
      hashKey: options.hashKey,
    })
    this.#recentIds = new RecentIds(this.#history, options.latenessMs)
    const ruleView = (isStepped: boolean, features: readonly number[]): RuleView => ({
      registers: this.#registers,
      history: this.#history,
      plan,
      features,
      lists: options.lists,
      isStepped,
      actor: { h: 0, taken: undefined },
    })
    this.#judges = rules.map(({ index, rule }, i) => {
      const planned = plan.rules[i]
      const isStepped = rule.body.kind === 'pattern'
      return new RuleJudge(index, rule, planned, ruleView(isStepped, planned.features), reader)
    })
    this.#seeing = this.#judges.filter(
      ({ rule: { scenario } }) => scenario !== undefined && options.isSeenFor(scenario),
    )
    this.#conditions = new Conditions({
      judges: this.#judges.filter(({ rule }) => rule.body.kind === 'condition'),
      history: this.#history,
      registers: this.#registers,
      sink: options.sink,
      tally: options.tally,
      refOf: (slot) => this.#ref(slot),
    })
    this.#runs = new PatternRuns({
      judges: this.#judges.filter(({ rule }) => rule.body.kind === 'pattern'),
      history: this.#history,
      registers: this.#registers,
      sink: options.sink,
      tally: options.tally,
      latenessMs: options.latenessMs,
      isSorted: options.isSorted,
      followsFlink: options.followsFlink,
      refOf: (slot) => this.#ref(slot),
    })
    this.#recording = new Recording({
      plan,
      history: this.#history,
      links,
      windows: this.#windows,
      extremes,
      reader,
      registers: this.#registers,
      retention: new Retention(this.#history, plan, options.latenessMs, this.#runs),
      runs: this.#runs,
    })
    this.states = new ActorStates({
      population: options.key,
      plan,
      history: this.#history,
      links,
      windows: this.#windows,
      extremes,
      recentIds: this.#recentIds,
      runs: this.#runs.states,
      keys: this.keys,
      refs: this.#refs,
      claim: (key) => this.#claim(key),
      headerOf: (slot) => this.#headers.of(slot),
    })
  }

  /** Number of actors. */
  get size(): number {
    return this.keys.size
  }

  get plan(): PopulationPlan {
    return this.#options.plan
  }

  /** Actors that had to let go of records still inside a window, since their history had reached its bound; by events. */
  get truncatedRecords(): number {
    return this.#recording.truncatedRecords
  }

  set truncatedRecords(count: number) {
    this.#recording.truncatedRecords = count
  }

  /**
   * What the actor of the view's key makes of the event in the view. Changes nothing.
   * Each actor judges lateness and repeats on its own, by the events that it has seen.
   * @param guess the actor's slot, as `prefetch` found it; −1: nobody knows
   */
  check(digest: number, guess: number): Outcome {
    const { view, isSorted, latenessMs } = this.#options
    const slot = this.keys.find(view.key, guess)
    if (slot < 0) return 'applied'
    const h = this.#headers.of(slot)
    const history = this.#history
    const newest = history.head(h) - 1
    if (newest < history.start(h)) return 'applied'
    const at = view.batch.at[view.row]
    const id = view.batch.id[view.row]
    if (!isSorted && at <= history.at(h, newest) - latenessMs) return 'late'
    const twin = this.#recentIds.find(h, at, id, history.idNumber(id))
    return twin === 0 ? 'applied' : this.#compare(history.record(h, twin), at, digest)
  }

  /**
   * Puts the event in the view into the history of its actor, and judges what that changes. `check` has let it pass.
   * @param now how far time has come: what an event out of order sets off by time alone happens up to here
   */
  put(digest: number, now: number): void {
    const { view } = this.#options
    const slot = this.#slotOf(view.key)
    const h = this.#headers.of(slot)
    const history = this.#history
    const newest = history.head(h) - 1
    const at = view.batch.at[view.row]
    const id = view.batch.id[view.row]
    this.states.touch(slot)
    this.#maker.make(view.batch.type[view.row])
    this.#registers.id = history.storeId(id)
    this.#recentIds.add(h, at, id)
    const isNewest = newest < history.start(h) || this.#isAfter(history.record(h, newest), at, id)
    if (isNewest && !this.#runs.isBehind(slot, at)) {
      this.#recording.append(slot, h, digest)
      this.#judge(slot, h)
      // Newest of its actor, but behind others: what it waits for may have failed to come already.
      if (this.#runs.nextDeadline <= now) this.advance(now)
    } else this.#rewind(slot, h, digest, now)
    const ref = this.#refs.get(slot)
    if (ref !== undefined && ref.kept.length > 0) this.#options.sink.cameOn?.(ref, at)
  }

  /**
   * Reads what applying these keys' events will touch: the table's lines, then headers, then keys and the newest records. Loads of different
   * actors overlap, those of one event do not.
   * @param slots gets the slots that the keys most likely have; −1: most likely none
   * @returns something to add up, so that nothing is optimised away
   */
  prefetch(keys: readonly string[], count: number, slots: Int32Array): number {
    const { F, U } = this.#history.arena
    let sum = 0
    for (let i = 0; i < count; i++) {
      this.#hashes[i] = hashOf(keys[i])
      sum += this.keys.prefetch(this.#hashes[i])
    }
    for (let i = 0; i < count; i++) {
      const slot = this.keys.guess(this.#hashes[i])
      slots[i] = slot
      if (slot < 0) continue
      this.#expected[i] = this.keys.key(slot)
      const h = this.#headers.of(slot)
      sum += F[h] + F[h + 8]
    }
    for (let i = 0; i < count; i++) {
      if (slots[i] < 0) continue
      sum += this.#expected[i].length
      const h = this.#headers.of(slots[i])
      const record = this.#history.record(h, U[h * 2 + headHalf] - 1)
      sum += F[record] + F[record + this.#history.layout.recordWords - 1] + this.#windows.prefetch(h)
    }
    return sum
  }

  /** Lets time pass for actors whose patterns end in an absence. */
  advance(now: number): void {
    while (this.#runs.nextDeadline <= now) {
      const slot = this.#runs.popDeadline()
      this.states.touch(slot)
      this.#runs.advance(slot, this.#headers.of(slot), now)
    }
  }

  /**
   * Lets time pass for one actor, also where that only ends runs, which otherwise end with its next event.
   * @returns its runs that are open then
   */
  expire(key: string, now: number): number {
    const slot = this.keys.find(key)
    if (slot < 0) return 0
    const h = this.#headers.of(slot)
    this.states.touch(slot)
    this.#runs.expire(slot, h, now)
    return this.#runs.openRuns(h)
  }

  /** The actor of a key in memory. */
  actor(key: string): ActorRef | undefined {
    const slot = this.keys.find(key)
    return slot < 0 ? undefined : this.#ref(slot)
  }

  /** Ids of the events that the condition of a hit of this population looked at, its own last. The hit was just found. */
  cited({ rule, actor, place }: Hit): readonly string[] {
    const slot = this.keys.find(actor.key)
    invariant(slot >= 0, 'a hit was just found by an actor in memory')
    return this.#conditions.cited(rule, this.#headers.of(slot), place)
  }

  /** The earliest instant at which time alone changes something. */
  get nextDeadline(): number {
    return this.#runs.nextDeadline
  }

  /** The lowest place, as in `Hit`, that an actor can still go back to. −Infinity: it is not in memory, so nobody knows. */
  oldestPlace(key: string): number {
    const slot = this.keys.find(key)
    if (slot < 0) return Number.NEGATIVE_INFINITY
    if (this.#options.isSorted) return Number.POSITIVE_INFINITY
    const history = this.#history
    const h = this.#headers.of(slot)
    return history.firstAfter(h, history.at(h, history.head(h) - 1) - this.#options.latenessMs) - 0.5
  }

  /** Time of an actor's newest event: none that is late for it changes anything. −Infinity: it is not in memory, so nobody knows. */
  newestAt(key: string): number {
    const slot = this.keys.find(key)
    if (slot < 0) return Number.NEGATIVE_INFINITY
    const h = this.#headers.of(slot)
    return this.#history.at(h, this.#history.head(h) - 1)
  }

  #compare(record: number, at: number, digest: number): Outcome {
    const { F, U } = this.#history.arena
    return F[record + atWord] === at && U[record * 2 + digestHalf] === digest ? 'duplicate' : 'conflict'
  }

  /** Whether (at, id) comes after the record. */
  #isAfter(record: number, at: number, id: string): boolean {
    const { F } = this.#history.arena
    const recordAt = F[record + atWord]
    return at > recordAt || (at === recordAt && compareIds(id, this.#history.idText(F[record + idWord])) >= 0)
  }

  #judge(slot: number, h: number): void {
    this.#conditions.judge(slot, h)
    this.#runs.step(slot, h, this.#history.head(h) - 1)
    const { sink } = this.#options
    if (sink.features !== undefined) this.#tellFeatures(slot)
    if (sink.seen !== undefined && this.#seeing.some((judge) => judge.sees))
      sink.seen(this.#ref(slot), this.#registers.at, this.#history.idText(this.#registers.id))
  }

  #tellFeatures(slot: number): void {
    for (const judge of this.#judges)
      if (judge.rule.features.length > 0 && judge.sees)
        this.#options.sink.features?.(
          judge.index,
          this.#ref(slot),
          this.#registers.at,
          this.#history.idText(this.#registers.id),
          judge.featureValues(),
        )
  }

  /** Takes out the newer records, appends the one in the registers, and judges all of them again. */
  #rewind(slot: number, h: number, digest: number, now: number): void {
    const history = this.#history
    const words = history.layout.recordWords
    const { at } = this.#registers
    const id = history.idText(this.#registers.id)
    const head = history.head(h)
    let place = head
    while (place > history.start(h) && !this.#isAfter(history.record(h, place - 1), at, id)) place--
    const newer = head - place
    this.states.rewound(slot, place)
    this.#reserveScratch((newer + 1) * words)
    // The records wait in the scratch, the new one in front: stepping the runs back to their place uses the registers.
    for (let k = 0; k < newer; k++)
      copyWords(history.arena, history.record(h, place + k), this.#scratch, (k + 1) * words, words)
    this.#registers.store(this.#scratch, history.layout, 0)
    this.#scratch.U[digestHalf] = digest
    this.#recording.takeOutFrom(h, place)
    this.#options.sink.rewound(this.#ref(slot), place - 0.5, at)
    this.#runs.restore(slot, h, place, at)
    for (let k = 0; k <= newer; k++) {
      this.#registers.load(this.#scratch, history.layout, k * words)
      this.#recording.append(slot, h, this.#scratch.U[k * words * 2 + digestHalf])
      this.#judge(slot, h)
    }
    this.#runs.advance(slot, h, now)
  }

  #slotOf(key: string): number {
    const slot = this.keys.find(key)
    return slot >= 0 ? slot : this.#open(key)
  }

  #open(key: string): number {
    const slot = this.#claim(key)
    const h = this.#headers.of(slot)
    this.#history.open(h)
    this.#windows.open(h)
    return slot
  }

  #claim(key: string): number {
    const slot = this.keys.add(key)
    this.#headers.claim(slot)
    return slot
  }

  #ref(slot: number): ActorRef {
    return this.#refs.get(slot) ?? this.states.refOf(slot)
  }

  #reserveScratch(words: number): void {
    if (this.#scratch.F.length < words) this.#scratch = wordsOf(words * 2)
  }
}

/** Keys of one `prefetch`. More would push each other out of the caches. */
export const prefetchMax = 64
