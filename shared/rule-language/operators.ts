import { powerOfTen } from '#shared/domain/money'
import { bool, double, duration, int, sameType, timestamp, typeName, type ValueType } from '#shared/domain/value-type'
import { type Checking, constant, isNumber, literalAsMoney, rewritten, type Value } from './checking.ts'
import { negated } from './decimal.ts'
import type { Comparison, Expression } from './expression.ts'
import type { ASTNode } from './parse-expression.ts'

export type Arithmetic = '+' | '-' | '*' | '/' | '%'

type Pair = readonly [Expression, Expression]

/**
 * Types of `+ - * / %`.
 *
 * | operands | result |
 * | --- | --- |
 * | int with int | int, exact; `/` is refused |
 * | a double with int, double or money | double |
 * | money `+ -` money, money `*` int | money, exact; of two scales the finer one |
 * | other money | double in major units; a quotient is rounded once |
 * | timestamp `-` timestamp, timestamp `+ -` duration, duration `+ -` duration, duration `*` int | exact |
 * | string `+` string, list `+` list | joined |
 */
export function arithmetic(checking: Checking, node: ASTNode, op: Arithmetic, a: Value, b: Value): Value | undefined {
  const left = a.expression.type
  const right = b.expression.type
  if (isNumber(left) && isNumber(right)) {
    const isZero = b.expression.op === 'constant' && b.expression.value === 0
    if (isZero && (op === '/' || op === '%'))
      return checking.report(b.node, 'division-by-zero', 'the divisor is always zero')
    if (op === '%') return remainder(checking, node, a, b)
    if (left.kind === 'money' || right.kind === 'money') return moneyArithmetic(checking, node, op, a, b)
    const areInts = left.kind === 'int' && right.kind === 'int'
    if (areInts && op === '/') {
      const quotient = `double(${checking.written(a.node)}) / ${checking.operand(b.node)}`
      return checking.report(node, 'integer-division', 'int / int would cut the fraction off', quotient)
    }
    return areInts ? exact(checking, node, op, int, a.expression, b.expression) : inDoubles(checking, node, op, a, b)
  }
  const time = timeType(op, left, right)
  if (time !== undefined) return exact(checking, node, op, time, a.expression, b.expression)
  if (op === '+' && sameType(left, right) && (left.kind === 'string' || left.kind === 'list'))
    return checking.value(node, { op: 'call', type: left, name: 'concat', args: [a.expression, b.expression] })
  const message = `\`${op}\` is not defined for ${typeName(left)} and ${typeName(right)}`
  return checking.report(node, 'type-mismatch', message, arithmeticHint(checking, op, a, b))
}

export function negate(checking: Checking, node: ASTNode, operand: Value): Value | undefined {
  const { expression, literal } = operand
  const { type } = expression
  if (!isNumber(type) && type.kind !== 'duration')
    return checking.report(node, 'type-mismatch', `\`-\` is not defined for ${typeName(type)}`)
  const value = checking.value(node, { op: 'negate', type, args: [expression] })
  return value && literal ? { ...value, literal: negated(literal) } : value
}

/** Two values of one unit, so that they can be compared. Of constants only the right one may stay: `5 < n` becomes `n > 5`. */
export function comparison(checking: Checking, node: ASTNode, op: Comparison, a: Value, b: Value): Value | undefined {
  const pair = commonUnit(checking, node, a, b, 'compare')
  if (pair === undefined) return undefined
  const { kind } = pair[0].type
  if ((kind === 'list' || kind === 'map') && op !== '==' && op !== '!=')
    return checking.report(node, 'type-mismatch', `\`${op}\` is not defined for ${typeName(pair[0].type)}`)
  const isTurned = pair[0].op === 'constant' && pair[1].op !== 'constant'
  return checking.value(
    node,
    isTurned ? { op: turned[op], type: bool, args: [pair[1], pair[0]] } : { op, type: bool, args: [pair[0], pair[1]] },
  )
}

const turned: Readonly<Record<Comparison, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

/**
 * Brings two values to one type and scale.
 * @param use `compare`: money against int may be scaled in doubles. A product beyond 2^53 is rounded, but stays on the same side of any
 *   money, so the comparison is exact and never faults. `keep`: the value itself is used further, so it must be exact.
 */
export function commonUnit(
  checking: Checking,
  node: ASTNode,
  a: Value,
  b: Value,
  use: 'compare' | 'keep',
): Pair | undefined {
  const left = a.expression
  const right = b.expression
  if (left.type.kind === 'money' && isNumber(right.type)) return moneyWith(checking, a, b, use)
  if (right.type.kind === 'money' && isNumber(left.type)) {
    const pair = moneyWith(checking, b, a, use)
    return pair && [pair[1], pair[0]]
  }
  if (sameType(left.type, right.type) || (isNumber(left.type) && isNumber(right.type))) return [left, right]
  const verb = use === 'compare' ? 'cannot be compared with' : 'and'
  const message = `${typeName(left.type)} ${verb} ${typeName(right.type)}${use === 'compare' ? '' : ' do not go together'}`
  return checking.report(node, 'type-mismatch', message, mismatchHint(checking, node, a, b))
}

/** Money in major units, as a double. */
function majorUnits(expression: Expression): Expression {
  if (expression.type.kind !== 'money') return expression
  const { decimals } = expression.type
  if (expression.op === 'constant') return constant(double, Number(expression.value) / powerOfTen[decimals])
  return { op: 'major-units', type: double, args: [expression], decimals }
}

function moneyWith(checking: Checking, money: Value, other: Value, use: 'compare' | 'keep'): Pair | undefined {
  const { type } = money.expression
  if (type.kind !== 'money') return undefined
  if (other.literal !== undefined) {
    const converted = literalAsMoney(checking, other, type.decimals)
    return converted && [money.expression, converted]
  }
  const otherType = other.expression.type
  if (otherType.kind === 'double') return [majorUnits(money.expression), other.expression]
  const decimals = Math.max(type.decimals, otherType.kind === 'money' ? otherType.decimals : 0)
  return [scaled(money.expression, decimals, use), scaled(other.expression, decimals, use)]
}

/** Int or money in the minor units of a finer scale. */
function scaled(expression: Expression, decimals: number, use: 'compare' | 'keep'): Expression {
  const from = expression.type.kind === 'money' ? expression.type.decimals : 0
  const type: ValueType = { kind: 'money', decimals }
  if (from === decimals && expression.type.kind === 'money') return expression
  const factor = powerOfTen[decimals - from]
  if (expression.op === 'constant' && Number.isSafeInteger(Number(expression.value) * factor))
    return constant(type, Number(expression.value) * factor)
  const op = use === 'compare' ? 'multiply' : 'multiply-exact'
  return { op, type, args: [expression, constant(int, factor)] }
}

function moneyArithmetic(checking: Checking, node: ASTNode, op: Arithmetic, a: Value, b: Value): Value | undefined {
  const left = a.expression
  const right = b.expression
  if (left.type.kind === 'money' && right.type.kind === 'money') {
    const [x, y] = sameScale(left, right, op === '/' ? 'compare' : 'keep')
    if (op === '+' || op === '-') return exact(checking, node, op, x.type, x, y)
    // Both in one unit: the quotient of minor units is that of major units, rounded once (twice beyond 2^53).
    if (op === '/') return checking.value(node, { op: 'divide', type: double, args: [x, y] })
  }
  if (op === '*' && (left.type.kind === 'int' || right.type.kind === 'int')) {
    const type = left.type.kind === 'money' ? left.type : right.type
    return exact(checking, node, op, type, left, right)
  }
  if (op === '/' && left.type.kind === 'money' && right.type.kind === 'int') {
    // 12.30 / 10 is 1230 / 1000: rounded once, so it equals the literal 1.23.
    const divisor = scaled(right, left.type.decimals, 'compare')
    return checking.value(node, { op: 'divide', type: double, args: [left, divisor] })
  }
  if (op === '+' || op === '-') {
    const money = left.type.kind === 'money' ? left.type : right.type
    const other = left.type.kind === 'money' ? b : a
    const isRefused =
      money.kind === 'money' && other.literal !== undefined && !literalAsMoney(checking, other, money.decimals)
    if (isRefused) return undefined
  }
  return inDoubles(checking, node, op, a, b)
}

function sameScale(a: Expression, b: Expression, use: 'compare' | 'keep'): Pair {
  if (a.type.kind !== 'money' || b.type.kind !== 'money') return [a, b]
  const decimals = Math.max(a.type.decimals, b.type.decimals)
  return [scaled(a, decimals, use), scaled(b, decimals, use)]
}

const doubleOperations = { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'divide' } as const
const exactOperations = { '+': 'add-exact', '-': 'subtract-exact', '*': 'multiply-exact' } as const

function inDoubles(checking: Checking, node: ASTNode, op: Arithmetic, a: Value, b: Value): Value | undefined {
  if (op === '%') return undefined
  const args = constantLast(op, majorUnits(a.expression), majorUnits(b.expression))
  return checking.value(node, { op: doubleOperations[op], type: double, args })
}

function exact(
  checking: Checking,
  node: ASTNode,
  op: Arithmetic,
  type: ValueType,
  a: Expression,
  b: Expression,
): Value | undefined {
  if (op === '/' || op === '%') return undefined
  return checking.value(node, { op: exactOperations[op], type, args: constantLast(op, a, b) })
}

/** `4 * total` is `total * 4`: equal trees share one key, and a constant on the right is cheaper. */
const constantLast = (op: Arithmetic, a: Expression, b: Expression): Pair =>
  (op === '*' || op === '+') && a.op === 'constant' ? [b, a] : [a, b]

function remainder(checking: Checking, node: ASTNode, a: Value, b: Value): Value | undefined {
  const areInts = a.expression.type.kind === 'int' && b.expression.type.kind === 'int'
  if (areInts) return checking.value(node, { op: 'remainder', type: int, args: [a.expression, b.expression] })
  const types = `${typeName(a.expression.type)} and ${typeName(b.expression.type)}`
  const hint =
    a.expression.type.kind === 'int' ? undefined : `int(${checking.written(a.node)}) % ${checking.operand(b.node)}`
  return checking.report(node, 'type-mismatch', `\`%\` is defined for int and int, not for ${types}`, hint)
}

function timeType(op: Arithmetic, left: ValueType, right: ValueType): ValueType | undefined {
  const kinds = `${left.kind} ${op} ${right.kind}`
  switch (kinds) {
    case 'timestamp + duration':
    case 'duration + timestamp':
    case 'timestamp - duration':
      return timestamp
    case 'timestamp - timestamp':
    case 'duration + duration':
    case 'duration - duration':
    case 'duration * int':
    case 'int * duration':
      return duration
    default:
      return undefined
  }
}

function arithmeticHint(checking: Checking, op: Arithmetic, a: Value, b: Value): string | undefined {
  const left = a.expression.type
  const right = b.expression.type
  if (left.kind === 'duration' && right.kind === 'duration' && op === '/')
    return `hours(${checking.written(a.node)}) / hours(${checking.written(b.node)})`
  if (op === '+' && left.kind === 'string') return `${checking.operand(a.node)} + string(${checking.written(b.node)})`
  if (op === '+' && right.kind === 'string') return `string(${checking.written(a.node)}) + ${checking.operand(b.node)}`
  if (left.kind === 'timestamp' || right.kind === 'timestamp') {
    const amount = left.kind === 'timestamp' ? rewritten(b, duration) : rewritten(a, duration)
    return amount ?? 'duration("1h")'
  }
  return rewritten(b, left) ?? rewritten(a, right)
}

const comparisonOperators = new Set(['==', '!=', '<', '<=', '>', '>='])

function mismatchHint(checking: Checking, node: ASTNode, a: Value, b: Value): string | undefined {
  // `1 < n < 5` is read as `(1 < n) < 5`.
  if (comparisonOperators.has(a.node.op) && a.expression.type.kind === 'bool' && isNumber(b.expression.type)) {
    const middle = (a.node as { args: readonly [ASTNode, ASTNode] }).args[1]
    return `${checking.written(a.node)} && ${checking.operand(middle)} ${node.op} ${checking.operand(b.node)}`
  }
  const asLeft = rewritten(b, a.expression.type)
  if (!comparisonOperators.has(node.op)) return asLeft
  if (asLeft !== undefined) return `${checking.operand(a.node)} ${node.op} ${asLeft}`
  const asRight = rewritten(a, b.expression.type)
  return asRight === undefined ? undefined : `${asRight} ${node.op} ${checking.operand(b.node)}`
}
