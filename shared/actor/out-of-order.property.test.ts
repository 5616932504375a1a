import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Findings, run, withoutRevisions } from '../../tests/support/bank.ts'
import { type BankCase, bankCase, ruleSetOfCase } from '../../tests/support/bank-cases.ts'

/** More with VIGIL_TEST_CASES. */
const cases = Number(process.env['VIGIL_TEST_CASES'] ?? 60)

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

function checkCase(one: BankCase, wantsDecisions: boolean): void {
  const rules = ruleSetOfCase(one)
  if (rules === undefined) return
  const options = { latenessMs: one.latenessMs, wantsFeatures: true, wantsDecisions }
  const sorted = run(rules, one.events, options)
  const arrived = run(rules, one.arrival, { ...options, order: 'arrival' })
  expect(arrived.outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(one.events.length)
  expect(arrived.outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(
    one.arrival.length - one.events.length,
  )
  expect(arrived.features).toEqual(sorted.features)
  expect(withoutRevisions(arrived.alerts)).toEqual(withoutRevisions(sorted.alerts))
  expect(arrived.decisions).toEqual(sorted.decisions)
  expect(misnumbered(arrived)).toEqual([])
  expect(misnumbered(sorted)).toEqual([])
}

it('finds the same in the end, whatever the order of arrival and however often an event is repeated', () => {
  fc.assert(fc.property(bankCase(30), fc.boolean(), checkCase), { numRuns: cases })
}, 900_000)

it('finds the same where accounts are far behind others', () => {
  fc.assert(fc.property(bankCase(30, true), fc.boolean(), checkCase), { numRuns: Math.ceil(cases / 2) })
}, 900_000)

it('finds the same of accounts with many events, whose runs are copied and whose records leave', () => {
  fc.assert(fc.property(bankCase(160), fc.boolean(), checkCase), { numRuns: Math.ceil(cases / 6) })
}, 900_000)
