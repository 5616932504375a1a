import type { Guard } from './guard.ts'
import { always, both, guardOf, not } from './guard.ts'
import type { Element, Group, Step } from './pattern.ts'

/**
 * The automaton while it is being built: states that refer to each other. `start`: where every run begins. `final`: a match.
 * `stop`: an event forbidden by an absence; it ends the run. `pending`: a match unless the forbidden event comes in time.
 */
export interface State {
  kind: 'start' | 'normal' | 'pending' | 'stop' | 'final'
  /** Number of the step that an event taken from here goes to; -1: nothing is taken. */
  readonly step: number
  /** A run may stay here for less than this many ms after its last event; 0: no limit. */
  readonly gapMs: number
  readonly edges: Edge[]
}

/**
 * `take` puts the event into the run, `ignore` passes over it, `proceed` looks at the same event from another state.
 * The order of a state's edges is the order in which what comes of them is reported.
 */
export interface Edge {
  readonly action: 'take' | 'ignore' | 'proceed'
  readonly target: State
  guard: Guard
}

export function connect(from: State, action: Edge['action'], target: State, guard: Guard): void {
  from.edges.push({ action, target, guard })
}

/** Where an element stands while it is compiled. */
export interface Place {
  readonly sequence: readonly Element[]
  readonly index: number
  /** The element that follows in this sequence; for the last one of a group, what follows the group. */
  readonly following: Element | null
  /** The innermost group around it. */
  readonly group: Group | null
  /** False in the second and later rounds of the group. */
  readonly isFirstRound: boolean
}

export function elementAt(place: Place): Element {
  return place.sequence[place.index]
}

/** The first element of a group stands to what came before as the group does, whatever is written on it. */
export function isGroupHead(place: Place): boolean {
  return place.group !== null && place.index === 0
}

type Strategy = 'strict' | 'relaxed' | 'any'

/** How the element's first event stands to the event before; null where nothing may be passed over. */
export function ignoreGuard(place: Place): Guard | null {
  const { group } = place
  const element = elementAt(place)
  if (group === null || !isGroupHead(place)) return passOver(place, strategyOf(element))
  return passOver(place, place.isFirstRound ? strategyOf(group) : group.inner)
}

/** The same between the events of one step. At the head of a group, the group's `inner` overrules the step's. */
export function innerIgnoreGuard(place: Place): Guard | null {
  const { group } = place
  return passOver(place, group !== null && isGroupHead(place) ? group.inner : elementAt(place).inner)
}

function strategyOf(element: Element): Strategy {
  if (element.contiguity === 'followedBy') return 'relaxed'
  return element.contiguity === 'followedByAny' ? 'any' : 'strict'
}

function passOver(place: Place, strategy: Strategy): Guard | null {
  if (strategy === 'strict') return null
  return unlessEnded(place.group, strategy === 'any' ? always : not(whereOf(elementAt(place))))
}

/** What an event must fulfil to be taken, by the element and by the group around it. */
export function takeGuard(element: Element, group: Group | null): Guard {
  return unlessEnded(group, whereOf(element))
}

/** What an event must fulfil to go on without being looked at: nothing, but the group's end ends all in it. */
export function throughGuard(group: Group | null): Guard {
  return unlessEnded(group, always)
}

/** Holds where `loop` has not come to its `until` and the guard holds. */
export function unlessEnded(loop: Step | Group | null, guard: Guard): Guard {
  return loop === null || loop.until < 0 ? guard : both(not(guardOf(loop.until)), guard)
}

function whereOf(element: Element): Guard {
  return element.kind === 'step' ? guardOf(element.where) : always
}
