import { expect, it, test } from 'vitest'
import { compilePattern, explainPattern } from './regular-expression.ts'

// An engine that backtracks would not end here: the time limit of the test is the assertion.
it('takes time linear in the text', () => {
  for (const pattern of ['(a+)+$', '(a|a)+$', '^(a|aa)+$', '(.*)*x', '(a?){50}a{50}$']) {
    const test = compilePattern(pattern)
    expect(test(`${'a'.repeat(10_000)}b`)).toBe(false)
  }
})

it('finds a match anywhere in the text', () => {
  expect(compilePattern('b')('abc')).toBe(true)
  expect(compilePattern('^b')('abc')).toBe(false)
  expect(compilePattern('(?i)ZÜRICH')('in zürich')).toBe(true)
  expect(compilePattern('^\\p{L}+$')('Zürich')).toBe(true)
})

it('takes patterns of ordinary size', () => {
  for (const pattern of ['^[A-Z]{2}\\d{2}[A-Z0-9]{11,30}$', '[a-z0-9.]+@[a-z0-9.]+\\.[a-z]{2,}$', 'a{200}'])
    expect(explainPattern(pattern)).toBeUndefined()
})

test.each([
  ['(?=a)', 'looking ahead'],
  ['(?!a)', 'looking ahead'],
  ['(?<=a)b', 'looking behind'],
  ['(?<!a)b', 'looking behind'],
  ['(a)\\1', 'a reference to a group'],
  ['(?<n>a)\\k<n>', 'a reference to a group'],
  ['(?>a)', 'an atomic group'],
  ['a++', 'a possessive quantifier'],
  ['[', 'missing closing ]'],
  ['(', 'missing closing )'],
  ['a**', 'nested repetition'],
  ['((a{100}){100}){100}', 'invalid repeat count'],
  ['a'.repeat(1_001), '1001 characters'],
  ['(\\pL{1000})'.repeat(80), 'steps per character'],
])('refuses %s: %s', (pattern, reason) => {
  expect(explainPattern(pattern)?.message).toContain(reason)
})
