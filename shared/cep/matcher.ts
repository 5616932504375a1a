import { limits } from '#shared/domain/limits'
import type { Arena } from '#shared/memory/arena'
import type { Automaton } from './automaton.ts'
import { Branching } from './branching.ts'
import { Draft } from './draft.ts'
import { Expiry } from './expiry.ts'
import { FoundMatches } from './found-matches.ts'
import { Fuel } from './fuel.ts'
import type { Judge, Taken } from './judge.ts'
import { MatchView } from './match-view.ts'
import { Nodes } from './nodes.ts'
import { operationsPerKeptEvent, operationsPerMatch, operationsPerMatchEvent } from './operations.ts'
import { Records } from './records.ts'
import { RunBlocks } from './run-blocks.ts'
import { decodeRuns, encodeRuns } from './run-codec.ts'
import { nodesMask, recordNode, recordState, recordWords } from './run-layout.ts'
import type { Sink } from './sink.ts'
import {
  outcomeAgain,
  outcomeMatched,
  outcomeMissedRaised,
  outcomeRaised,
  outcomeStands,
  outcomeTimedOut,
  outcomeWithdrawn,
  Skipping,
} from './skipping.ts'

/**
 * Finds the matches of one pattern. One matcher serves all actors; the state of each is a handle that the caller keeps.
 *
 * Boundary: the matcher knows positions, times and the numbers of conditions. Events, keys and expressions are the caller's, as
 * is their order: positions and times never go back, and each event comes once.
 *
 * M1 Handle 0 is the state without open runs: it needs no memory, and an event that begins no run costs one condition.
 * M2 A method that changes the state either returns the handle of the next one, and the given handle is no longer valid; or
 *    throws, and the given handle is as it was and nothing has been reported.
 * M3 The next state and the reports are a function of state, event and answers of the judge. Neither when dead nodes are dropped
 *    nor what other actors did shows in them; only `ArenaFullError` does, which changes nothing.
 *    How much fuel an event needs is such a function, too.
 * M4 Nothing is allocated outside the arena once the buffers have grown to what the busiest event needs.
 *
 * Source: Agrawal et al., Efficient Pattern Matching over Event Streams, SIGMOD 2008; Apache Flink 1.18, CEP.
 */
export class Matcher {
  /** The run being judged, inside `Judge.holds`. */
  readonly taken: Taken
  /** Of the event being judged. The judge uses it for what its conditions cost. */
  readonly fuel: Fuel
  private readonly sink: Sink
  private readonly eventsMax: number
  private readonly automaton: Automaton
  private readonly blocks: RunBlocks
  private readonly draft = new Draft()
  private readonly outcomes = new Records()
  private readonly nodes: Nodes
  private readonly branching: Branching
  private readonly foundMatches: FoundMatches
  private readonly expiry: Expiry
  private readonly skipping: Skipping
  private readonly match: MatchView

  /**
   * @param runsMax   open runs of one actor, and as many matches held back: past it no runs are opened
   * @param eventsMax events that the runs of one actor hold together, counting one event in two branches' places as two: past
   *                  it runs end that would take one more. At most 2²⁶ − 1.
   * @param operationsMax for one event, see `Fuel`; default: what the limits say
   */
  constructor(given: {
    automaton: Automaton
    arena: Arena
    judge: Judge
    sink: Sink
    runsMax: number
    eventsMax: number
    operationsMax?: number
  }) {
    const { automaton, arena, judge, sink, runsMax } = given
    this.fuel = new Fuel(given.operationsMax ?? limits.operationsPerEventMax)
    this.sink = sink
    this.eventsMax = Math.min(given.eventsMax, nodesMask)
    this.automaton = automaton
    this.blocks = new RunBlocks(arena)
    this.nodes = new Nodes(this.blocks, this.draft)
    const { blocks, draft, eventsMax, fuel, nodes } = this
    this.branching = new Branching({ automaton, judge, blocks, draft, fuel, runsMax, eventsMax })
    this.foundMatches = new FoundMatches(nodes, fuel)
    this.expiry = new Expiry(automaton, blocks)
    this.skipping = new Skipping({ automaton, nodes, fuel, heldMax: runsMax })
    this.match = new MatchView(this.nodes)
    this.taken = this.branching.chain
  }

  /**
   * Judges one event. Throws what the judge throws, the fault `out-of-fuel`, and `ArenaFullError`.
   * @param position the event's place in the actor's history, higher than all before
   * @param at       its time in ms
   * Gotcha: time must have been advanced to `at` before; runs that are out at `at` would take the event otherwise.
   */
  step(handle: number, position: number, at: number): number {
    this.fuel.refill()
    this.makeRoomForEvents(handle)
    const hasChanged = this.branching.event(handle, position, at)
    if (!hasChanged) {
      if (this.branching.refusedRuns > 0) this.sink.refused('runs', this.branching.refusedRuns)
      return handle
    }
    this.outcomes.length = 0
    this.noteFound(handle)
    const next = this.settle(handle)
    if (this.branching.refusedRuns > 0) this.sink.refused('runs', this.branching.refusedRuns)
    if (this.branching.refusedEvents > 0) this.sink.refused('events', this.branching.refusedEvents)
    return next
  }

  /**
   * Lets time pass: runs run out, and trailing absences become matches. Throws `ArenaFullError`.
   * @param now in ms; Infinity is the end of all windows, though not of runs without one
   */
  advance(handle: number, now: number): number {
    if (handle === 0) return 0
    const instant = Math.min(now, Number.MAX_VALUE)
    if (!this.expiry.isDue(handle, instant)) return handle
    this.fuel.lift()
    this.outcomes.length = 0
    this.expiry.expire(handle, instant, this.draft, this.outcomes)
    this.noteFound(handle)
    return this.settle(handle)
  }

  /**
   * The history lets go of the records before `position`: runs that have taken one of them end, since nobody could say any more what
   * they saw. Matches held back stay, as they were told in full. Throws `ArenaFullError`.
   */
  forget(handle: number, position: number): number {
    const lost = this.blocks.runsBefore(handle, position)
    if (lost === 0) return handle
    this.fuel.lift()
    this.outcomes.length = 0
    this.blocks.begin(handle, this.draft)
    this.blocks.takeRuns(handle, lost, this.blocks.runs(handle), this.draft)
    const next = this.settle(handle)
    this.sink.refused('events', lost)
    return next
  }

  /** The next instant in ms at which time alone makes a match of a trailing absence; Infinity: none. */
  earliestDeadline(handle: number): number {
    return this.expiry.earliestDeadline(handle)
  }

  /** The lowest position that the state refers to; Infinity: none. The history must keep it and all after it. */
  oldestPosition(handle: number): number {
    return this.blocks.oldestPosition(handle)
  }

  openRuns(handle: number): number {
    return this.blocks.runs(handle)
  }

  heldMatches(handle: number): number {
    return this.blocks.held(handle)
  }

  /** A second state with the same content, for going back to. Throws `ArenaFullError`. */
  copy(handle: number): number {
    return this.blocks.copy(handle)
  }

  /** Where the state is now, as in `Arena.moved`. */
  moved(handle: number): number {
    return this.blocks.movedBlock(handle)
  }

  release(handle: number): void {
    this.blocks.release(handle)
  }

  /** The state as bytes: equal states have equal bytes. Positions are those of the history, so it must be kept with them. */
  encode(handle: number): Uint8Array<ArrayBuffer> {
    return encodeRuns(this.blocks, handle, this.draft)
  }

  /** A state from the bytes of `encode` of a matcher of the same pattern. Throws `BadRunBytes`, `ArenaFullError`. */
  decode(bytes: Uint8Array): number {
    return decodeRuns(this.blocks, bytes, this.automaton)
  }

  private noteFound(handle: number): void {
    if (!this.automaton.canFindAgain) return
    this.nodes.aim(handle)
    this.foundMatches.note(this.draft, this.blocks.held(handle))
  }

  /** Decides on finished matches, reports, and replaces the state by the draft. */
  private settle(handle: number): number {
    const { draft, outcomes, blocks, nodes } = this
    nodes.aim(handle)
    this.skipping.decide(draft, outcomes)
    this.payForReports()
    const next = blocks.reserve(handle, draft)
    for (let index = 0; index < outcomes.length; index++) this.report(index)
    if (this.skipping.refusedHolding > 0) this.sink.refused('holding', this.skipping.refusedHolding)
    blocks.replace(handle, next, draft)
    return next
  }

  /** Before anything changes: a report cannot be taken back. */
  private payForReports(): void {
    const { outcomes, nodes, fuel } = this
    for (let index = 0; index < outcomes.length; index++) {
      const outcome = outcomes.U[index * recordWords + recordState]
      const isHit = outcome === outcomeMatched || outcome === outcomeRaised
      const operationsPerEvent = isHit ? operationsPerMatchEvent : 1
      fuel.use(isHit ? operationsPerMatch : 1)
      for (let node = outcomes.U[index * recordWords + recordNode]; node !== 0; node = nodes.parent(node))
        fuel.use(operationsPerEvent)
    }
  }

  private report(index: number): void {
    const { outcomes, sink } = this
    const match = this.match
    const outcome = outcomes.U[index * recordWords + recordState] % outcomeAgain
    if (outcome === outcomeTimedOut && sink.timedOut === undefined) return
    match.aim(outcomes, index)
    if (outcome === outcomeMatched) sink.matched(match)
    else if (outcome === outcomeRaised) sink.raised(match)
    else if (outcome === outcomeStands) sink.stands(match)
    else if (outcome === outcomeWithdrawn) sink.withdrawn(match)
    else if (outcome === outcomeTimedOut) sink.timedOut?.(match)
    else sink.missed(match, outcome === outcomeMissedRaised)
  }

  /** Drops dead nodes where they could make the difference to the bound, so that only living ones ever do (M3). */
  private makeRoomForEvents(handle: number): void {
    if (handle === 0) return
    const { blocks } = this
    const additions = (blocks.runs(handle) + 1) * this.automaton.takesMax
    if (blocks.nodes(handle) + additions <= this.eventsMax) return
    blocks.compact(handle, this.draft)
    // Near the bound each event comes here. Otherwise it is a share of what was taken before, and dead nodes must not count (M3).
    const living = blocks.nodes(handle)
    if (living + additions > this.eventsMax) this.fuel.use(living * operationsPerKeptEvent)
  }
}
