import { Environment } from '@marcbachmann/cel-js'
import { expect, it } from 'vitest'
import type { ValueType } from '#shared/domain/value-type'
import { bool, double, duration, int, money, string, timestamp } from '#shared/domain/value-type'
import { coerceValue } from './coerce-value.ts'

const cel = (text: string): unknown => new Environment().evaluate(text)
const list: ValueType = { kind: 'list', element: int }
const map: ValueType = { kind: 'map', value: bool }

it.each<[unknown, ValueType, unknown]>([
  [undefined, string, undefined],
  [null, int, undefined],
  ['', string, ''],
  ['', money(2), undefined],
  ['', list, undefined],
  [596n, string, '596'],
  [596, string, '596'],
  [cel('7u'), string, '7'],
  [1.5, string, 1.5],
  ['true', bool, true],
  ['False', bool, false],
  ['1', bool, true],
  [0n, bool, false],
  ['yes', bool, 'yes'],
  ['31', int, 31],
  ['-31.0', int, -31],
  ['31.5', int, '31.5'],
  ['', int, undefined],
  [31n, int, 31],
  [2n ** 60n, int, 2n ** 60n],
  ['1.5e3', double, 1500],
  ['Infinity', double, 'Infinity'],
  ['0x10', double, '0x10'],
  ['57.16', money(2), '57.16'],
  [57n, money(2), 57],
  ['2018-04-01T00:00:00Z', timestamp, Date.UTC(2018, 3, 1)],
  ['1522540800000', timestamp, 1522540800000],
  [1522540800000n, timestamp, 1522540800000],
  [new Date(5), timestamp, 5],
  ['01/04/2018', timestamp, '01/04/2018'],
  ['1h30m', duration, 5400],
  ['1.5', duration, 1.5],
  [cel('duration("90m")'), duration, 5400],
  [['1', 2n, ''], list, [1, 2, null]],
  [new Map([['a', '1']]), map, { a: true }],
  [{ a: 'no' }, map, { a: 'no' }],
])('%s as %j', (value, type, expected) => {
  expect(coerceValue(value, type)).toEqual(expected)
})
