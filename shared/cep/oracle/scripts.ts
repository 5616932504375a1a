import type { Element, Group, Pattern, Step } from '../pattern.ts'

/**
 * A pattern written out: every way in which its quantifiers can be counted, as a plain list of events to come. `a{1,2} b?` has
 * the scripts a, ab, aa, aab. Conditions are numbers; −1 holds for every event.
 *
 * Left out, since Flink decides them by the shape of its automaton: limits on gaps, loops over groups, and absences or greedy
 * steps beside groups, ranges, optional steps and each other. `isPlain` says whether a pattern keeps clear of them.
 */
export interface Script {
  readonly slots: readonly Slot[]
  /** What must happen after the last event: nothing; one more event, but not this; time, and meanwhile not this. */
  readonly end: { readonly kind: 'at-once' } | { readonly kind: 'next' | 'time'; readonly not: number }
}

/** One event of a script, and what may happen while it is waited for. */
export interface Slot {
  readonly step: number
  readonly where: number
  /** May other events be passed over: none; those that do not fit; any. */
  readonly pass: 'strict' | 'relaxed' | 'any'
  /** The event must not fulfil this. */
  readonly notTaken: readonly number[]
  /** Nor what is passed over this. */
  readonly notPassed: readonly number[]
  /** An event that fulfils this ends the wait, and the script unless it is complete with it. */
  readonly forbidden: readonly number[]
  /** The very next event must not fulfil this. */
  readonly notNext: readonly number[]
}

/** @param slotsMax of scripts with more slots only the beginning is written: one slot more than there are events will do */
export function scriptsOf(pattern: Pattern, slotsMax: number): readonly Script[] {
  const writer = new ScriptWriter(slotsMax)
  const drafts = distinct(writer.sequence(pattern.steps, { group: null, round: 1 }, [empty]), slotsMax)
  const last = pattern.steps[pattern.steps.length - 1]
  const not = last.kind === 'step' ? last.where : -1
  return drafts.map(({ slots }) => {
    if (last.contiguity === 'notNext') return { slots, end: { kind: 'next', not } }
    return { slots, end: last.contiguity === 'notFollowedBy' ? { kind: 'time', not } : { kind: 'at-once' } }
  })
}

/** True where the scripts say all there is to say. */
export function isPlain(elements: readonly Element[], isInGroup = false): boolean {
  return elements.every((element, index) => {
    const before = elements[index - 1]
    const after = elements[index + 1]
    const isAbsence = element.contiguity === 'notNext' || element.contiguity === 'notFollowedBy'
    if (element.gapMs !== null || element.withinMs !== null) return false
    if (isAbsence) return isPlainAbsence(elements, index, isInGroup)
    if (element.greedy) {
      if (isInGroup || element.inner === 'any' || element.until >= 0) return false
      if (element.optional && before?.contiguity === 'notFollowedBy') return false
      if (after === undefined) return true
      return after.kind === 'step' && !after.optional && after.times === null && !after.contiguity.startsWith('not')
    }
    if (element.kind === 'step') return true
    if (element.times !== null && element.times.from !== element.times.to) return false
    return element.until < 0 && element.steps.some((step) => !step.optional) && isPlain(element.steps, true)
  })
}

/** An absence is plain between elements that take events in one way only; it reaches to the first that is not optional. */
function isPlainAbsence(elements: readonly Element[], index: number, isInGroup: boolean): boolean {
  const before = elements[index - 1]
  const after = elements.slice(index + 1)
  if (before.kind === 'group' || before.optional || before.greedy || before.contiguity.startsWith('not')) return false
  if (isRange(before) || (isInGroup && before.times !== null)) return false
  const mandatory = after.findIndex((element) => !element.optional)
  if (mandatory < 0 && isInGroup) return false
  const reached = mandatory < 0 ? after : after.slice(0, mandatory + 1)
  if (reached.some((element) => element.kind === 'group' || isRange(element))) return false
  if (reached.filter(({ optional }) => optional).length > 1) return false
  if (elements[index].contiguity === 'notNext') return after.length === 0 || mandatory >= 0
  return after.length > 0 || before.times === null || before.times.from === before.times.to
}

function isRange({ times }: Element): boolean {
  return times !== null && times.to !== null && times.from !== times.to
}

interface Draft {
  readonly slots: readonly Slot[]
  /** Absences in force since the last event. */
  readonly forbidden: readonly number[]
  readonly notNext: readonly number[]
  /** What the greedy step before wants for itself. */
  readonly wanted: readonly number[]
}

interface Scope {
  readonly group: Group | null
  readonly round: number
}

const empty: Draft = { slots: [], forbidden: [], notNext: [], wanted: [] }

class ScriptWriter {
  private readonly slotsMax: number
  private readonly numbers = new Map<Step, number>()

  constructor(slotsMax: number) {
    this.slotsMax = slotsMax
  }

  sequence(elements: readonly Element[], scope: Scope, drafts: readonly Draft[]): readonly Draft[] {
    let written = drafts
    for (let index = 0; index < elements.length; index++) {
      const isFull = ({ slots }: Draft): boolean => slots.length >= this.slotsMax
      const open = written.filter((draft) => !isFull(draft))
      written = [...written.filter(isFull), ...this.element(elements, index, scope, open)]
    }
    return written
  }

  private element(
    elements: readonly Element[],
    index: number,
    scope: Scope,
    before: readonly Draft[],
  ): readonly Draft[] {
    const element = elements[index]
    if (element.kind === 'step' && !this.numbers.has(element)) this.numbers.set(element, this.numbers.size)
    if (element.kind === 'step' && element.contiguity === 'notNext')
      return before.map((draft) => ({ ...draft, notNext: [...draft.notNext, element.where] }))
    if (element.kind === 'step' && element.contiguity === 'notFollowedBy')
      return before.map((draft) => ({ ...draft, forbidden: [...draft.forbidden, element.where] }))
    const from = element.times?.from ?? 1
    const to = element.times === null ? 1 : (element.times.to ?? this.slotsMax)
    const found: Draft[] = element.optional ? [...before] : []
    let current = before
    for (let round = 1; round <= to; round++) {
      current =
        element.kind === 'group'
          ? this.sequence(element.steps, { group: element, round }, current)
          : current.map((draft) => this.take(draft, element, { elements, index, scope, round }))
      if (round >= from) found.push(...current)
    }
    const isWanting = element.kind === 'step' && element.greedy && element.times !== null && from !== element.times.to
    return isWanting ? found.map((draft) => ({ ...draft, wanted: [element.where] })) : found
  }

  private take(
    draft: Draft,
    step: Step,
    at: { elements: readonly Element[]; index: number; scope: Scope; round: number },
  ): Draft {
    const isHead = at.scope.group !== null && at.index === 0
    const outer = isHead && at.scope.group !== null ? at.scope.group : step
    const inner = outer.inner
    const isAgain = at.round > 1
    const contiguity = isHead && at.scope.round > 1 ? inner : passOf(outer)
    const after = at.elements[at.index + 1]
    const until = step.until < 0 ? [] : [step.until]
    const slot: Slot = {
      step: this.numbers.get(step) ?? -1,
      where: step.where,
      pass: isAgain ? inner : contiguity,
      notTaken: [...until, ...draft.wanted],
      notPassed: [...(isAgain ? until : []), ...draft.wanted],
      forbidden: isAgain && after?.contiguity === 'notFollowedBy' ? [(after as Step).where] : draft.forbidden,
      notNext:
        at.round > (step.times?.from ?? 1) && after?.contiguity === 'notNext' ? [(after as Step).where] : draft.notNext,
    }
    return { slots: [...draft.slots, slot], forbidden: [], notNext: [], wanted: [] }
  }
}

/** Beginnings are there to be waited in, so one of each will do. Whole scripts that are equal are matches of their own. */
function distinct(drafts: readonly Draft[], slotsMax: number): readonly Draft[] {
  const beginnings = drafts.filter(({ slots }) => slots.length >= slotsMax)
  return [
    ...drafts.filter(({ slots }) => slots.length < slotsMax),
    ...new Map(beginnings.map((draft) => [JSON.stringify(draft.slots), draft])).values(),
  ]
}

function passOf(element: Element): Slot['pass'] {
  if (element.contiguity === 'followedBy') return 'relaxed'
  return element.contiguity === 'followedByAny' ? 'any' : 'strict'
}
