import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Arena } from '#shared/memory/arena'
import { compile } from './compile.ts'
import { Matcher } from './matcher.ts'
import type { Holds, OracleAnswer, TakenEvent } from './oracle/oracle.ts'
import { oracle } from './oracle/oracle.ts'
import { isPlain } from './oracle/scripts.ts'
import type { Contiguity, Element, Group, Pattern, Skip, Step } from './pattern.ts'
import { numberedSteps } from './pattern.ts'
import type { Match } from './sink.ts'
import { checkPattern } from './validity.ts'

/** More with VIGIL_TEST_CASES. */
const cases = Number(process.env['VIGIL_TEST_CASES'] ?? 3000)

interface Card {
  readonly merchant: string
  readonly amount: number
  readonly at: number
}

/** At certain merchants; and of those, maybe only while a step has few events or little money in it. */
interface Condition {
  readonly merchants: readonly string[]
  readonly limit: { readonly kind: 'count' | 'sum'; readonly step: number; readonly below: number } | null
}

interface Case {
  readonly pattern: Pattern
  readonly conditions: readonly Condition[]
  readonly cards: readonly Card[]
  readonly until: number
}

const condition: fc.Arbitrary<Condition> = fc.record({
  merchants: fc.subarray(['shop', 'fuel', 'hotel'], { minLength: 1, maxLength: 2 }),
  limit: fc.option(
    fc.record({
      kind: fc.constantFrom('count' as const, 'sum' as const),
      step: fc.nat(3),
      below: fc.integer({ min: 1, max: 6 }),
    }),
    { freq: 3 },
  ),
})

const times = fc.oneof(
  { weight: 5, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.record({ from: fc.integer({ min: 1, max: 2 }), to: fc.constant(null) }) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.nat(2)).map(([from, more]) => ({ from, to: from + more })),
  },
)

const common = {
  times,
  inner: fc.constantFrom('strict' as const, 'relaxed' as const, 'any' as const),
  optional: fc.boolean(),
  greedy: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  gapMs: fc.constant(null),
  withinMs: fc.constant(null),
  name: fc.constant(''),
}

const contiguity = fc.constantFrom<Contiguity>(
  'next',
  'followedBy',
  'followedBy',
  'followedByAny',
  'notNext',
  'notFollowedBy',
)

const step: fc.Arbitrary<Step> = fc
  .record({
    kind: fc.constant('step' as const),
    ...common,
    contiguity,
    where: fc.integer({ min: -1, max: 4 }),
    until: fc.integer({ min: -9, max: 4 }).map((n) => Math.max(n, -1)),
  })
  .map((given) => {
    if (given.contiguity.startsWith('not')) return { ...given, times: null, optional: false, greedy: false, until: -1 }
    return { ...given, until: given.times?.to === null ? given.until : -1 }
  })

const group: fc.Arbitrary<Group> = fc.record({
  kind: fc.constant('group' as const),
  ...common,
  greedy: fc.constant(false),
  times: fc.constantFrom(null, { from: 2, to: 2 }),
  contiguity: fc.constantFrom<Contiguity>('next', 'followedBy', 'followedByAny'),
  until: fc.constant(-1),
  steps: fc.array(step, { minLength: 1, maxLength: 3 }).map(asSequence),
})

const skip: fc.Arbitrary<Skip> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ strategy: fc.constantFrom('none' as const, 'next', 'past-last') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      strategy: fc.constantFrom('to-first' as const, 'to-last'),
      step: fc.constant('s0'),
      onMissError: fc.constant(false),
    }),
  },
)

const pattern: fc.Arbitrary<Pattern> = fc
  .record({
    steps: fc
      .array(fc.oneof({ weight: 6, arbitrary: step as fc.Arbitrary<Element> }, { weight: 1, arbitrary: group }), {
        minLength: 1,
        maxLength: 4,
      })
      .map(asSequence)
      .map(named),
    withinMs: fc.option(fc.integer({ min: 2, max: 9 }), { freq: 2 }),
    skip,
  })
  .filter((given) => checkPattern(given).problems.length === 0 && isPlain(given.steps))

const anyCase: fc.Arbitrary<Case> = fc
  .record({
    pattern,
    conditions: fc.array(condition, { minLength: 5, maxLength: 5 }),
    cards: fc.array(
      fc.record({
        merchant: fc.constantFrom('shop', 'fuel', 'hotel'),
        amount: fc.integer({ min: 1, max: 3 }),
        at: fc.constantFrom(0, 1, 1, 1, 3),
      }),
      { minLength: 2, maxLength: 7 },
    ),
    until: fc.nat(12),
  })
  .map((given) => {
    let now = 0
    const cards = given.cards.map((card) => {
      now += card.at
      return { ...card, at: now }
    })
    return { ...given, cards, until: now + given.until }
  })

/** The first element of a sequence begins it. */
function asSequence<T extends Element>(elements: readonly T[]): T[] {
  return elements.map((element, index) => {
    if (index > 0) return element
    const isAbsence = element.contiguity.startsWith('not')
    return { ...element, contiguity: 'begin', optional: isAbsence ? false : element.optional }
  })
}

function named(elements: readonly Element[]): readonly Element[] {
  let number = 0
  const name = (element: Element): Element =>
    element.kind === 'step' ? { ...element, name: `s${number++}` } : { ...element, steps: element.steps.map(name) }
  return elements.map(name)
}

function holdsIn({ conditions, cards }: Case): Holds {
  return (number, event, taken) => {
    const { merchants, limit } = conditions[number]
    if (!merchants.includes(cards[event].merchant)) return false
    if (limit === null) return true
    const inStep = taken.filter(({ step: taker }) => taker === limit.step)
    if (limit.kind === 'count') return inStep.length < limit.below
    return inStep.reduce((sum, { event: index }) => sum + cards[index].amount, cards[event].amount) < limit.below
  }
}

function matcherAnswer(given: Case): OracleAnswer {
  const steps = numberedSteps(given.pattern).length
  const holds = holdsIn(given)
  const found = { matches: [] as TakenEvent[][], timeouts: [] as { taken: TakenEvent[]; at: number }[] }
  const read = (match: Match): TakenEvent[] =>
    Array.from({ length: match.length }, (_, i) => ({ step: match.step(i), event: match.position(i) }))
  const raised = new Set<number>()
  const arena = new Arena(1 << 20)
  let judged = 0
  const matcher: Matcher = new Matcher({
    automaton: compile(given.pattern, (number) => given.conditions[number].limit !== null),
    arena,
    runsMax: 10_000,
    eventsMax: 100_000,
    judge: {
      holds: (number) => {
        const taken: TakenEvent[] = []
        for (let taker = 0; taker < steps; taker++)
          for (let i = 0; i < matcher.taken.count(taker); i++)
            taken.push({ step: taker, event: matcher.taken.position(taker, i) })
        return holds(number, judged, taken)
      },
    },
    sink: {
      matched: (match) => void found.matches.push(read(match)),
      raised: (match) => {
        expect(raised.has(match.number), 'a number is given twice').toBe(false)
        raised.add(match.number)
      },
      stands: (match) => {
        expect(raised.delete(match.number), 'stands, but was not raised').toBe(true)
        found.matches.push(read(match))
      },
      withdrawn: (match) => void expect(raised.delete(match.number), 'withdrawn, but was not raised').toBe(true),
      missed: () => expect.unreachable('no pattern here asks for it'),
      timedOut: (match) => void found.timeouts.push({ taken: read(match), at: match.at }),
      refused: () => expect.unreachable('nothing here comes near a bound'),
    },
  })
  let handle = 0
  given.cards.forEach(({ at }, event) => {
    judged = event
    handle = matcher.step(matcher.advance(handle, at), event, at)
    const bytes = matcher.encode(handle)
    matcher.release(handle)
    handle = matcher.decode(bytes)
  })
  handle = matcher.advance(handle, given.until)
  expect(raised.size).toBe(matcher.heldMatches(handle))
  const oldest = matcher.oldestPosition(handle)
  matcher.release(handle)
  expect(arena.usedWords).toBe(0)
  return { ...found, oldest }
}

function comparable({ matches, timeouts, oldest }: OracleAnswer): unknown {
  return {
    matches: matches.map((match) => JSON.stringify(match)).sort(),
    timeouts: [...new Set(timeouts.map((timeout) => JSON.stringify(timeout)))].sort(),
    oldest,
  }
}

test('the matcher answers like an oracle that tries every choice of events', { timeout: 60_000 + cases * 20 }, () => {
  fc.assert(
    fc.property(anyCase, (given) => {
      const ats = given.cards.map(({ at }) => at)
      const answer = oracle(given.pattern, ats, given.until, holdsIn(given))
      const got = matcherAnswer(given)
      if (answer !== null) expect(comparable(got)).toEqual(comparable(answer))
    }),
    { numRuns: cases },
  )
})
