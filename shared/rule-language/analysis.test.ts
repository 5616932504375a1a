import { expect, it, test } from 'vitest'
import { checked, scope } from '../../tests/support/expressions.ts'
import { dependsOnEventOnly, expressionKey, fieldsOf, mayFault } from './analysis.ts'

test.each([
  ['amount > 2.5 && mcc in ["1", "2"]', true],
  ['account == key && localHour(at, "UTC") < 6', true],
  ['tags.exists(t, t == channel)', true],
  ['inList("high-risk-mcc", mcc)', true],
  ['n > n_1h', false],
  ['tags.exists(t, n_1h > 1)', false],
  ['count(probe) > 1', false],
  ['amount > probe.amount', false],
  ['has(usual)', false],
])('%s is settled by the event alone: %s', (text, expected) => {
  expect(dependsOnEventOnly(checked(text))).toBe(expected)
})

it('finds all fields, also those of steps and macros', () => {
  const paths = [...fieldsOf(checked('amount > sum(probe.fee) && tags.exists(t, t == strike.channel)'))]
  expect(paths.map((field) => scope.events.fields[field].path).sort()).toEqual(['amount', 'channel', 'fee', 'tags'])
})

test.each([
  ['amount > 2.5', false],
  ['amount > n', false],
  ['dinar > amount', false],
  ['amount > usual', false],
  ['amount / 4 > 1', false],
  ['fraud && channel.matches("a")', false],
  ['amount * n > 5', true],
  ['amount + fee > 5', true],
  ['x * y > 5', true],
  ['x / y > 5', true],
  ['n % 2 == 0', true],
  ['int(channel) > 5', true],
  ['fraud && n + 1 > 5', true],
])('%s may fault: %s', (text, expected) => {
  expect(mayFault(checked(text))).toBe(expected)
})

it('has one key for equal trees, and different keys for different ones', () => {
  const same = (a: string, b: string) => expressionKey(checked(a)) === expressionKey(checked(b))
  expect(same('amount>2.5', '(amount) > 2.50')).toBe(true)
  expect(same('5 < n', 'n > 5')).toBe(true)
  expect(same('tags.exists(t, t == "a")', 'tags.exists(u, u == "a")')).toBe(true)
  const different = [
    'n > 5',
    'n >= 5',
    'm > 5',
    'n_1h > 5',
    'x > 5',
    'x > 5.5',
    'amount > 5',
    'channel == "5"',
    'mcc == "5"',
    'channel == "5) (constant"',
    'channel.matches("5")',
    'channel.contains("5")',
    'tags.exists(t, t == "5")',
    'tags.all(t, t == "5")',
    'probe.amount > 5',
    'probe[0].amount > 5',
    'first(probe).amount > 5',
    'strike.amount > 5',
    'sum(probe.amount) > 5',
    'max(probe.amount) > 5',
    'count(probe) > 5',
    'at > opened',
    'receivedAt > opened',
    'id == "5"',
    'type == "transfer"',
    'n in [1, 2]',
    'n in [12]',
    'mcc in ["1", "2"]',
    'mcc in ["1,2"]',
  ]
  expect(new Set(different.map((text) => expressionKey(checked(text)))).size).toBe(different.length)
})
