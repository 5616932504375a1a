import { powerOfTen } from '#shared/domain/money'
import { ruleFaults } from '#shared/domain/rule-fault'
import type { Closures, NumberClosure } from './closures.ts'
import type { Expression } from './expression.ts'

type ArithmeticExpression = Extract<
  Expression,
  {
    op:
      | 'add-exact'
      | 'subtract-exact'
      | 'multiply-exact'
      | 'remainder'
      | 'add'
      | 'subtract'
      | 'multiply'
      | 'divide'
      | 'negate'
      | 'major-units'
  }
>

const operations: ReadonlySet<string> = new Set([
  'add-exact',
  'subtract-exact',
  'multiply-exact',
  'remainder',
  'add',
  'subtract',
  'multiply',
  'divide',
  'negate',
  'major-units',
])

export const isArithmetic = (e: Expression): e is ArithmeticExpression => operations.has(e.op)

const exactMax = Number.MAX_SAFE_INTEGER
/** Beyond it a Date is invalid. */
const timestampMax = 8.64e15

/**
 * Sums and products of integers in doubles. One that lies beyond ±(2^53 − 1) is rounded to at least 2^53, so the check behind the
 * operation is exact. NaN passes both comparisons: absence spreads.
 */
export function arithmeticClosure(closures: Closures, e: ArithmeticExpression): NumberClosure {
  const a = closures.number(e.args[0])
  if (e.op === 'negate') return () => 0 - a()
  if (e.op === 'major-units') {
    const scale = powerOfTen[e.decimals]
    return () => a() / scale
  }
  const right = e.args[1]
  const c = right.op === 'constant' ? Number(right.value) : undefined
  const b = closures.number(right)
  const max = e.type.kind === 'timestamp' ? timestampMax : exactMax
  switch (e.op) {
    case 'add-exact':
      return () => exact(a() + b(), max)
    case 'subtract-exact':
      return () => exact(a() - b(), max)
    case 'multiply-exact':
      return c === undefined ? () => exact(a() * b(), max) : () => exact(a() * c, max)
    case 'remainder':
      return () => remainder(a(), b())
    case 'add':
      return () => finite(a() + b())
    case 'subtract':
      return () => finite(a() - b())
    case 'multiply':
      return c === undefined ? () => finite(a() * b()) : () => finite(a() * c)
    case 'divide':
      return c === undefined || c === 0 ? () => quotient(a(), b()) : () => finite(a() / c)
  }
}

function exact(value: number, max: number): number {
  if (value > max || value < -max) throw ruleFaults.overflow
  return value
}

function finite(value: number): number {
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) throw ruleFaults.overflow
  return value
}

function remainder(a: number, b: number): number {
  if (b === 0 && !Number.isNaN(a)) throw ruleFaults.divisionByZero
  return a % b
}

function quotient(a: number, b: number): number {
  // An absent dividend spreads even over zero.
  if (b === 0 && !Number.isNaN(a)) throw ruleFaults.divisionByZero
  return finite(a / b)
}
