import type { Match, Sink } from '#shared/cep/sink'
import { invariant } from '#shared/domain/invariant'
import { RuleFault } from '#shared/domain/rule-fault'
import type { History } from '#shared/features/history'
import type { ActorRef, Hit, HitSink } from './hit.ts'
import { idsByStep, matchHit } from './match-hit.ts'
import type { Registers } from './registers.ts'
import type { RuleJudge } from './rule-judge.ts'
import type { RuleTally } from './rule-tally.ts'
import { RunSnapshots } from './run-snapshots.ts'
import { RunStates } from './run-states.ts'
import { type RunningPattern, runningPattern } from './running-pattern.ts'
import { Timers } from './timers.ts'

interface PatternRunsOptions {
  readonly judges: readonly RuleJudge[]
  readonly history: History
  readonly registers: Registers
  readonly sink: HitSink
  readonly tally: RuleTally
  readonly latenessMs: number
  readonly isSorted: boolean
  /**
   * True: time moves in one step to each event, and a match that is found again at a later event is told again. False: time stops at each
   * instant at which an absence comes true, so that results do not depend on how often others make time pass, and each match is told once.
   * The matches are the same; which partial matches ran out of time is not.
   */
  readonly followsFlink: boolean
  readonly refOf: (slot: number) => ActorRef
}

/**
 * The open runs of all pattern rules of a population, stepped record by record. What they see of an event is in its record (bits,
 * columns, features kept as columns), so runs can be stepped again over old records.
 *
 * R1 The runs of an actor are a function of its records and of how far time has come.
 * R2 While runs are open, a copy of them exists at most `recordsPerSnapshot` records back, as far as the lateness reaches.
 */
export class PatternRuns {
  /** To save runs and load them. */
  readonly states: RunStates
  readonly #options: PatternRunsOptions
  readonly #patterns: readonly RunningPattern[]
  readonly #snapshots: RunSnapshots
  readonly #timers = new Timers()
  readonly #hasAbsences: boolean
  /** What is found now was found before, and stands. */
  #isSilent = false
  /** What time alone makes true now was told before, and stands; only what becomes of matches held back is to be told. */
  #isRepeating = false
  #slot = 0
  #h = 0
  /** Place of what is being found, as in `Hit`. */
  #place = 0
  /** By slot: how far timers have moved an actor's time beyond its newest record. */
  readonly #movedTo = new Map<number, number>()

  constructor(options: PatternRunsOptions) {
    this.#options = options
    this.#patterns = options.judges.map((judge, index) =>
      runningPattern({ judge, index, history: options.history, sink: this.#sinkOf(judge, index) }),
    )
    this.#hasAbsences = this.#patterns.some(({ endsInAbsence }) => endsInAbsence)
    this.#snapshots = new RunSnapshots(options.history)
    this.states = new RunStates({
      history: options.history,
      snapshots: this.#snapshots,
      timers: this.#timers,
      movedTo: this.#movedTo,
      patterns: this.#patterns,
    })
  }

  get nextDeadline(): number {
    return this.#timers.next
  }

  /** The slot of the actor whose deadline comes first. */
  popDeadline(): number {
    return this.#timers.pop()
  }

  /** Steps all runs by the record in the registers, which stands at this position. */
  step(slot: number, h: number, position: number): void {
    if (this.#patterns.length === 0) return
    const { registers, tally } = this.#options
    const { at } = registers
    this.#aim(slot, h)
    this.#place = position
    const isTimed = tally.beginTime()
    let isQuiet = true
    for (let i = 0; i < this.#patterns.length; i++) {
      const pattern = this.#patterns[i]
      // Nothing is open and the event opens nothing: nearly always so.
      if (this.#handle(pattern) === 0 && pattern.opening !== undefined && !registers.hasBit(pattern.opening)) continue
      this.#advance(pattern, at)
      if (pattern.judge.sees) this.#stepOne(pattern, position, at)
      if (this.#handle(pattern) !== 0) isQuiet = false
      if (isTimed) tally.addTime(pattern.judge.index)
    }
    if (this.#hasAbsences) this.#schedule()
    if (this.#options.isSorted) return
    if (isQuiet) this.#options.history.setQuiet(h, position)
    else if (this.#snapshots.isDue(h, position)) this.#takeSnapshot(h, position)
  }

  /**
   * Lets time pass for one actor: absences come true at their instants. Nothing else moves, so what an actor finds does not depend on
   * how often others made time pass; runs that are out end with its next event.
   */
  advance(slot: number, h: number, now: number): void {
    if (!this.#hasAbsences) return
    this.#aim(slot, h)
    this.#place = this.#options.history.head(h) - 0.5
    for (const pattern of this.#patterns) this.#passDeadlines(pattern, now)
    this.#schedule()
    if (!this.#options.isSorted) this.#movedTo.set(slot, now)
  }

  /** Lets time pass for one actor also where that only ends runs. */
  expire(slot: number, h: number, now: number): void {
    this.#aim(slot, h)
    this.#place = this.#options.history.head(h) - 0.5
    for (const pattern of this.#patterns) this.#advance(pattern, now)
    if (this.#hasAbsences) this.#schedule()
  }

  /** The history lets go of the records before `position`, although runs may have taken them. */
  forget(slot: number, h: number, position: number): void {
    this.#aim(slot, h)
    this.#place = this.#options.history.head(h) - 0.5
    for (const pattern of this.#patterns)
      this.#setHandle(pattern, pattern.matcher.forget(this.#handle(pattern), position))
  }

  /** Runs of one actor that have taken an event and wait for more. */
  openRuns(h: number): number {
    const { history } = this.#options
    return this.#patterns.reduce((sum, { index, matcher }) => sum + matcher.openRuns(history.runs(h, index)), 0)
  }

  /** Whether an event at this time comes too late for the actor's runs: time alone has moved them further. */
  isBehind(slot: number, at: number): boolean {
    const movedTo = this.#movedTo.get(slot)
    if (movedTo === undefined) return false
    if (at < movedTo) return true
    this.#movedTo.delete(slot)
    return false
  }

  /**
   * Brings the runs back to what they were before the record at this position; the newer records are already taken out.
   * @param at time of the record that comes there now. What time alone had found up to it was told, and stands.
   */
  restore(slot: number, h: number, position: number, at: number): void {
    if (this.#patterns.length === 0) return
    this.#aim(slot, h)
    const { history, registers } = this.#options
    const snapshot = this.#snapshots.goBack(h, position, (handles) => this.#releaseAll(handles))
    for (const [i, pattern] of this.#patterns.entries()) {
      pattern.matcher.release(this.#handle(pattern))
      this.#setHandle(pattern, snapshot.handles === undefined ? 0 : pattern.matcher.copy(snapshot.handles[i]))
    }
    this.#isSilent = true
    // Of a history at its bound, the records after the copy may be gone, or those that the copied runs have taken.
    const start = history.start(h)
    if (snapshot.handles !== undefined) this.forget(slot, h, start)
    for (let p = Math.max(snapshot.position, start); p < position; p++) {
      registers.load(history.arena, history.layout, history.record(h, p))
      for (const pattern of this.#patterns) {
        this.#advance(pattern, registers.at)
        if (pattern.judge.sees) this.#stepOne(pattern, p, registers.at)
      }
    }
    this.#isSilent = false
    this.#place = position - 0.5
    this.#isRepeating = true
    for (const pattern of this.#patterns) this.#passDeadlines(pattern, at)
    this.#isRepeating = false
  }

  /** The first position that must be kept so that runs can go back to any record from `lateFrom` on. */
  keepFrom(h: number, lateFrom: number): number {
    if (this.#patterns.length === 0) return lateFrom
    let keep = lateFrom
    for (const pattern of this.#patterns) {
      const handle = this.#options.history.runs(h, pattern.index)
      if (handle !== 0) keep = Math.min(keep, pattern.matcher.oldestPosition(handle))
    }
    if (this.#options.isSorted) return keep
    const forget = (handles: readonly number[]): void => this.#releaseAll(handles)
    const oldest = (handles: readonly number[]): number =>
      Math.min(
        ...this.#patterns.map(({ matcher }, i) =>
          handles[i] === 0 ? Number.POSITIVE_INFINITY : matcher.oldestPosition(handles[i]),
        ),
      )
    return Math.min(keep, this.#snapshots.keepFrom(h, lateFrom, oldest, forget))
  }

  #aim(slot: number, h: number): void {
    this.#slot = slot
    this.#h = h
    for (const { judge } of this.#patterns) judge.view.actor.h = h
  }

  /** Brings one pattern's runs to `now`, as an event at that time finds them. */
  #advance(pattern: RunningPattern, now: number): void {
    if (!this.#options.followsFlink) this.#passDeadlines(pattern, now)
    this.#moveTo(pattern, now)
  }

  /** Stops at each instant at which an absence comes true, so that it makes no difference in how many steps time passes. */
  #passDeadlines(pattern: RunningPattern, now: number): void {
    if (!pattern.endsInAbsence) return
    let passed = Number.NEGATIVE_INFINITY
    for (let handle = this.#handle(pattern); handle !== 0; handle = this.#handle(pattern)) {
      const deadline = pattern.matcher.earliestDeadline(handle)
      if (deadline > now) return
      invariant(deadline > passed, 'an absence comes true once')
      passed = deadline
      this.#moveTo(pattern, deadline)
    }
  }

  #moveTo(pattern: RunningPattern, now: number): void {
    const handle = this.#handle(pattern)
    if (handle === 0) return
    pattern.isByTime = true
    this.#setHandle(pattern, pattern.matcher.advance(handle, now))
    pattern.isByTime = false
  }

  #stepOne(pattern: RunningPattern, position: number, at: number): void {
    const { sink, tally } = this.#options
    tally.evaluations[pattern.judge.index]++
    if (pattern.judge.isFaulted()) {
      if (!this.#isSilent) sink.faulted(pattern.judge.index, undefined)
      return
    }
    try {
      this.#setHandle(pattern, pattern.matcher.step(this.#handle(pattern), position, at))
    } catch (fault) {
      if (!(fault instanceof RuleFault)) throw fault
      if (!this.#isSilent) sink.faulted(pattern.judge.index, fault.reason)
    }
  }

  #schedule(): void {
    let deadline = Number.POSITIVE_INFINITY
    for (const pattern of this.#patterns) {
      if (!pattern.endsInAbsence) continue
      const handle = this.#handle(pattern)
      if (handle !== 0) deadline = Math.min(deadline, pattern.matcher.earliestDeadline(handle))
    }
    this.#timers.set(this.#slot, deadline)
  }

  #takeSnapshot(h: number, position: number): void {
    // A busy actor has many before its history is full and what it must keep is looked at.
    const { history, registers, latenessMs } = this.#options
    const lateFrom = history.firstAfter(h, registers.at - latenessMs)
    this.#snapshots.dropBefore(h, lateFrom, (handles) => this.#releaseAll(handles))
    this.#snapshots.add(h, {
      position: position + 1,
      handles: this.#patterns.map((pattern) => pattern.matcher.copy(this.#handle(pattern))),
    })
  }

  #releaseAll(handles: readonly number[]): void {
    for (const [i, { matcher }] of this.#patterns.entries()) matcher.release(handles[i])
  }

  #handle(pattern: RunningPattern): number {
    return this.#options.history.runs(this.#h, pattern.index)
  }

  #setHandle(pattern: RunningPattern, handle: number): void {
    this.#options.history.setRuns(this.#h, pattern.index, handle)
  }

  #sinkOf(judge: RuleJudge, index: number): Sink {
    const { sink, refOf, followsFlink } = this.#options
    const isKnown = ({ isFoundAgain }: Match): boolean => isFoundAgain && !followsFlink
    const found = (match: Match, isHeld: boolean): void => {
      if (this.#isSilent || this.#isRepeating || isKnown(match)) return
      const { isByTime, matcher } = this.#patterns[index]
      const actor = refOf(this.#slot)
      const make = (): Hit => matchHit({ match, judge, isByTime, isHeld, actor, place: this.#place })
      const hit = isByTime ? this.#options.registers.withoutEvent(match.at, actor.key, make) : make()
      judge.view.actor.taken = matcher.taken
      if (isHeld) sink.held(hit, match.number)
      else sink.hit(hit)
    }
    const settled = (match: Match, stands: boolean): void => {
      if (this.#isSilent || isKnown(match)) return
      sink.settled({ actor: refOf(this.#slot), rule: judge.index, number: match.number, stands, place: this.#place })
    }
    const timedOut = (match: Match): void => {
      if (!this.#isSilent) sink.timedOut?.(judge.index, refOf(this.#slot), idsByStep(match, judge), match.at)
    }
    return {
      matched: (match) => found(match, false),
      raised: (match) => found(match, true),
      stands: (match) => settled(match, true),
      withdrawn: (match) => settled(match, false),
      missed: (match, wasRaised) => {
        if (wasRaised) settled(match, false)
        if (!this.#isSilent) sink.faulted(judge.index, undefined)
      },
      refused: (what, count) => {
        if (!this.#isSilent) sink.refused(judge.index, what, count)
      },
      ...(sink.timedOut === undefined ? {} : { timedOut }),
    }
  }
}
