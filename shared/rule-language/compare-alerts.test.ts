import { describe, expect, test } from 'vitest'
import { double, money, type ValueType } from '../domain/value-type.ts'
import { type AlertLine, compareAlerts } from './compare-alerts.ts'
import { type ExpectedAlert, testStartMs } from './rule-tests.ts'

const expected = (named: Partial<ExpectedAlert>): ExpectedAlert => ({
  line: 1,
  atMs: undefined,
  key: undefined,
  event: undefined,
  steps: undefined,
  features: new Map(),
  score: undefined,
  severity: undefined,
  reason: undefined,
  message: undefined,
  scenario: undefined,
  ...named,
})

const alert = (named: AlertLine): AlertLine => ({
  at: '2026-01-01T00:01:30.000Z',
  key: 'A',
  features: {},
  score: 90,
  severity: 'critical',
  ...named,
})

const feature = (value: number | undefined, type: ValueType) => new Map([['f', { type, value }]])

describe('compareAlerts', () => {
  test('is silent where all that is named agrees', () => {
    expect(compareAlerts([], [])).toBeUndefined()
    expect(
      compareAlerts(
        [expected({ atMs: testStartMs + 90_000, key: 'A', event: '4', score: 90, severity: 'critical' })],
        [alert({ event: '4', message: 'not named' })],
      ),
    ).toBeUndefined()
    expect(compareAlerts([expected({})], [alert({})])).toBeUndefined()
    expect(compareAlerts([expected({ key: '7' })], [alert({ key: 7 })])).toBeUndefined()
  })

  test('shows expected and actual side by side', () => {
    expect(
      compareAlerts(
        [
          expected({
            atMs: testStartMs + 90_000,
            key: 'A',
            steps: new Map([
              ['probe', ['1', '2', '3']],
              ['strike', ['4']],
            ]),
          }),
        ],
        [alert({ steps: { probe: ['2', '3'], strike: ['4'] } })],
      ),
    ).toBe(`    alert         expected | actual
  1 at            1m30s    | 1m30s
    key           A        | A
  ≠ steps.probe   1, 2, 3  | 2, 3
    steps.strike  4        | 4`)
  })

  test('shows an alert that is missing, and one too many', () => {
    expect(compareAlerts([expected({ event: '1' })], [])).toBe(`    alert  expected | actual
  ≠ event  1        | –`)
    expect(compareAlerts([], [alert({ event: '1' })])).toBe(`    alert  expected | actual
  ≠ at     –        | 1m30s
  ≠ key    –        | A
  ≠ event  –        | 1`)
  })

  test('holds what agrees against each other, whatever stands between', () => {
    const report = compareAlerts(
      [expected({ event: '2' }), expected({ event: '3' })],
      [alert({ event: '1' }), alert({ event: '2' }), alert({ event: '3' })],
    )
    expect(report?.split('\n').filter((line) => line.includes('≠'))).toHaveLength(3)
    expect(report).toContain('  2 event  2        | 2')
  })

  test('takes a step that is not named for one that took nothing', () => {
    const steps = new Map([['a', ['1']]])
    expect(compareAlerts([expected({ steps })], [alert({ steps: { a: ['1'], b: ['2'] } })])).toContain('≠ steps.b')
  })

  test('compares money exactly and doubles nearly', () => {
    const of = (value: number | undefined, type: ValueType, f: unknown) =>
      compareAlerts([expected({ features: feature(value, type) })], [alert({ features: { f } })])
    expect(of(1230, money(2), 12.3)).toBeUndefined()
    expect(of(1230, money(2), 12.31)).toContain('≠ features.f  12.30    | 12.31')
    expect(of(1 / 3, double, 0.3333333333)).toBeUndefined()
    expect(of(1 / 3, double, 0.3334)).toContain('≠')
    expect(of(undefined, double, undefined)).toBeUndefined()
    expect(of(undefined, double, 1)).toContain('≠ features.f  –        | 1')
  })
})
