import { compareIds } from '#shared/domain/event-order'
import { invariant } from '#shared/domain/invariant'
import { RuleFault } from '#shared/domain/rule-fault'
import { Extremes } from '#shared/features/extremes'
import { FeatureReader } from '#shared/features/feature-reader'
import { History } from '#shared/features/history'
import { atWord, digestHalf, headersPerBlock, headHalf, holdsText, idWord, layoutOf } from '#shared/features/layout'
import { Links } from '#shared/features/links'
import type { PopulationPlan } from '#shared/features/plan-population'
import { Windows } from '#shared/features/windows'
import type { Arena } from '#shared/memory/arena'
import { SlotList } from '#shared/memory/slot-list'
import { readText, releaseText, storeText } from '#shared/memory/text'
import { allocLastingWords } from '#shared/memory/words'
import type { NamedList, Rule } from '#shared/rule-language/rule-set'
import { ActorStates } from './actor-states.ts'
import { citedRecords } from './cited-records.ts'
import type { EventView } from './event-view.ts'
import type { ActorRef, Hit, HitSink } from './hit.ts'
import { hashOf, KeyTable } from './key-table.ts'
import type { Outcome } from './outcome.ts'
import { PatternRuns } from './pattern-runs.ts'
import { RecentIds } from './recent-ids.ts'
import { RecordMaker } from './record-maker.ts'
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
  /** Actors that had to let go of records still inside a window, since their history had reached its bound; by events. */
  truncatedRecords = 0
  readonly #options: PopulationOptions
  readonly #history: History
  readonly #windows: Windows
  readonly #links: Links
  readonly #extremes: Extremes
  readonly #reader: FeatureReader
  readonly #maker: RecordMaker
  readonly #registers: Registers
  readonly #recentIds: RecentIds
  readonly #retention: Retention
  readonly #runs: PatternRuns
  readonly #conditions: readonly RuleJudge[]
  readonly #judges: readonly RuleJudge[]
  /** Those whose events are told by `seen`. */
  readonly #seeing: readonly RuleJudge[]
  /** Words where headers start, by slot / `headersPerBlock`. */
  readonly #headerBlocks: number[] = []
  readonly #refs = new SlotList<ActorRef>()
  readonly #featureColumns: readonly { column: number; register: number; isText: boolean }[]
  readonly #featureFaults: readonly { fault: number; feature: number }[]
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
    this.#links = new Links(this.#history, plan)
    this.#extremes = new Extremes(this.#history, plan.extremes)
    this.#windows = new Windows(this.#history, this.#links, this.#extremes, plan)
    this.#reader = new FeatureReader(this.#history, this.#windows, this.#extremes, plan)
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
      return new RuleJudge(index, rule, planned, ruleView(isStepped, planned.features), this.#reader)
    })
    this.#seeing = this.#judges.filter(
      ({ rule: { scenario } }) => scenario !== undefined && options.isSeenFor(scenario),
    )
    this.#conditions = this.#judges.filter(({ rule }) => rule.body.kind === 'condition')
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
    this.#retention = new Retention(this.#history, plan, options.latenessMs, this.#runs)
    this.states = new ActorStates({
      population: options.key,
      plan,
      history: this.#history,
      links: this.#links,
      windows: this.#windows,
      extremes: this.#extremes,
      recentIds: this.#recentIds,
      runs: this.#runs.states,
      keys: this.keys,
      refs: this.#refs,
      claim: (key) => this.#claim(key),
      headerOf: (slot) => this.#header(slot),
    })
    this.#featureFaults = plan.faults.flatMap(({ part, index }, fault) =>
      part === 'feature' ? [{ fault, feature: index }] : [],
    )
    this.#featureColumns = plan.columns.flatMap((column, i) =>
      column.kind === 'feature'
        ? [{ column: i, register: plan.columns.length + column.feature, isText: plan.features[column.feature].isText }]
        : [],
    )
  }

  /** Number of actors. */
  get size(): number {
    return this.keys.size
  }

  get plan(): PopulationPlan {
    return this.#options.plan
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
    const h = this.#header(slot)
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
    const h = this.#header(slot)
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
      this.#append(slot, h, digest)
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
      const h = this.#header(slot)
      sum += F[h] + F[h + 8]
    }
    for (let i = 0; i < count; i++) {
      if (slots[i] < 0) continue
      sum += this.#expected[i].length
      const h = this.#header(slots[i])
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
      this.#runs.advance(slot, this.#header(slot), now)
    }
  }

  /**
   * Lets time pass for one actor, also where that only ends runs, which otherwise end with its next event.
   * @returns its runs that are open then
   */
  expire(key: string, now: number): number {
    const slot = this.keys.find(key)
    if (slot < 0) return 0
    const h = this.#header(slot)
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
    const judge = this.#conditions.find(({ index }) => index === rule)
    const slot = this.keys.find(actor.key)
    invariant(judge !== undefined && slot >= 0, 'a hit was just found by an actor in memory')
    return citedRecords(this.#history, this.#options.plan, judge.planned.features, this.#header(slot), place)
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
    const h = this.#header(slot)
    return history.firstAfter(h, history.at(h, history.head(h) - 1) - this.#options.latenessMs) - 0.5
  }

  /** Time of an actor's newest event: none that is late for it changes anything. −Infinity: it is not in memory, so nobody knows. */
  newestAt(key: string): number {
    const slot = this.keys.find(key)
    if (slot < 0) return Number.NEGATIVE_INFINITY
    const h = this.#header(slot)
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

  /** Puts the record in the registers at the head of the history, and reads the features as of this record. */
  #append(slot: number, h: number, digest: number): void {
    const history = this.#history
    const { plan } = this.#options
    const { at, R, featuresBase } = this.#registers
    this.#windows.advance(h, at)
    // Before anything is read: a text that is read is that of a record, and must stay with it.
    if (history.isFull(h)) this.#makeRoom(slot, h, at)
    this.#reader.readBefore(h, at, R, featuresBase)
    const position = history.head(h)
    const record = history.record(h, position)
    this.#registers.store(history.arena, history.layout, record)
    const { F, U } = history.arena
    U[record * 2 + digestHalf] = digest
    U[h * 2 + headHalf] = position + 1
    this.#links.link(h)
    this.#windows.enter(h)
    this.#reader.readAfter(h, at, R, featuresBase)
    for (const { fault, feature } of this.#featureFaults)
      this.#registers.setFault(plan, fault, this.#reader.faults.has(feature), history.arena, record)
    for (const { column, register, isText } of this.#featureColumns) {
      // A feature's text belongs to the record it comes from, which may go first: the column gets its own.
      if (isText && R[column] > 0) releaseText(history.arena, R[column])
      R[column] =
        isText && R[register] > 0 ? storeText(history.arena, readText(history.arena, R[register])) : R[register]
      F[record + history.layout.columnsWord + column] = R[column]
    }
  }

  #judge(slot: number, h: number): void {
    this.#judgeConditions(slot, h)
    this.#runs.step(slot, h, this.#history.head(h) - 1)
    const { sink } = this.#options
    if (sink.features !== undefined) this.#tellFeatures(slot)
    if (sink.seen !== undefined && this.#seeing.some((judge) => judge.sees))
      sink.seen(this.#ref(slot), this.#registers.at, this.#history.idText(this.#registers.id))
  }

  #judgeConditions(slot: number, h: number): void {
    const { sink, tally } = this.#options
    const isTimed = tally.beginTime()
    for (const judge of this.#conditions) {
      if (!judge.sees) continue
      tally.evaluations[judge.index]++
      try {
        if (judge.isFaulted()) sink.faulted(judge.index, undefined)
        else if (judge.holds()) sink.hit(this.#hit(slot, h, judge))
      } catch (fault) {
        if (!(fault instanceof RuleFault)) throw fault
        sink.faulted(judge.index, fault.reason)
      }
      if (isTimed) tally.addTime(judge.index)
    }
  }

  #hit(slot: number, h: number, judge: RuleJudge): Hit {
    return {
      rule: judge.index,
      actor: this.#ref(slot),
      at: this.#registers.at,
      eventId: this.#history.idText(this.#registers.id),
      steps: undefined,
      features: judge.featureValues(),
      message: judge.message(),
      place: this.#history.head(h) - 1,
      isHeld: false,
      isMuted: false,
    }
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
    for (let position = head - 1; position >= place; position--) this.#takeOut(h, position)
    this.#extremes.rewind(h, (cursor) => this.#windows.cursor(h, cursor))
    this.#options.sink.rewound(this.#ref(slot), place - 0.5, at)
    this.#runs.restore(slot, h, place, at)
    for (let k = 0; k <= newer; k++) {
      this.#registers.load(this.#scratch, history.layout, k * words)
      this.#append(slot, h, this.#scratch.U[k * words * 2 + digestHalf])
      this.#judge(slot, h)
    }
    this.#runs.advance(slot, h, now)
  }

  #takeOut(h: number, position: number): void {
    this.#windows.retreat(h)
    this.#links.unlink(h)
    const { U } = this.#history.arena
    U[h * 2 + headHalf] = position
    const isEmpty = position === this.#history.start(h)
    this.#windows.rewindTime(h, isEmpty ? Number.NEGATIVE_INFINITY : this.#history.at(h, position - 1))
  }

  #makeRoom(slot: number, h: number, at: number): void {
    const history = this.#history
    const keepFrom = this.#retention.keepFrom(h, at)
    const size = history.head(h) - history.start(h)
    while (history.start(h) < keepFrom) this.#dropOldest(h)
    // Dropping a few each time would mean looking each time: the ring grows unless a quarter of it came free.
    if (history.head(h) - history.start(h) <= (size * 3) / 4) return
    if (history.canGrow(h)) history.grow(h)
    else if (history.isFull(h)) {
      this.truncatedRecords++
      this.#runs.forget(slot, h, history.start(h) + 1)
      this.#dropOldest(h)
    }
  }

  #dropOldest(h: number): void {
    this.#windows.depart(h)
    this.#links.depart(h)
    this.#history.dropOldest(h)
  }

  #slotOf(key: string): number {
    const slot = this.keys.find(key)
    return slot >= 0 ? slot : this.#open(key)
  }

  #open(key: string): number {
    const slot = this.#claim(key)
    const h = this.#header(slot)
    this.#history.open(h)
    this.#windows.open(h)
    return slot
  }

  #claim(key: string): number {
    const slot = this.keys.add(key)
    const { headerWords } = this.#history.layout
    if (slot === this.#headerBlocks.length * headersPerBlock)
      this.#headerBlocks.push(allocLastingWords(this.#history.arena, headerWords * headersPerBlock))
    return slot
  }

  #header(slot: number): number {
    return (
      this.#headerBlocks[(slot / headersPerBlock) | 0] + (slot % headersPerBlock) * this.#history.layout.headerWords
    )
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
