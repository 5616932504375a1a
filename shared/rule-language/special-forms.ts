import { bool, double, int, sameType, typeName, type ValueType } from '#shared/domain/value-type'
import type { Checking, ElementOf, Reference, Value } from './checking.ts'
import { aType, constant, isNumber, literalAsMoney, rewritten } from './checking.ts'
import { nearest } from './diagnostic.ts'
import type { Expression } from './expression.ts'
import type { ASTNode } from './parse-expression.ts'
import { explainPattern } from './regular-expression.ts'

/** A call with rules of its own; the receiver of a method is the first argument. */
export type SpecialForm = (checking: Checking, node: ASTNode, args: readonly ASTNode[]) => Reference | undefined

/** `min` to `max` arguments, with the method's receiver. */
export interface SpecialSignature {
  readonly style: 'function' | 'method' | 'both'
  readonly usage: string
  readonly arity: readonly number[]
  readonly check: SpecialForm
}

export const specialForms: ReadonlyMap<string, SpecialSignature> = new Map<string, SpecialSignature>([
  ['has', { style: 'function', usage: 'has(amount)', arity: [1], check: has }],
  ['inList', { style: 'function', usage: 'inList("name", value)', arity: [2], check: inList }],
  [
    'distanceKm',
    {
      style: 'function',
      usage: 'distanceKm(a, b) or distanceKm(lat1, lon1, lat2, lon2)',
      arity: [2, 4],
      check: distanceKm,
    },
  ],
  ['matches', { style: 'both', usage: 'text.matches("pattern")', arity: [2], check: matches }],
  ['exists', { style: 'method', usage: 'list.exists(x, condition)', arity: [3], check: macro('exists') }],
  ['all', { style: 'method', usage: 'list.all(x, condition)', arity: [3], check: macro('all') }],
  ['exists_one', { style: 'method', usage: 'list.exists_one(x, condition)', arity: [3], check: macro('exists-one') }],
  ['count', { style: 'function', usage: 'count(step)', arity: [1], check: count }],
  ['sum', { style: 'function', usage: 'sum(step.field)', arity: [1], check: aggregate('sum') }],
  ['avg', { style: 'function', usage: 'avg(step.field)', arity: [1], check: aggregate('avg') }],
  ['min', { style: 'function', usage: 'min(step.field)', arity: [1, 2], check: aggregate('min') }],
  ['max', { style: 'function', usage: 'max(step.field)', arity: [1, 2], check: aggregate('max') }],
  ['first', { style: 'function', usage: 'first(step).field', arity: [1], check: element('first') }],
  ['last', { style: 'function', usage: 'last(step).field', arity: [1], check: element('last') }],
])

const found = (value: Value | undefined): Reference | undefined => value && { kind: 'value', value }

/** An object is there if any of its fields is; a step, if it took an event. */
function has(checking: Checking, node: ASTNode, [arg]: readonly ASTNode[]): Reference | undefined {
  const reference = checking.resolve(arg)
  if (reference === undefined) return undefined
  if (reference.kind === 'value') {
    const { expression } = reference.value
    if (!referring.has(expression.op))
      return checking.report(arg, 'bad-argument', 'has() asks for a field, a feature or an element', 'has(amount)')
    return found(checking.value(node, { op: 'has', type: bool, args: [expression] }))
  }
  if (reference.kind === 'step') return found(checking.value(node, isTaken(reference.step)))
  const { path, element } = reference
  const fields = checking
    .fieldsBelow(path)
    .map((field) => checking.fieldOf(arg, path === '' ? field : `${path}.${field}`, element)?.expression)
    .filter((expression) => expression !== undefined)
    .map((expression): Expression => ({ op: 'has', type: bool, args: [expression] }))
  if (path === '' && element !== undefined)
    return found(checking.value(node, { op: 'has', type: bool, args: [eventTime(element)] }))
  const any = fields.reduce((a, b): Expression => ({ op: 'or', type: bool, args: [a, b] }))
  return found(checking.value(node, any))
}

const referring: ReadonlySet<Expression['op']> = new Set([
  'field',
  'envelope',
  'key',
  'feature',
  'step-element',
  'index',
  'variable',
] as const)

const isTaken = (step: number): Expression => ({ op: '>', type: bool, args: [counted(step), constant(int, 0)] })

const counted = (step: number): Expression => ({ op: 'step-aggregate', type: int, kind: 'count', step, of: undefined })

/** Every event has a time, so a step's event is there if its time is. */
const eventTime = ({ step, which }: ElementOf): Expression => ({
  op: 'step-element',
  type: { kind: 'timestamp' },
  step,
  which,
  of: { op: 'envelope', type: { kind: 'timestamp' }, name: 'at' },
})

function inList(checking: Checking, node: ASTNode, [nameNode, valueNode]: readonly ASTNode[]): Reference | undefined {
  const value = checking.check(valueNode)
  if (nameNode.op !== 'value' || typeof nameNode.args !== 'string')
    return checking.report(nameNode, 'bad-argument', 'the name of the list is a literal text', 'inList("name", value)')
  const name = nameNode.args
  const { lists } = checking.scope
  const list = lists.findIndex((candidate) => candidate.name === name)
  if (list < 0) {
    const near = nearest(
      name,
      lists.map((candidate) => candidate.name),
    )
    return checking.report(
      nameNode,
      'unknown-list',
      `there is no list \`${name}\``,
      near ?? (lists.length > 0 ? undefined : `add lists/${name}.yaml`),
    )
  }
  if (value === undefined) return undefined
  const { type } = lists[list]
  const converted = fitted(checking, value, type)
  if (converted !== undefined)
    return found(checking.value(node, { op: 'in-list', type: bool, list, args: [converted] }))
  const message = `the list \`${name}\` holds ${typeName(type)}, not ${typeName(value.expression.type)}`
  return checking.report(
    valueNode,
    'type-mismatch',
    message,
    rewritten(value, type) ?? converting(checking.written(valueNode), type),
  )
}

const converting = (text: string, { kind }: ValueType): string | undefined =>
  kind === 'string' || kind === 'int' || kind === 'double' ? `${kind}(${text})` : undefined

/** The value as one of a type, or undefined where it is none. */
function fitted(checking: Checking, value: Value, type: ValueType): Expression | undefined {
  const { expression } = value
  if (type.kind === 'money' && value.literal !== undefined) return literalAsMoney(checking, value, type.decimals)
  if (sameType(expression.type, type)) return expression
  const areNumbers =
    isNumber(type) && isNumber(expression.type) && type.kind !== 'money' && expression.type.kind !== 'money'
  return areNumbers ? expression : undefined
}

/**
 * The great-circle distance between two objects with `lat` and `lon`, or two pairs of degrees.
 * An event's schema is flat, so an object is given as its two fields.
 */
function distanceKm(checking: Checking, node: ASTNode, args: readonly ASTNode[]): Reference | undefined {
  const degrees =
    args.length === 4 ? args.map((arg) => degreesOf(checking, arg)) : args.flatMap((arg) => pointOf(checking, arg))
  if (!degrees.every((expression) => expression !== undefined)) return undefined
  return found(checking.value(node, { op: 'call', type: double, name: 'distanceKm', args: degrees }))
}

function degreesOf(checking: Checking, node: ASTNode): Expression | undefined {
  const value = checking.check(node)
  if (value === undefined) return undefined
  const { type } = value.expression
  if (type.kind === 'double' || type.kind === 'int') return value.expression
  return checking.report(node, 'type-mismatch', `degrees are a double, not ${aType(type)}`)
}

function pointOf(checking: Checking, node: ASTNode): readonly (Expression | undefined)[] {
  const reference = checking.resolve(node)
  if (reference === undefined) return [undefined]
  const text = checking.written(node)
  if (reference.kind === 'value') {
    const message = `\`${text}\` is ${aType(reference.value.expression.type)}, not an object with lat and lon`
    return [checking.report(node, 'type-mismatch', message, 'distanceKm(lat1, lon1, lat2, lon2)')]
  }
  const { path, element } =
    reference.kind === 'step' ? { path: '', element: { step: reference.step, which: 'last' as const } } : reference
  return ['lat', 'lon'].map((name) => {
    const value = checking.fieldOf(node, path === '' ? name : `${path}.${name}`, element)
    const type = value?.expression.type.kind
    if (value !== undefined && (type === 'double' || type === 'int')) return value.expression
    return checking.report(
      node,
      'type-mismatch',
      `\`${text}\` has no double \`${name}\``,
      'distanceKm(lat1, lon1, lat2, lon2)',
    )
  })
}

function matches(
  checking: Checking,
  node: ASTNode,
  [textNode, patternNode]: readonly ASTNode[],
): Reference | undefined {
  const text = checking.check(textNode)
  if (patternNode.op !== 'value' || typeof patternNode.args !== 'string')
    return checking.report(
      patternNode,
      'bad-argument',
      'the pattern of matches() is a literal text',
      'text.matches("^CH")',
    )
  const refusal = explainPattern(patternNode.args)
  if (refusal !== undefined)
    return checking.report(patternNode, 'bad-regular-expression', refusal.message, refusal.hint)
  if (text === undefined) return undefined
  const { type } = text.expression
  if (type.kind !== 'string')
    return checking.report(
      textNode,
      'type-mismatch',
      `matches() takes a string, not ${aType(type)}`,
      `string(${checking.written(textNode)})`,
    )
  return found(checking.value(node, { op: 'matches', type: bool, pattern: patternNode.args, args: [text.expression] }))
}

function macro(op: 'exists' | 'all' | 'exists-one'): SpecialForm {
  return (checking, node, [listNode, nameNode, bodyNode]) => {
    const list = checking.check(listNode)
    if (nameNode.op !== 'id')
      return checking.report(
        nameNode,
        'bad-argument',
        'the first argument names an element',
        'tags.exists(tag, tag == "x")',
      )
    if (list === undefined) return undefined
    const { type } = list.expression
    if (type.kind !== 'list' && type.kind !== 'map')
      return checking.report(listNode, 'type-mismatch', `a list or map is needed here, not ${aType(type)}`)
    const element: ValueType = type.kind === 'list' ? type.element : { kind: 'string' }
    return checking.withVariable(nameNode.args, element, (variable) => {
      const body = checking.check(bodyNode)
      if (body === undefined) return undefined
      if (body.expression.type.kind !== 'bool')
        return checking.report(
          bodyNode,
          'type-mismatch',
          `a condition is needed here, not ${aType(body.expression.type)}`,
        )
      return found(checking.value(node, { op, type: bool, variable, args: [list.expression, body.expression] }))
    })
  }
}

function count(checking: Checking, node: ASTNode, [arg]: readonly ASTNode[]): Reference | undefined {
  if (arg.op === 'id' && arg.args === 'all' && !checking.scope.steps.includes('all'))
    return reportNoStep(checking, node, 'count')
  const reference = checking.resolve(arg)
  if (reference === undefined) return undefined
  if (reference.kind === 'step') return found(checking.value(node, counted(reference.step)))
  const step = stepBelow(reference)
  if (step === undefined) return reportNoStep(checking, node, 'count')
  return checking.report(arg, 'bad-argument', 'count() takes the step itself', `count(${checking.scope.steps[step]})`)
}

function aggregate(kind: 'sum' | 'avg' | 'min' | 'max'): SpecialForm {
  return (checking, node, [arg, second]) => {
    const reference = checking.resolve(arg)
    if (reference === undefined) return undefined
    const step = stepBelow(reference)
    if (step === undefined || second !== undefined) return reportNoStep(checking, node, kind)
    const name = checking.scope.steps[step]
    if (reference.kind !== 'value')
      return checking.report(arg, 'bad-argument', `${kind}() takes a field of the step`, `${kind}(${name}.amount)`)
    const { expression } = reference.value
    if (expression.op !== 'step-element' || expression.which !== 'last' || !isPath(arg))
      return checking.report(arg, 'bad-argument', `${kind}() is over all events of the step`, `${kind}(${name}.field)`)
    const { type } = expression
    const isTime = type.kind === 'duration' || type.kind === 'timestamp'
    const allowsTime = kind === 'min' || kind === 'max' || (kind === 'sum' && type.kind === 'duration')
    if (!isNumber(type) && !(isTime && allowsTime))
      return checking.report(arg, 'type-mismatch', `${kind}() is not defined for ${aType(type)}`)
    const result = kind === 'avg' ? double : type
    return found(checking.value(node, { op: 'step-aggregate', type: result, kind, step, of: expression.of }))
  }
}

/** `probe.merchant.id`, without an index or a call in it. */
const isPath = (node: ASTNode): boolean => node.op === 'id' || (node.op === '.' && isPath(node.args[0]))

function stepBelow(reference: Reference): number | undefined {
  if (reference.kind === 'step') return reference.step
  if (reference.kind === 'object') return reference.element?.step
  const { expression } = reference.value
  return expression.op === 'step-element' ? expression.step : undefined
}

function element(which: 'first' | 'last'): SpecialForm {
  return (checking, node, [arg]) => {
    const reference = checking.resolve(arg)
    if (reference === undefined) return undefined
    if (reference.kind === 'step') return { kind: 'object', path: '', element: { step: reference.step, which } }
    const step = stepBelow(reference)
    if (step === undefined) return reportNoStep(checking, node, which)
    const name = checking.scope.steps[step]
    const field = checking.written(arg).slice(name.length)
    return checking.report(arg, 'bad-argument', `${which}() takes the step itself`, `${which}(${name})${field}`)
  }
}

/** An aggregate outside of a pattern is a feature, which has a name and a window. */
function reportNoStep(checking: Checking, node: ASTNode, kind: string): undefined {
  const text = checking.written(node)
  const argument = text.slice(text.indexOf('(') + 1, -1)
  if ((kind === 'min' || kind === 'max') && argument.includes(','))
    return checking.report(node, 'not-a-step', `${kind}() is over the events of a step`, 'a < b ? a : b')
  const feature = kind === 'count' ? '{ count: all, over: 1h }' : `{ ${kind}: ${argument}, over: 1h }`
  const message = `${kind}() is over the events of a pattern's step; over a window it is a feature`
  return checking.report(node, 'not-a-step', message, `features: { name: ${feature} }`)
}
