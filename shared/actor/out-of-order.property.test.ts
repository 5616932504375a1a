import { afterAll, expect, it } from 'vitest'
import { assertCases, casesOr } from '../../tests/support/assert-cases.ts'
import { type Findings, PoisonedArena, run, withoutRevisions } from '../../tests/support/bank.ts'
import { type BankCase, bankCase, bankCaseText, ruleSetOfCase } from '../../tests/support/bank-cases.ts'

const cases = casesOr(60)

/** What was met, to know that the cases are worth something: printed by the long run. */
const counts = new Map<string, number>()
const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
afterAll(() => {
  if (process.env['VIGIL_TEST_CASES'] === undefined) return
  const lines = [...counts].sort(([, a], [, b]) => b - a).map(([what, n]) => `${n}\t${what}`)
  console.log(lines.join('\n'))
})

/** Where revisions of an alert are not numbered from 1, or one follows that cannot. */
function misnumbered({ revisions }: Findings): unknown[] {
  const last = new Map<string, Findings['revisions'][number]>()
  return revisions.filter((told) => {
    const before = last.get(told.id)
    last.set(told.id, told)
    const stood = before !== undefined && before.status !== 'withdrawn'
    return told.revision !== (before?.revision ?? 0) + 1 || stood !== (told.status !== 'raised')
  })
}

/** Small, as making a large one costs more than running a case. */
const arenaBytes = (eventsMax: number): number => (eventsMax > 30 ? 2 ** 24 : 2 ** 22)

function checkCase(one: BankCase): void {
  const newArena = (): PoisonedArena => new PoisonedArena(arenaBytes(one.events.length))
  const rules = ruleSetOfCase(one)
  count(rules === undefined ? 'no rule that is one' : 'cases')
  if (rules === undefined) return
  const options = { latenessMs: one.latenessMs, wantsFeatures: true, wantsDecisions: one.events.length % 2 === 0 }
  const sorted = run(rules, one.events, { ...options, arena: newArena() })
  const arrived = run(rules, one.arrival, { ...options, order: 'arrival', arena: newArena() })
  const repeats = one.arrival.length - one.events.length
  expect(arrived.outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(one.events.length)
  expect(arrived.outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(repeats)
  expect(arrived.features).toEqual(sorted.features)
  expect(withoutRevisions(arrived.alerts)).toEqual(withoutRevisions(sorted.alerts))
  expect(arrived.decisions).toEqual(sorted.decisions)
  expect(misnumbered(arrived)).toEqual([])
  expect(misnumbered(sorted)).toEqual([])
  for (const trait of traitsOf(one, sorted, arrived)) count(trait)
}

function traitsOf(one: BankCase, sorted: Findings, arrived: Findings): ReadonlySet<string> {
  const traits = new Set(arrived.revisions.map(({ status }) => `told: ${status}`))
  const { rules, events, arrival } = one
  const texts = Object.values(rules).join('\n')
  for (const word of ['pattern:', 'when:', 'cooldown:', 'skip:', 'notFollowedBy: end', 'by: terminal'])
    if (texts.includes(word)) traits.add(word)
  if (one.scenario !== '') traits.add('scenario')
  if (sorted.alerts.length > 0) traits.add('at least one alert')
  if (sorted.alerts.some(({ events: ids }) => ids.includes(':'))) traits.add('at least one match')
  if (Object.values(sorted.faults).some((faults) => faults > 0)) traits.add('a rule at fault')
  if (arrival.length > events.length) traits.add('repeats')
  if (arrival.some(({ at }, i) => i > 0 && at < arrival[i - 1].at)) traits.add('out of order')
  return traits
}

const check = { check: checkCase, describe: bankCaseText }

it('finds the same in the end, whatever the order of arrival and however often an event is repeated', () => {
  assertCases(bankCase(30), { ...check, cases })
}, 3_600_000)

it('finds the same where accounts are far behind others', () => {
  assertCases(bankCase(30, true), { ...check, cases: Math.ceil(cases / 2) })
}, 3_600_000)

it('finds the same of accounts with many events, whose runs are copied and whose records leave', () => {
  assertCases(bankCase(160), { ...check, cases: Math.ceil(cases / 6) })
}, 3_600_000)
