import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type BankEvent, minute, run } from '../../tests/support/bank.ts'
import {
  type Condition,
  featureText,
  featureValue,
  type Operand,
  type OracleFeature,
  ruleSetOf,
} from '../../tests/support/feature-oracle.ts'
import { compareEvents } from '../domain/event-order.ts'

/** More with VIGIL_TEST_CASES. */
const cases = Number(process.env['VIGIL_TEST_CASES'] ?? 150)

const scaled = (field: string, scale: number) => (event: BankEvent) =>
  event[field] === undefined ? undefined : Math.round((event[field] as number) * scale)

const operands: readonly Operand[] = [
  { text: 'amount', type: 'money', read: scaled('amount', 100) },
  { text: 'tip', type: 'money<3>', read: scaled('tip', 1000) },
  { text: 'items', type: 'int', read: scaled('items', 1) },
  { text: 'risk', type: 'double', read: (event) => event['risk'] as number | undefined },
  { text: 'wait', type: 'duration', read: scaled('wait', 1000) },
  { text: 'opened', type: 'timestamp', read: scaled('opened', 1) },
  { text: 'cardPresent', type: 'bool', read: scaled('cardPresent', 1) },
  { text: 'merchant.id', type: 'string', read: (event) => (event['merchant'] as { id: string } | undefined)?.id },
  { text: 'channel', type: 'string', read: (event) => event['channel'] as string },
  { text: 'id', type: 'string', read: (event) => event.id },
]

const conditions: readonly Condition[] = [
  { text: 'channel == "pos"', holds: (event) => event['channel'] === 'pos' },
  { text: 'amount > 5', holds: (event) => (event['amount'] as number) > 5 },
  { text: 'items >= 0', holds: (event) => event['items'] !== undefined && (event['items'] as number) >= 0 },
  { text: '!cardPresent', holds: (event) => event['cardPresent'] === false },
]

const numbers = ['int', 'double', 'money', 'money<3>']
const takes: Readonly<Partial<Record<OracleFeature['kind'], readonly string[]>>> = {
  sum: [...numbers, 'duration'],
  avg: numbers,
  stddev: numbers,
  min: [...numbers, 'timestamp', 'duration'],
  max: [...numbers, 'timestamp', 'duration'],
}

const minutes = (...all: number[]) => fc.constantFrom(...all.map((m) => m * minute))

const window = fc.oneof(
  fc.record({ overMs: minutes(1, 1, 3, 5, 10, 20, 60) }),
  fc.record({ events: fc.constantFrom(1, 2, 3, 7) }),
  fc.record({ overMs: minutes(1, 3, 10, 60), delayMs: minutes(1, 2, 5, 15) }),
  fc.record({ overMs: minutes(1, 3, 10, 60), events: fc.constantFrom(1, 2, 3, 7) }),
  fc.record({ overMs: minutes(1, 3, 10, 60), events: fc.constantFrom(1, 3, 7), delayMs: minutes(1, 5) }),
)

const feature = fc
  .record({
    kind: fc.constantFrom<OracleFeature['kind']>(
      ...(['count', 'sum', 'avg', 'min', 'max', 'stddev', 'distinct', 'first', 'last', 'share', 'elapsed'] as const),
    ),
    of: fc.nat(99),
    where: fc.option(fc.constantFrom(...conditions), { freq: 2 }),
    holds: fc.constantFrom(...conditions),
    window,
    isUnbounded: fc.boolean(),
    excludesCurrent: fc.boolean(),
  })
  .map(({ kind, of, where, holds, window: bounds, isUnbounded, excludesCurrent }): OracleFeature => {
    const common = { kind, excludesCurrent, ...(where === null ? {} : { where }) }
    if (kind === 'elapsed') return { ...common, ...(isUnbounded ? {} : { overMs: 10 * minute }) }
    if (kind === 'count') return { ...common, ...bounds }
    if (kind === 'share') return { ...common, ...bounds, holds }
    const fitting = operands.filter(({ type }) => takes[kind]?.includes(type) ?? true)
    return { ...common, ...bounds, of: fitting[of % fitting.length] }
  })

const most = Number.MAX_SAFE_INTEGER
const maybe = <T>(...values: T[]): fc.Arbitrary<T | undefined> => fc.constantFrom(...values, undefined)

const purchase = fc.record({
  step: fc.constantFrom(0, 0, 1, 1, 2, 5, 30),
  account: fc.constantFrom('A', 'A', 'B'),
  amount: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -200, max: 1200 }).map((cents) => cents / 100) },
    { weight: 1, arbitrary: fc.constantFrom(9e13, -9e13, most / 100, 4.5e13) },
  ),
  tip: maybe(0, 0.001, 4.999, 3.21),
  items: fc.oneof(
    { weight: 6, arbitrary: maybe(-3, 0, 1, 2, 5) },
    { weight: 1, arbitrary: maybe(most, -most, 2 ** 51) },
  ),
  risk: fc.oneof(
    { weight: 4, arbitrary: maybe(0.1, 0.2, -0.3, 1e16, 3, 1e-5) },
    { weight: 1, arbitrary: maybe(1e300, 1e-300, -1e300, 1.7e308, 1e-200) },
  ),
  wait: maybe(0, 1, 60, 3600),
  opened: maybe(0, 5, 1e12),
  cardPresent: maybe(true, false),
  channel: fc.constantFrom('pos', 'web', 'atm'),
  merchant: maybe({ id: 'm1' }, { id: 'm2' }, { id: 'm3' }, { id: '店' }),
})

const eventsOf = fc.array(purchase, { minLength: 1, maxLength: 60, size: 'max' }).map((all) => {
  let at = 0
  return all.map(({ step, ...fields }, i): BankEvent => {
    at += step * minute
    const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
    const names = [`${(i * 37) % 61}`, `t${(i * 37) % 61}`, `x-${(i * 7) % 61}-y`, `é${i}`]
    return { id: names[i % 4], at, ...present }
  })
})

it('gives every feature the value that its window has, to the last bit', () => {
  fc.assert(
    fc.property(
      fc.array(feature, { minLength: 1, maxLength: 10 }),
      fc.option(fc.constantFrom(...conditions), { freq: 3 }),
      eventsOf,
      minutes(0, 1, 10),
      (features, seen, events, latenessMs) => {
        const rules = ruleSetOf(features, seen === null ? '' : `where: '${seen.text}'`)
        const found = run(rules, events, { wantsFeatures: true, latenessMs }).features
        for (const key of ['A', 'B']) {
          const ofKey = events.filter((event) => event['account'] === key && (seen?.holds(event) ?? true))
          const sorted = ofKey.sort(compareEvents)
          sorted.forEach(({ id }, i) => {
            const values = found[`features ${key} ${id}`]
            features.forEach((one, f) => {
              const expected = featureValue(one, sorted, i)
              // 0 and −0 are one value.
              const actual = values[`f${f}`] === 0 ? 0 : values[`f${f}`]
              const wanted = expected === 0 ? 0 : expected
              if (!Object.is(actual, wanted)) expect.fail(`${featureText(one)} at ${id}: ${actual}, not ${wanted}`)
            })
          })
        }
      },
    ),
    { numRuns: cases },
  )
}, 900_000)
