import { isNumeric } from '#shared/domain/value-type'
import type { Closures, NumberClosure } from './closures.ts'
import type { Comparison, Expression } from './expression.ts'
import { compareTexts } from './text-order.ts'

type ComparisonExpression = Extract<Expression, { op: Comparison }>

const operations: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>='])

export const isComparison = (e: Expression): e is ComparisonExpression => operations.has(e.op)

/** 0 or 1, never absent: a comparison with what is absent is false, `!=` too. */
export function comparisonClosure(closures: Closures, e: ComparisonExpression): NumberClosure {
  const [left, right] = e.args
  if (isNumeric(left.type)) {
    const a = closures.number(left)
    return right.op === 'constant'
      ? withConstant(e.op, a, Number(right.value))
      : numbers(e.op, a, closures.number(right))
  }
  if (left.type.kind === 'string') return texts(closures, e.op, left, right)
  const a = closures.collection(left)
  const b = closures.collection(right)
  const wanted = e.op === '=='
  return () => {
    const x = a()
    const y = b()
    return x !== undefined && y !== undefined && areEqual(x, y) === wanted ? 1 : 0
  }
}

function withConstant(op: Comparison, a: NumberClosure, c: number): NumberClosure {
  switch (op) {
    case '==':
      return () => (a() === c ? 1 : 0)
    case '!=':
      return () => {
        const x = a()
        return x < c || x > c ? 1 : 0
      }
    case '<':
      return () => (a() < c ? 1 : 0)
    case '<=':
      return () => (a() <= c ? 1 : 0)
    case '>':
      return () => (a() > c ? 1 : 0)
    case '>=':
      return () => (a() >= c ? 1 : 0)
  }
}

function numbers(op: Comparison, a: NumberClosure, b: NumberClosure): NumberClosure {
  switch (op) {
    case '==':
      return () => (a() === b() ? 1 : 0)
    case '!=':
      return () => {
        const x = a()
        const y = b()
        return x < y || x > y ? 1 : 0
      }
    case '<':
      return () => (a() < b() ? 1 : 0)
    case '<=':
      return () => (a() <= b() ? 1 : 0)
    case '>':
      return () => (a() > b() ? 1 : 0)
    case '>=':
      return () => (a() >= b() ? 1 : 0)
  }
}

function texts(closures: Closures, op: Comparison, left: Expression, right: Expression): NumberClosure {
  const a = closures.text(left)
  if (right.op === 'constant' && (op === '==' || op === '!=')) {
    const c = String(right.value)
    if (op === '==') return () => (a() === c ? 1 : 0)
    return () => {
      const x = a()
      return x !== undefined && x !== c ? 1 : 0
    }
  }
  const b = closures.text(right)
  const holds = signs[op]
  return () => {
    const x = a()
    const y = b()
    return x !== undefined && y !== undefined && holds(compareTexts(x, y)) ? 1 : 0
  }
}

const signs: Readonly<Record<Comparison, (difference: number) => boolean>> = {
  '==': (d) => d === 0,
  '!=': (d) => d !== 0,
  '<': (d) => d < 0,
  '<=': (d) => d <= 0,
  '>': (d) => d > 0,
  '>=': (d) => d >= 0,
}

/** Equality of values of one type, lists and maps in depth. */
export function areEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((value, i) => areEqual(value, b[i]))
  if (a instanceof Map && b instanceof Map) {
    if (a.size !== b.size) return false
    for (const [key, value] of a) if (!b.has(key) || !areEqual(value, b.get(key))) return false
    return true
  }
  return a === b
}
