// Random patterns over the whole of the rule language, and what happens on an account that they watch.
import fc from 'fast-check'
import type { OracleAnswer } from '../../shared/cep/oracle/oracle.ts'
import type { Contiguity, Element, Group, Pattern, Skip, Step } from '../../shared/cep/pattern.ts'
import { isLoop, isNegation, numberedSteps } from '../../shared/cep/pattern.ts'
import type { CardCondition, PatternCase } from '../../shared/cep/testing/pattern-case.ts'
import { checkPattern } from '../../shared/cep/validity.ts'

const merchants = ['shop', 'fuel', 'hotel']

/** What fails is made smaller by the first alternative, too. */
const crossing = { withCrossShrink: true } as const

/** One of `n` times; else `nil`. It shrinks to `nil`. */
const oneIn = <T, N>(n: number, arbitrary: fc.Arbitrary<T>, nil: N): fc.Arbitrary<T | N> =>
  fc.oneof(crossing, { weight: n - 1, arbitrary: fc.constant(nil) }, { weight: 1, arbitrary })

const condition: fc.Arbitrary<CardCondition> = fc.record({
  merchants: fc.subarray(merchants, { minLength: 1, maxLength: 2 }),
  limit: oneIn(
    4,
    fc.record({
      kind: fc.constantFrom('count' as const, 'sum', 'average', 'first', 'last'),
      step: fc.nat(7),
      below: fc.integer({ min: 1, max: 6 }),
    }),
    null,
  ),
})

const times = fc.oneof(
  crossing,
  { weight: 5, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: fc.record({ from: fc.integer({ min: 1, max: 2 }), to: fc.constant(null) }) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.nat(2)).map(([from, more]) => ({ from, to: from + more })),
  },
)

const rarely = (n: number): fc.Arbitrary<boolean> => oneIn(n, fc.constant(true), false)
const conditionNumber = fc.integer({ min: -1, max: 5 })
const milliseconds = fc.integer({ min: 1, max: 5 })

const common = {
  times,
  inner: fc.constantFrom('relaxed' as const, 'strict', 'any'),
  optional: rarely(2),
  until: oneIn(3, conditionNumber, -1),
  name: fc.constant(''),
}

const contiguity = (...more: readonly Contiguity[]): fc.Arbitrary<Contiguity> =>
  fc.constantFrom<Contiguity>('followedBy', 'next', 'followedByAny', 'followedBy', 'followedByAny', ...more)

const step: fc.Arbitrary<Step> = fc
  .record({
    kind: fc.constant('step' as const),
    ...common,
    contiguity: contiguity('notNext', 'notFollowedBy'),
    where: conditionNumber,
    greedy: rarely(3),
    gapMs: oneIn(4, milliseconds, null),
    withinMs: oneIn(7, milliseconds, null),
  })
  .map((given) => ({ ...given, gapMs: given.times === null ? null : given.gapMs }))

const groupOf = (inside: fc.Arbitrary<Element>): fc.Arbitrary<Group> =>
  fc.record({
    kind: fc.constant('group' as const),
    ...common,
    greedy: fc.constant(false),
    gapMs: fc.constant(null),
    withinMs: fc.constant(null),
    contiguity: contiguity(),
    steps: fc.array(inside, { minLength: 1, maxLength: 3 }),
  })

const inGroup = fc.oneof(
  crossing,

  { weight: 7, arbitrary: step as fc.Arbitrary<Element> },
  { weight: 1, arbitrary: groupOf(step) },
)
const element = fc.oneof(
  crossing,

  { weight: 4, arbitrary: step as fc.Arbitrary<Element> },
  { weight: 1, arbitrary: groupOf(inGroup) },
)

const pattern: fc.Arbitrary<Pattern> = fc
  .record({
    steps: fc.array(element, { minLength: 1, maxLength: 4 }),
    withinMs: oneIn(2, fc.integer({ min: 2, max: 9 }), null),
    strategy: fc.constantFrom('none' as const, 'none', 'next', 'past-last', 'past-last', 'to-first', 'to-last'),
    skipTo: fc.nat(3),
    onMissError: rarely(3),
  })
  .map(({ steps, withinMs, strategy, skipTo, onMissError }) => {
    const named = asSequence(steps).map(naming())
    const outer = named.filter(({ kind }) => kind === 'step')
    const isToStep = strategy === 'to-first' || strategy === 'to-last'
    const skip: Skip =
      !isToStep || outer.length === 0
        ? { strategy: isToStep ? 'none' : strategy }
        : { strategy, step: outer[skipTo % outer.length].name, onMissError }
    return bounded({ steps: named, withinMs, skip })
  })
  .filter((given) => checkPattern(given).problems.length === 0)

export const patternCase: fc.Arbitrary<PatternCase> = fc
  .record({
    pattern,
    conditions: fc.array(condition, { minLength: 6, maxLength: 6 }),
    cards: fc.array(
      fc.record({
        merchant: fc.constantFrom(...merchants),
        amount: fc.integer({ min: 1, max: 3 }),
        at: fc.constantFrom(0, 1, 1, 1, 3),
      }),
      { minLength: 3, maxLength: 9, size: 'max' },
    ),
    until: fc.nat(12),
  })
  .map((given) => {
    let now = 0
    const cards = given.cards.map((card) => {
      now += card.at
      return { ...card, at: now }
    })
    const readable = numberedSteps(given.pattern).flatMap((each, number) => (isNegation(each) ? [] : [number]))
    const conditions = given.conditions.map(({ merchants: at, limit }) => ({
      merchants: at,
      limit: limit === null ? null : { ...limit, step: readable[limit.step % readable.length] },
    }))
    return { pattern: given.pattern, conditions, cards, until: now + given.until }
  })

/** What the language asks of a sequence: it begins, an absence is nothing else and follows what is there, only a loop has an `until`. */
function asSequence(elements: readonly Element[]): readonly Element[] {
  return elements.map((given, index): Element => {
    const isAbsence = index > 0 && isNegation(given)
    const isBeforeAbsence = elements[index + 1] !== undefined && isNegation(elements[index + 1])
    const settled = {
      contiguity: index === 0 ? 'begin' : given.contiguity,
      times: isAbsence ? null : given.times,
      optional: given.optional && !isAbsence && !isBeforeAbsence,
      greedy: given.greedy && !isAbsence,
      until: isLoop(given) && !isAbsence ? given.until : -1,
      gapMs: isAbsence ? null : given.gapMs,
    } as const
    return given.kind === 'step' ? { ...given, ...settled } : { ...given, ...settled, steps: asSequence(given.steps) }
  })
}

/** Names for steps and groups, counted in the order in which they are written. */
function naming(): (given: Element) => Element {
  let steps = 0
  let groups = 0
  const named = (given: Element): Element =>
    given.kind === 'step'
      ? { ...given, name: `s${steps++}` }
      : { ...given, name: `g${groups++}`, steps: given.steps.map(named) }
  return named
}

/** A trailing absence gets a window, and no limit is longer than it. */
function bounded(given: Pattern): Pattern {
  const isEndless = checkPattern(given).problems.some(({ code }) => code === 'trailing-notFollowedBy-without-window')
  const withinMs = isEndless ? 6 : given.withinMs
  const cut = (ms: number | null): number | null => (ms === null || withinMs === null ? ms : Math.min(ms, withinMs))
  const shorter = (each: Element): Element => {
    const limits = { gapMs: cut(each.gapMs), withinMs: cut(each.withinMs) }
    return each.kind === 'step' ? { ...each, ...limits } : { ...each, ...limits, steps: each.steps.map(shorter) }
  }
  return { ...given, withinMs, steps: given.steps.map(shorter) }
}

/** What is worth counting about a case: the parts of the language in it, and what became of it. */
export function traitsOf({ pattern: given, conditions, cards }: PatternCase, answer: OracleAnswer): readonly string[] {
  const traits = new Set<string>()
  const visit = (elements: readonly Element[], depth: number): void => {
    for (const each of elements) {
      traits.add(each.contiguity)
      if (each.kind === 'group') traits.add(depth > 0 ? 'group in a group' : 'group')
      if (isLoop(each)) traits.add(each.kind === 'group' ? 'loop of a group' : 'loop')
      else if (each.times !== null) traits.add('times')
      if (each.times !== null) traits.add(`inner ${each.inner}`)
      if (each.optional) traits.add('optional')
      if (each.greedy && each.times !== null) traits.add('greedy')
      if (each.until >= 0) traits.add(each.greedy ? 'until, greedy' : 'until')
      if (each.gapMs !== null) traits.add('gap')
      if (each.withinMs !== null) traits.add('within of a step')
      for (const number of [each.until, each.kind === 'step' ? each.where : -1])
        if (number >= 0 && conditions[number].limit !== null) traits.add('condition on events taken')
      if (each.kind === 'group') visit(each.steps, depth + 1)
    }
  }
  visit(given.steps, 0)
  const last = given.steps[given.steps.length - 1]
  if (isNegation(last)) traits.add(`trailing ${last.contiguity}`)
  if (given.withinMs !== null) traits.add('within')
  traits.add(`skip ${given.skip.strategy}`)
  if ('step' in given.skip && given.skip.onMissError) traits.add('skip on-miss')
  if (cards.some(({ at }, i) => i > 0 && at === cards[i - 1].at)) traits.add('simultaneous events')
  const told = answer.reports.flat()
  for (const { what } of told) traits.add(`told: ${what}`)
  if (told.some(({ what }) => what === 'matched' || what === 'stands')) traits.add('at least one match')
  if (Math.max(...answer.open) > 20) traits.add('more than 20 runs at a time')
  return [...traits]
}
