import type { Automaton } from './automaton.ts'
import { compileAutomaton } from './automaton.ts'
import type { Edge, Place, State } from './graph.ts'
import {
  connect,
  elementAt,
  ignoreGuard,
  innerIgnoreGuard,
  isGroupHead,
  takeGuard,
  throughGuard,
  unlessEnded,
} from './graph.ts'
import type { Guard } from './guard.ts'
import { both, guardOf, not } from './guard.ts'
import type { Element, Group, Pattern, Step, Times } from './pattern.ts'
import { isLoop, numberedSteps } from './pattern.ts'

/**
 * Makes the automaton of a pattern in which `checkPattern` found no problem.
 * Throws `TooManyWaysError`.
 * @param readsTaken whether a condition looks at what the run has taken; one that does not is judged once per event, not per run
 *
 * Elements are compiled from the last to the first, each knowing the state that follows (its sink). What looks like an accident
 * here mostly is one, of Flink, and decides results: which of a step's states has a gap limit, and that copies of states made for
 * an absence lose theirs. Source: Apache Flink 1.18, NFACompiler.
 */
export function compile(pattern: Pattern, readsTaken: (condition: number) => boolean): Automaton {
  return compileAutomaton(pattern, new Compiler(pattern).compile(), readsTaken)
}

class Compiler {
  private readonly pattern: Pattern
  private readonly numbers = new Map<Element, number>()
  private readonly stops = new Map<Step, State>()
  /** Elements that have a state already; all groups count as one. Only further states of a loop have its gap limit. */
  private readonly started = new Set<Step | 'group'>()
  /** Of a state that a greedy loop has restricted: what it was before. */
  private readonly unrestricted = new Map<State, State>()

  constructor(pattern: Pattern) {
    this.pattern = pattern
    numberedSteps(pattern).forEach((step, number) => {
      this.numbers.set(step, number)
    })
  }

  compile(): State {
    const final: State = { kind: 'final', step: -1, gapMs: 0, edges: [] }
    const start = this.sequence(this.pattern.steps, final, { following: null, group: null, isFirstRound: true })
    start.kind = 'start'
    return start
  }

  private sequence(
    elements: readonly Element[],
    sink: State,
    scope: Pick<Place, 'following' | 'group' | 'isFirstRound'>,
  ): State {
    let next = sink
    let following = scope.following
    for (let index = elements.length - 1; index > 0; index--) {
      next = this.element({ ...scope, sequence: elements, index, following }, next)
      following = elements[index]
    }
    return this.quantified({ ...scope, sequence: elements, index: 0, following }, next)
  }

  private element(place: Place, sink: State): State {
    const element = elementAt(place)
    if (element.contiguity === 'notNext') return this.absenceNext(place, element as Step, sink)
    if (element.contiguity === 'notFollowedBy') return this.trailingAbsence(place, element as Step, sink)
    return this.quantified(place, sink)
  }

  private absenceNext(place: Place, step: Step, sink: State): State {
    const forbidden = takeGuard(step, place.group)
    const state = this.state('normal', step)
    // At the end of a pattern the match waits for the next event, so it is passed over and not looked through.
    connect(state, sink.kind === 'final' ? 'ignore' : 'proceed', sink, not(forbidden))
    connect(state, 'proceed', this.stop(step, forbidden), forbidden)
    return state
  }

  /** Only the end of a pattern waits for time. Elsewhere an absence is a set of edges of the elements around it. */
  private trailingAbsence(place: Place, step: Step, sink: State): State {
    if (sink.kind !== 'final' || (step.withinMs === null && (this.pattern.withinMs ?? 0) <= 0)) return sink
    const forbidden = takeGuard(step, place.group)
    const state = this.state('pending', step)
    connect(state, 'proceed', this.stop(step, forbidden), forbidden)
    connect(state, 'ignore', state, not(forbidden))
    return state
  }

  private quantified(place: Place, sink: State): State {
    const element = elementAt(place)
    let head: State
    if (element.times === null) head = this.once(place, { sink, ...this.ends(place, sink) }, true)
    else if (isLoop(element)) {
      const after = this.withoutPassedAbsences(place, sink)
      const loop =
        element.kind === 'group' ? this.groupLoop(place, element, after) : this.stepLoop(place, element, after)
      head = this.rounds(place, { from: element.times.from, to: element.times.from }, loop, sink)
    } else head = this.rounds(place, element.times, sink, sink)
    this.addStops(place, head)
    return head
  }

  private ends(place: Place, beyond: State): Omit<Round, 'sink'> {
    const element = elementAt(place)
    const take = takeGuard(element, place.group)
    return { beyond, take, ignore: ignoreGuard(place), isOptional: element.optional }
  }

  /** `times` states in a row, those above the lower end with a way out to `beyond`. */
  private rounds(place: Place, times: Times, sink: State, beyond: State): State {
    const element = elementAt(place)
    const own = element.kind === 'step' ? element : null
    const to = times.to ?? times.from
    const take = unlessEnded(own, takeGuard(element, place.group))
    const inner = innerIgnoreGuard(place)
    const ignore = inner === null ? null : unlessEnded(own, inner)
    if (element.greedy && own !== null && times.from !== to) restrict(sink, take)
    let next = sink
    for (let round = to; round > 1; round--) {
      next = this.once(place, { sink: next, beyond, take, ignore, isOptional: round > times.from }, false)
      this.addStopOfFollowing(place, next)
    }
    return this.once(place, { ...this.ends(place, beyond), sink: next, take }, true)
  }

  private once(place: Place, round: Round, isFirstRound: boolean): State {
    const element = elementAt(place)
    if (element.kind === 'step') return this.oneEvent(place, element, round)
    const head = this.sequence(element.steps, round.sink, { following: place.following, group: element, isFirstRound })
    if (round.isOptional) connect(head, 'proceed', round.beyond, throughGuard(place.group))
    return head
  }

  private oneEvent(place: Place, step: Step, round: Round): State {
    const { take, ignore, isOptional } = round
    const state = this.state('normal', step)
    // Taking the event ends the absences before an optional step; leaving it out does not.
    const after = this.withoutPassedAbsences(place, round.sink)
    connect(state, 'take', after, take)
    if (isOptional) this.leaveOut(place, step, state, round.beyond)
    if (ignore === null) return state
    const isHeadOfOptional = isGroupHead(place) && place.isFirstRound && place.group?.optional === true
    if (!isOptional && !isHeadOfOptional) {
      connect(state, 'ignore', state, ignore)
      return state
    }
    // Once an event was passed over, the step is no longer to be left out.
    const waiting = this.waitingState(step)
    connect(waiting, 'take', after, take)
    connect(waiting, 'ignore', waiting, ignore)
    this.addStops(place, waiting)
    connect(state, 'ignore', waiting, ignore)
    return state
  }

  private leaveOut(place: Place, step: Step, state: State, beyond: State): void {
    const through = throughGuard(place.group)
    if (!step.greedy || step.until < 0) {
      connect(state, 'proceed', beyond, through)
      return
    }
    const until = guardOf(step.until)
    connect(state, 'proceed', this.unrestricted.get(beyond) ?? beyond, both(through, until))
    connect(state, 'proceed', beyond, both(through, not(until)))
  }

  /** A state that takes any number of events, and from which all that follows can be seen. */
  private stepLoop(place: Place, step: Step, sink: State): State {
    const take = unlessEnded(step, takeGuard(step, place.group))
    const inner = innerIgnoreGuard(place)
    const through = throughGuard(place.group)
    const state = this.state('normal', step)
    if (step.greedy && step.until >= 0) {
      const free = copyOf(sink)
      this.unrestricted.set(sink, free)
      connect(state, 'proceed', free, both(through, guardOf(step.until)))
      connect(state, 'proceed', sink, both(through, not(guardOf(step.until))))
    } else connect(state, 'proceed', sink, through)
    if (step.greedy) restrict(sink, takeGuard(step, place.group))
    connect(state, 'take', state, take)
    this.addStopOfFollowing(place, state)
    if (inner === null) return state
    const ignore = unlessEnded(step, inner)
    const waiting = this.waitingState(step)
    connect(waiting, 'take', state, take)
    connect(waiting, 'ignore', waiting, ignore)
    connect(state, 'ignore', waiting, ignore)
    this.addStopOfFollowing(place, waiting)
    return state
  }

  private groupLoop(place: Place, group: Group, sink: State): State {
    const through = throughGuard(place.group)
    const after = this.state('normal', group)
    const head = this.sequence(group.steps, after, { following: place.following, group, isFirstRound: false })
    connect(head, 'proceed', sink, through)
    connect(after, 'proceed', head, through)
    return head
  }

  /** A run in such a state has passed over an event, and is not held to the gap limit any more. */
  private waitingState(step: Step): State {
    return { kind: 'normal', step: this.numberOf(step), gapMs: 0, edges: [] }
  }

  private state(kind: 'normal' | 'pending', element: Element): State {
    const name = element.kind === 'group' ? 'group' : element
    const limit = element.times === null ? element.withinMs : this.started.has(name) ? element.gapMs : null
    this.started.add(name)
    return { kind, step: this.numberOf(element), gapMs: Math.max(limit ?? 0, 0), edges: [] }
  }

  private numberOf(element: Element): number {
    return this.numbers.get(element) ?? -1
  }

  /** All places where an absence is in force share its state. */
  private stop(step: Step, forbidden: Guard): State {
    const known = this.stops.get(step)
    if (known !== undefined) return known
    const state: State = { kind: 'stop', step: this.numberOf(step), gapMs: 0, edges: [] }
    connect(state, 'take', state, forbidden)
    this.stops.set(step, state)
    return state
  }

  private addStops(place: Place, state: State): void {
    for (const step of absencesBefore(place)) {
      const forbidden = takeGuard(step, place.group)
      connect(state, 'proceed', this.stop(step, forbidden), forbidden)
    }
  }

  private addStopOfFollowing(place: Place, state: State): void {
    if (place.following?.contiguity !== 'notFollowedBy') return
    const step = place.following as Step
    const forbidden = takeGuard(step, place.group)
    connect(state, 'proceed', this.stop(step, forbidden), forbidden)
  }

  /** The sink as an optional element sees it after it took an event: the absences before the element are over. */
  private withoutPassedAbsences(place: Place, sink: State): State {
    const absences = absencesBefore(place)
    if (absences.length === 0 || !elementAt(place).optional) return sink
    const over = new Set(absences.map((step) => this.stops.get(step)))
    const copies = new Map<State, State>()
    const visit = (state: State): State => {
      if (state.kind === 'final') return state
      const known = copies.get(state)
      if (known !== undefined) return known
      const copy: State = { kind: state.kind, step: state.step, gapMs: 0, edges: [] }
      copies.set(state, copy)
      for (const { action, target, guard } of state.edges) {
        if (action !== 'proceed') connect(copy, action, target === state ? copy : target, guard)
        else if (target.kind !== 'stop') connect(copy, action, visit(target), guard)
        else if (!over.has(target)) connect(copy, action, target, guard)
      }
      return copy
    }
    return visit(sink)
  }
}

/** One round of an element: where it leads, and what its event must fulfil. */
interface Round {
  readonly sink: State
  /** Where a run goes that leaves the element out. */
  readonly beyond: State
  readonly take: Guard
  readonly ignore: Guard | null
  readonly isOptional: boolean
}

/** Absences in force while waiting for the element: those before it, looking through optional elements. */
function absencesBefore({ sequence, index }: Place): Step[] {
  const found: Step[] = []
  for (let before = index - 1; before >= 0; before--) {
    const element = sequence[before]
    if (element.contiguity === 'notFollowedBy') found.push(element as Step)
    else if (!element.optional) break
  }
  return found
}

/** What follows a greedy step gets only the events that the step does not want. */
function restrict(state: State, wanted: Guard): void {
  for (const edge of state.edges) edge.guard = both(edge.guard, not(wanted))
}

function copyOf(state: State): State {
  const copy: State = { kind: state.kind, step: state.step, gapMs: 0, edges: [] }
  copy.edges.push(...state.edges.map((edge): Edge => ({ ...edge, target: edge.target === state ? copy : edge.target })))
  return copy
}
