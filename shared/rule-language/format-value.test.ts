import { expect, it, test } from 'vitest'
import { bool, double, duration, int, money, string, timestamp, type ValueType } from '#shared/domain/value-type'
import { formatValue, jsonValue } from './format-value.ts'

test.each<[unknown, ValueType, string, string]>([
  [1_230, money(2), '12.30', '12.30'],
  [-5, money(2), '-0.05', '-0.05'],
  [1_230, money(3), '1.230', '1.230'],
  [12, money(0), '12', '12'],
  [0.1, double, '0.1', '0.1'],
  [1e21, double, '1e+21', '1e+21'],
  [-0, double, '0', '0'],
  [1_500, int, '1500', '1500'],
  [1, bool, 'true', 'true'],
  [0, bool, 'false', 'false'],
  ['a"b', string, 'a"b', '"a\\"b"'],
  [0, timestamp, '1970-01-01T00:00:00.000Z', '"1970-01-01T00:00:00.000Z"'],
  [5_400_000, duration, '1h30m', '5400'],
  [-1_500, duration, '-1s500ms', '-1.5'],
  [0, duration, '0s', '0'],
  [[100, 250], { kind: 'list', element: money(2) }, '[1.00, 2.50]', '[1.00,2.50]'],
  [new Map([['__proto__', 1]]), { kind: 'map', value: int }, '{__proto__: 1}', '{"__proto__":1}'],
])('%j of type %j is %s in a message and %s in JSON', (value, type, message, json) => {
  expect(formatValue(value, type)).toBe(message)
  expect(jsonValue(value, type)).toBe(json)
  expect(() => JSON.parse(json)).not.toThrow()
})

it('shows what is absent as a dash, and leaves it out of JSON', () => {
  for (const [value, type] of [
    [Number.NaN, int],
    [undefined, string],
  ] as const) {
    expect(formatValue(value, type)).toBe('–')
    expect(jsonValue(value, type)).toBeUndefined()
  }
})
