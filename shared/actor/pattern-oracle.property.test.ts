import fc from 'fast-check'
import { expect, it } from 'vitest'
import { assertCases, casesOr } from '../../tests/support/assert-cases.ts'
import { type BankEvent, PoisonedArena, run, withoutRevisions } from '../../tests/support/bank.ts'
import { patternCase } from '../../tests/support/pattern-cases.ts'
import { oracle, type TakenEvent } from '../cep/oracle/oracle.ts'
import { numberedSteps } from '../cep/pattern.ts'
import { filesOf } from '../cep/testing/case-files.ts'
import { replayText } from '../cep/testing/disagreement.ts'
import { jsonLines } from '../cep/testing/paste-text.ts'
import { holdsIn, type PatternCase } from '../cep/testing/pattern-case.ts'
import { loadRuleSet } from '../rule-language/load-rule-set.ts'
import type { RuleSet } from '../rule-language/rule-set.ts'

const cases = casesOr(100)
const latenessMs = 5
/** Small, as making a large one costs more than running a case. */
const arenaBytes = 2 ** 22

/** A case, and how long each of its events is under way, in thousandths of the lateness; two numbers: it comes twice. */
interface ArrivingCase {
  readonly given: PatternCase
  readonly delays: readonly (readonly number[])[]
}

const arrivingCase: fc.Arbitrary<ArrivingCase> = fc.record({
  given: patternCase,
  delays: fc.array(fc.oneof(fc.tuple(fc.nat(999)), fc.tuple(fc.nat(999), fc.nat(999))), { minLength: 9, maxLength: 9 }),
})

it('raises for a rule and events, sorted or as they arrive, what the oracle finds', {
  timeout: 60_000 + cases * 50,
}, () => {
  let matched = 0
  assertCases(arrivingCase, {
    cases,
    describe: ({ given, delays }) =>
      `${replayText(given)}\n\narrival, with --order arrival --lateness ${latenessMs}ms:\n${jsonLines(arrivalOf(given, delays))}`,
    check: ({ given, delays }) => {
      const { pattern, cards, until } = given
      const ats = cards.map(({ at }) => at)
      const found = oracle(pattern, ats, until, holdsIn(given), 'stops')
      if (found === null) return
      const told = found.reports.flat()
      const final = told.filter(({ what }) => what === 'matched' || what === 'stands')
      // What is held back has been raised and not been withdrawn. Matches with the same events in the same steps are one alert.
      const standing = [...final.map(({ taken }) => taken), ...found.held]
      const wanted = [...new Set(standing.map((taken) => eventsText(given, taken)))].sort()
      const ruleSet = ruleSetOf(given)
      const sorted = run(ruleSet, filesOf(given).stream, { latenessMs, arena: new PoisonedArena(arenaBytes) })
      expect(sorted.alerts.map(({ events }) => events).sort()).toEqual(wanted)
      expect(sorted.faults['found'] > 0).toBe(told.some(({ what }) => what === 'missed'))
      const arrived = run(ruleSet, arrivalOf(given, delays), {
        ...{ latenessMs, order: 'arrival' },
        arena: new PoisonedArena(arenaBytes),
      })
      expect(withoutRevisions(arrived.alerts)).toEqual(withoutRevisions(sorted.alerts))
      for (const { revisions } of [sorted, arrived])
        expect(new Set(revisions.map(({ id, revision }) => `${id} ${revision}`)).size).toBe(revisions.length)
      if (wanted.length > 0) matched++
    },
  })
  expect(matched).toBeGreaterThan(cases / 5)
})

function ruleSetOf(given: PatternCase): RuleSet {
  const { events, rule } = filesOf(given)
  const { ruleSet, diagnostics } = loadRuleSet(
    new Map([
      ['events.yaml', events],
      ['found.rule.yaml', rule],
    ]),
  )
  if (ruleSet === undefined) throw new Error(`it is no rule: ${JSON.stringify(diagnostics)}`)
  return ruleSet
}

/** None is late: one that comes before another is less than the lateness newer than that. */
function arrivalOf(given: PatternCase, delays: ArrivingCase['delays']): readonly BankEvent[] {
  const { stream } = filesOf(given)
  const end = stream[stream.length - 1]
  const sendings = stream
    .slice(0, -1)
    .flatMap((event, i) =>
      delays[i].map((delay) => ({ event, at: event.at + Math.floor((delay * latenessMs) / 1000) })),
    )
  return [...sendings.sort((a, b) => a.at - b.at).map(({ event }) => event), end]
}

function eventsText({ pattern }: PatternCase, taken: readonly TakenEvent[]): string {
  const parts = numberedSteps(pattern).flatMap(({ name }, number) => {
    const ids = taken.flatMap(({ step, event }) => (step === number ? [event + 1] : []))
    return ids.length === 0 ? [] : [`${name}: ${ids.join(' ')}`]
  })
  return parts.join(', ')
}
