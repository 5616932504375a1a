import type { Element, Group, Pattern, Step } from '../pattern.ts'
import { isLoop, isNegation, numberedSteps } from '../pattern.ts'

/**
 * Where a run stands between two events, and the ways on from there. `end`: a match. `forbidden`: an absence was broken. `silent`: a
 * match if nothing forbidden comes in time. Places are plain objects that refer to each other; nothing is numbered, joined or simplified.
 */
export interface Place {
  readonly kind: 'waiting' | 'silent' | 'forbidden' | 'end'
  /** Number of the step that an event taken from here goes to. */
  readonly step: number
  /** A run stays here for less than this many ms after its last event; Infinity: as long as it likes. */
  readonly limitMs: number
  readonly ways: Way[]
}

/** `take` the event, `pass` over it, or look at the same event from the place behind. */
export interface Way {
  readonly kind: 'take' | 'pass' | 'look'
  readonly to: Place
  test: Test
}

/** What is asked of an event, given which conditions hold for it and the run. */
export type Test = (holds: (condition: number) => boolean) => boolean

/**
 * The place where every run begins. Elements are laid out from the last to the first, each before the places behind it, as Flink does:
 * that a place exists already when another one is made decides results. What the vectors and recorded answers say is marked by Q.
 */
export function placesOf(pattern: Pattern): Place {
  const end: Place = { kind: 'end', step: -1, limitMs: Infinity, ways: [] }
  return new Layout(pattern).sequence(pattern.steps, { after: end, group: null, round: 'first', following: null })
}

/** What surrounds a sequence: the place behind it, the innermost group, and the element behind that group. */
interface Scope {
  readonly after: Place
  readonly group: Group | null
  readonly round: 'first' | 'later'
  readonly following: Element | null
}

/** One element with its surroundings. */
interface Spot extends Omit<Scope, 'after'> {
  readonly element: Element
  readonly isHeadOfGroup: boolean
  /** Absences that hold while the element is waited for, looking back through optional elements. */
  readonly absences: readonly Step[]
}

class Layout {
  private readonly numbers: ReadonlyMap<Element, number>
  private readonly broken = new Map<Step, Place>()
  private readonly placed = new Set<Element>()
  /** Of a place that a greedy loop with an `until` took events from: what it would see otherwise. */
  private readonly ungreedy = new Map<Place, Place>()

  constructor(pattern: Pattern) {
    this.numbers = new Map(numberedSteps(pattern).map((step, number) => [step, number]))
  }

  sequence(elements: readonly Element[], { after, group, round, following }: Scope): Place {
    return elements.reduceRight((behind, element, index) => {
      const spot: Spot = {
        ...{ element, group, round, isHeadOfGroup: group !== null && index === 0 },
        following: elements[index + 1] ?? following,
        absences: absencesBefore(elements, index),
      }
      if (element.kind === 'step' && isNegation(element)) return this.absence(spot, element, behind)
      return this.counted(spot, behind)
    }, after)
  }

  private absence(spot: Spot, step: Step, behind: Place): Place {
    const broken = takes(spot)
    const isLast = behind.kind === 'end'
    if (step.contiguity === 'notNext') {
      const place = this.place('waiting', step, this.limitOf(step))
      // Last of all: the match waits for one more event.
      place.ways.push({ kind: isLast ? 'pass' : 'look', to: behind, test: not(broken) }, this.stop(step, broken))
      return place
    }
    // Between elements it is kept by the places around it. Q: it is not kept at the end of a group that something follows.
    if (!isLast) return behind
    const place = this.place('silent', step, this.limitOf(step))
    place.ways.push(this.stop(step, broken), { kind: 'pass', to: place, test: not(broken) })
    return place
  }

  /** An element as often as its `times` say. */
  private counted(spot: Spot, behind: Place): Place {
    const { element } = spot
    const { times } = element
    if (times === null) {
      const head = this.once(spot, { to: behind, beyond: behind, isOptional: element.optional, isFirst: true })
      head.ways.push(...this.stops(spot))
      return head
    }
    if (element.kind === 'step' && element.greedy && !isLoop(element) && times.from !== times.to)
      keepFrom(behind, takes(spot))
    let next = isLoop(element) ? this.loop(spot, this.whenTaken(spot, behind)) : behind
    for (let round = times.to ?? times.from; round > 1; round--) {
      next = this.once(spot, { to: next, beyond: behind, isOptional: round > times.from, isFirst: false })
      next.ways.push(...this.stopsOfFollowing(spot))
    }
    const head = this.once(spot, { to: next, beyond: behind, isOptional: element.optional, isFirst: true })
    head.ways.push(...this.stops(spot))
    return head
  }

  private once(spot: Spot, round: Round): Place {
    const { element, group } = spot
    if (element.kind === 'step') return this.event(spot, element, round)
    const head = this.sequence(element.steps, {
      ...{ after: round.to, group: element, following: spot.following },
      round: round.isFirst ? 'first' : 'later',
    })
    if (round.isOptional) head.ways.push({ kind: 'look', to: round.beyond, test: unlessUntil(group, always) })
    return head
  }

  /** One event of a step. */
  private event(spot: Spot, step: Step, { to, beyond, isOptional, isFirst }: Round): Place {
    const { group } = spot
    const place = this.place('waiting', step, this.limitOf(step))
    const taken = this.whenTaken(spot, to)
    const take = unlessUntil(step, takes(spot))
    place.ways.push({ kind: 'take', to: taken, test: take })
    if (isOptional) {
      const through = unlessUntil(group, always)
      if (step.greedy && step.until >= 0) {
        const stopped = condition(step.until)
        place.ways.push({ kind: 'look', to: this.ungreedy.get(beyond) ?? beyond, test: both(through, stopped) })
        place.ways.push({ kind: 'look', to: beyond, test: both(through, not(stopped)) })
      } else place.ways.push({ kind: 'look', to: beyond, test: through })
    }
    const pass = isFirst ? passes(spot) : passesWithin(spot)
    if (pass === null) return place
    const isHeadOfOptionalGroup = spot.isHeadOfGroup && spot.round === 'first' && group?.optional === true
    if (!isOptional && !isHeadOfOptionalGroup) {
      place.ways.push({ kind: 'pass', to: place, test: pass })
      return place
    }
    // Q: who has passed over an event may not leave the step out any more, and no limit holds.
    const waiting = this.place('waiting', step, Infinity)
    waiting.ways.push({ kind: 'take', to: taken, test: take }, { kind: 'pass', to: waiting, test: pass })
    waiting.ways.push(...this.stops(spot))
    place.ways.push({ kind: 'pass', to: waiting, test: pass })
    return place
  }

  /** What follows the last event that an element without an upper end must have. */
  private loop(spot: Spot, behind: Place): Place {
    const { element, group } = spot
    const through = unlessUntil(group, always)
    if (element.kind === 'group') {
      const roundEnd = this.place('waiting', element, this.limitOf(element))
      const scope = { after: roundEnd, group: element, round: 'later', following: spot.following } as const
      const head = this.sequence(element.steps, scope)
      head.ways.push({ kind: 'look', to: behind, test: through })
      roundEnd.ways.push({ kind: 'look', to: head, test: through })
      return head
    }
    const place = this.place('waiting', element, this.limitOf(element))
    if (element.greedy && element.until >= 0) {
      const stopped = condition(element.until)
      const free = copyOf(behind)
      this.ungreedy.set(behind, free)
      place.ways.push({ kind: 'look', to: free, test: both(through, stopped) })
      place.ways.push({ kind: 'look', to: behind, test: both(through, not(stopped)) })
    } else place.ways.push({ kind: 'look', to: behind, test: through })
    if (element.greedy) keepFrom(behind, takes(spot))
    const take = unlessUntil(element, takes(spot))
    place.ways.push({ kind: 'take', to: place, test: take }, ...this.stopsOfFollowing(spot))
    const pass = passesWithin(spot)
    if (pass === null) return place
    const waiting = this.place('waiting', element, Infinity)
    waiting.ways.push({ kind: 'take', to: place, test: take }, { kind: 'pass', to: waiting, test: pass })
    waiting.ways.push(...this.stopsOfFollowing(spot))
    place.ways.push({ kind: 'pass', to: waiting, test: pass })
    return place
  }

  /** Q: once an optional element has taken an event, the absences before it are over. */
  private whenTaken({ element, absences }: Spot, behind: Place): Place {
    if (!element.optional || absences.length === 0) return behind
    const over = new Set(absences.map((step) => this.broken.get(step)))
    const copies = new Map<Place, Place>()
    const copied = (place: Place): Place => {
      if (place.kind === 'end') return place
      const known = copies.get(place)
      if (known !== undefined) return known
      const copy: Place = { ...place, limitMs: Infinity, ways: [] }
      copies.set(place, copy)
      for (const way of place.ways) {
        if (over.has(way.to)) continue
        if (way.kind === 'look' && way.to.kind !== 'forbidden') copy.ways.push({ ...way, to: copied(way.to) })
        else copy.ways.push(way.to === place ? { ...way, to: copy } : { ...way })
      }
      return copy
    }
    return copied(behind)
  }

  private place(kind: Place['kind'], element: Element, limitMs: number): Place {
    return { kind, step: this.numbers.get(element) ?? -1, limitMs, ways: [] }
  }

  /** Q: of the places of a step that is counted, the one for its last event has no limit: it is laid out first. */
  private limitOf(element: Element): number {
    const isFirst = !this.placed.has(element)
    this.placed.add(element)
    const limit = element.times === null ? element.withinMs : isFirst ? null : element.gapMs
    return limit === null || limit <= 0 ? Infinity : limit
  }

  private stops(spot: Spot): Way[] {
    return spot.absences.map((step) => this.stop(step, takes({ ...spot, element: step })))
  }

  /** While an element takes more, the absence behind it holds already. */
  private stopsOfFollowing(spot: Spot): Way[] {
    const { following } = spot
    if (following?.kind !== 'step' || following.contiguity !== 'notFollowedBy') return []
    return [this.stop(following, takes({ ...spot, element: following }))]
  }

  private stop(step: Step, test: Test): Way {
    let place = this.broken.get(step)
    if (place === undefined) {
      place = this.place('forbidden', step, Infinity)
      place.ways.push({ kind: 'take', to: place, test })
      this.broken.set(step, place)
    }
    return { kind: 'look', to: place, test }
  }
}

interface Round {
  readonly to: Place
  /** Where a run goes on that leaves the element out. */
  readonly beyond: Place
  readonly isOptional: boolean
  readonly isFirst: boolean
}

function absencesBefore(elements: readonly Element[], index: number): Step[] {
  const found: Step[] = []
  for (let before = index - 1; before >= 0; before--) {
    const element = elements[before]
    if (element.kind === 'step' && element.contiguity === 'notFollowedBy') found.push(element)
    else if (!element.optional) break
  }
  return found
}

/** A greedy step keeps its events from all ways that the place behind it has by then. Q: the end has none. */
function keepFrom(place: Place, wanted: Test): void {
  for (const way of place.ways) way.test = both(way.test, not(wanted))
}

function copyOf(place: Place): Place {
  const copy: Place = { ...place, limitMs: Infinity, ways: [] }
  copy.ways.push(...place.ways.map((way) => ({ ...way, to: way.to === place ? copy : way.to })))
  return copy
}

const always: Test = () => true
const condition =
  (number: number): Test =>
  (holds) =>
    number < 0 || holds(number)
const not =
  (test: Test): Test =>
  (holds) =>
    !test(holds)
const both =
  (one: Test, other: Test): Test =>
  (holds) =>
    one(holds) && other(holds)

/** The event that ends a loop is for nothing in it. */
const unlessUntil = (loop: Element | null, test: Test): Test =>
  loop === null || loop.until < 0 ? test : both(not(condition(loop.until)), test)

function takes({ element, group }: Pick<Spot, 'element' | 'group'>): Test {
  return unlessUntil(group, condition(element.kind === 'step' ? element.where : -1))
}

/** What may be passed over before the element's first event: of the first one in a group, by the group's contiguity or `inner`. */
function passes(spot: Spot): Test | null {
  const { element, group, isHeadOfGroup, round } = spot
  if (!isHeadOfGroup || group === null) return passesBy(spot, element.contiguity)
  return passesBy(spot, round === 'first' ? group.contiguity : group.inner)
}

/** What may be passed over between two events of a step. Q: at the head of a group, the group's `inner` counts. */
function passesWithin(spot: Spot): Test | null {
  const { element, group, isHeadOfGroup } = spot
  const { inner } = isHeadOfGroup && group !== null ? group : element
  const test = passesBy(spot, inner)
  return test === null || element.kind === 'group' ? test : unlessUntil(element, test)
}

function passesBy({ element, group }: Spot, contiguity: string): Test | null {
  const where = condition(element.kind === 'step' ? element.where : -1)
  if (contiguity === 'followedByAny' || contiguity === 'any') return unlessUntil(group, always)
  return contiguity === 'followedBy' || contiguity === 'relaxed' ? unlessUntil(group, not(where)) : null
}
