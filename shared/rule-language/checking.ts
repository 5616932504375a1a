import { parseMoney } from '#shared/domain/money'
import { parseDuration, parseTimestamp } from '#shared/domain/time'
import { typeName, type ValueType } from '#shared/domain/value-type'
import { type Decimal, minorUnits } from './decimal.ts'
import type { Expression } from './expression.ts'
import type { ASTNode } from './parse-expression.ts'
import type { Scope } from './scope.ts'
import type { SourceRange } from './source-range.ts'

/** A checked part of an expression. */
export interface Value {
  readonly expression: Expression
  /** As it was written, for a number: it takes the scale of the money that it meets. */
  readonly literal: Decimal | undefined
  readonly node: ASTNode
}

/** The event of a step that a name leads to. */
export interface ElementOf {
  readonly step: number
  readonly which: 'first' | 'last' | number
}

/** What a name, or a path of names, leads to. */
export type Reference =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'step'; readonly step: number }
  /** A nested object, which has no value of its own: a path's prefix. The empty path is a step's event as a whole. */
  | { readonly kind: 'object'; readonly path: string; readonly element: ElementOf | undefined }

/** What the parts of the checker share. A function that found a problem has reported it and returns undefined, so that one mistake is told once. */
export interface Checking {
  readonly scope: Scope
  /** Checks a node that must have a value. */
  check(node: ASTNode): Value | undefined
  /** What a node refers to, where more than a value is allowed. */
  resolve(node: ASTNode): Reference | undefined
  /** The fields below an object, relative to it; of the empty path all. */
  fieldsBelow(path: string): readonly string[]
  /** A field of an object or of a step's event, or undefined where there is none; reports nothing. */
  fieldOf(node: ASTNode, path: string, element: ElementOf | undefined): Value | undefined
  /** Checks the body of a macro, in which `name` is an element. Variables are numbered by their nesting. */
  withVariable<T>(name: string, type: ValueType, body: (variable: number) => T): T
  report(node: SourceRange, code: string, message: string, hint?: string): undefined
  /** The text of a node, for hints. */
  written(node: SourceRange): string
  /** The same as an operand of another operation: in parentheses where it needs them. */
  operand(node: ASTNode): string
  /** A value of an expression; computed now if all its operands are constants. Reports a fault that would come with every event. */
  value(node: ASTNode, expression: Expression): Value | undefined
}

/** Checks all, so that the problems of each are told. */
export function checkAll(checking: Checking, nodes: readonly ASTNode[]): readonly Value[] | undefined {
  const values = nodes.map((node) => checking.check(node))
  return values.every((value) => value !== undefined) ? values : undefined
}

export const constant = (type: ValueType, value: unknown): Expression => ({ op: 'constant', type, value })

export const isNumber = (type: ValueType): boolean =>
  type.kind === 'int' || type.kind === 'double' || type.kind === 'money'

/** `a string`, `an int`: a type in a sentence. */
export const aType = (type: ValueType): string => {
  const name = typeName(type)
  if (type.kind === 'money') return name
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`
}

/** The literal in minor units; reports one that is not exact. */
export function literalAsMoney(checking: Checking, value: Value, decimals: number): Expression | undefined {
  if (value.literal === undefined) return undefined
  const type: ValueType = { kind: 'money', decimals }
  const minor = minorUnits(value.literal, decimals)
  if (typeof minor === 'number') return constant(type, minor)
  const text = checking.written(value.node)
  if (minor === 'out-of-range') return checking.report(value.node, minor, `${text} is beyond the range of money`)
  const message = `money has ${decimals} decimals, ${text} has ${value.literal.scale}`
  const [below, above] = neighbours(value.literal, decimals)
  return checking.report(value.node, minor, message, `${below} or ${above}`)
}

/** The amounts just below and above a literal that lies between them. */
function neighbours({ coefficient, scale }: Decimal, decimals: number): [string, string] {
  const step = 10n ** BigInt(scale - decimals)
  const towardsZero = coefficient / step
  const below = coefficient < 0n ? towardsZero - 1n : towardsZero
  return [decimalText(below, decimals), decimalText(below + 1n, decimals)]
}

function decimalText(units: bigint, decimals: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, '0')
  const sign = units < 0n ? '-' : ''
  return decimals === 0 ? sign + digits : `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}

/** How a constant would be written so that it fits a type: `"5"` for money is `5`. */
export function rewritten(value: Value, type: ValueType): string | undefined {
  const { expression } = value
  if (expression.op !== 'constant') return undefined
  const text = expression.type.kind === 'string' ? String(expression.value) : undefined
  switch (type.kind) {
    case 'string':
      return expression.type.kind === 'int' ? `"${expression.value}"` : undefined
    case 'int':
      return text !== undefined && /^-?\d{1,15}$/.test(text) ? text : undefined
    case 'double':
      return text !== undefined && /^-?\d{1,15}(\.\d+)?$/.test(text) ? text : undefined
    case 'money':
      return text !== undefined && parseMoney(text, type.decimals) !== undefined ? text : undefined
    case 'bool':
      if (text === 'true' || text === 'false') return text
      return expression.value === 1 ? 'true' : expression.value === 0 ? 'false' : undefined
    case 'timestamp':
      return text !== undefined && parseTimestamp(text) !== undefined ? `timestamp("${text}")` : undefined
    case 'duration':
      if (text !== undefined) return parseDuration(text) !== undefined ? `duration("${text}")` : undefined
      return isNumber(expression.type) ? `duration("${expression.value}s")` : undefined
    default:
      return undefined
  }
}
