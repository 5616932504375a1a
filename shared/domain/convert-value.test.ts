import { describe, expect, test } from 'vitest'
import { convertValue } from './convert-value.ts'
import type { ValueType } from './value-type.ts'
import { bool, double, duration, int, money, string, timestamp } from './value-type.ts'

const cases: readonly { type: ValueType; good: readonly [unknown, unknown][]; bad: readonly unknown[] }[] = [
  {
    type: string,
    good: [
      ['', ''],
      ['31', '31'],
    ],
    bad: [31, true, null, [], {}],
  },
  {
    type: bool,
    good: [
      [true, 1],
      [false, 0],
    ],
    bad: ['true', 1, 0, null],
  },
  {
    type: int,
    good: [
      [0, 0],
      [-3, -3],
      [2 ** 53 - 1, 2 ** 53 - 1],
      [-(2 ** 53 - 1), -(2 ** 53 - 1)],
    ],
    bad: [1.5, 2 ** 53, -(2 ** 53), '31', true, Number.NaN, null, 10n],
  },
  {
    type: double,
    good: [
      [1.5, 1.5],
      [7, 7],
    ],
    bad: ['1.5', Number.POSITIVE_INFINITY, Number.NaN, null],
  },
  {
    type: money(2),
    good: [
      [12.3, 1230],
      ['12.30', 1230],
      ['12.300', 1230],
      [-0.05, -5],
    ],
    bad: [12.345, '12.345', 'CHF 12', '', true, null, [1]],
  },
  { type: money(0), good: [[12, 12]], bad: [12.5] },
  {
    type: timestamp,
    good: [
      ['2026-03-01T12:00:00Z', Date.UTC(2026, 2, 1, 12)],
      ['2026-03-01T12:00:00+01:00', Date.UTC(2026, 2, 1, 11)],
      [1_772_366_400_000, 1_772_366_400_000],
    ],
    bad: ['2026-03-01', '2026-03-01T12:00:00', -1, 1.5, Date.UTC(2200, 0, 1), null],
  },
  {
    type: duration,
    good: [
      ['1h30m', 5_400_000],
      [90, 90_000],
      [0.25, 250],
    ],
    bad: ['90', '1.5h', 0.0001, Number.POSITIVE_INFINITY, true, null],
  },
  {
    type: { kind: 'list', element: money(2) },
    good: [
      [[], []],
      [
        [1, '2.50'],
        [100, 250],
      ],
    ],
    bad: ['a', {}, [1, 'x'], [1, null]],
  },
]

describe('convertValue', () => {
  for (const { type, good, bad } of cases) {
    test(`reads a ${type.kind} from what the language names, and from nothing else`, () => {
      for (const [written, value] of good) expect(convertValue(written, type)).toEqual(value)
      for (const written of bad) expect(convertValue(written, type), String(written)).toBeUndefined()
    })
  }

  test('takes minus zero as zero', () => {
    expect(convertValue(-0, double)).toBe(0)
    expect(convertValue(-0, int)).toBe(0)
    expect(convertValue(-0, money(2))).toBe(0)
  })

  test('reads a map with any names, those of the prototype too', () => {
    const written: unknown = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": null}')
    const value = convertValue(written, { kind: 'map', value: int })
    expect(value).toEqual(
      new Map([
        ['__proto__', 1],
        ['constructor', 2],
      ]),
    )
  })

  test('refuses a map whose entry has another type, and a list in its place', () => {
    expect(convertValue({ a: 'x' }, { kind: 'map', value: int })).toBeUndefined()
    expect(convertValue([1], { kind: 'map', value: int })).toBeUndefined()
  })
})
