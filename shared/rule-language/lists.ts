import { bool, string, typeName, type ValueType } from '#shared/domain/value-type'
import { aType, type Checking, checkAll, isNumber, literalAsMoney, type Value } from './checking.ts'
import type { Expression } from './expression.ts'
import { commonUnit } from './operators.ts'
import type { ASTNode } from './parse-expression.ts'

/** All elements have one type: money if any is, else double if any is, else that of the first. */
export function listLiteral(checking: Checking, node: ASTNode, nodes: readonly ASTNode[]): Value | undefined {
  const values = checkAll(checking, nodes)
  if (nodes.length === 0) return checking.report(node, 'empty-list', 'the list is empty: nothing is in it')
  if (values === undefined) return undefined
  const money = values.find(({ expression }) => expression.type.kind === 'money')
  const first = money ?? values.find(({ expression }) => expression.type.kind === 'double') ?? values[0]
  const elements = values.map((value) => asElement(checking, value, first.expression.type))
  if (!elements.every((element) => element !== undefined)) return undefined
  return checking.value(node, { op: 'list', type: { kind: 'list', element: first.expression.type }, args: elements })
}

function asElement(checking: Checking, value: Value, type: ValueType): Expression | undefined {
  const { expression, node } = value
  if (type.kind === 'money' && value.literal !== undefined) return literalAsMoney(checking, value, type.decimals)
  if (typeName(expression.type) === typeName(type)) return expression
  if (type.kind === 'double' && expression.type.kind === 'int') return expression
  return checking.report(node, 'type-mismatch', `the list holds ${typeName(type)}, this is ${aType(expression.type)}`)
}

/** `value in list`, `key in map`. */
export function membership(checking: Checking, node: ASTNode, [a, b]: readonly [ASTNode, ASTNode]): Value | undefined {
  const value = checking.check(a)
  if (b.op === 'list') {
    if (value !== undefined) return inLiteral(checking, node, value, b)
    checkAll(checking, b.args)
    return undefined
  }
  const collection = checking.check(b)
  if (value === undefined || collection === undefined) return undefined
  const { type } = collection.expression
  if (type.kind !== 'list' && type.kind !== 'map')
    return checking.report(
      b,
      'type-mismatch',
      `\`in\` needs a list or map, not ${aType(type)}`,
      `[${checking.written(b)}]`,
    )
  const element = type.kind === 'list' ? type.element : string
  const converted = asMember(checking, value, element)
  return converted && checking.value(node, { op: 'in', type: bool, args: [converted, collection.expression] })
}

/** Each element takes the unit of the value: `amount in [1, 2.50]`. */
function inLiteral(checking: Checking, node: ASTNode, value: Value, list: ASTNode & { op: 'list' }): Value | undefined {
  if (list.args.length === 0) return checking.report(list, 'empty-list', 'the list is empty: nothing is in it')
  const { type } = value.expression
  const elements = list.args.map((element) => {
    const checked = checking.check(element)
    if (checked === undefined) return undefined
    const pair = commonUnit(checking, element, value, checked, 'keep')
    if (pair === undefined) return undefined
    if (pair[0] === value.expression) return pair[1]
    return checking.report(
      element,
      'type-mismatch',
      `${typeName(type)} is compared with ${aType(checked.expression.type)}`,
    )
  })
  if (!elements.every((element) => element !== undefined)) return undefined
  const listType: ValueType = { kind: 'list', element: type }
  const collection = checking.value(list, { op: 'list', type: listType, args: elements })
  return collection && checking.value(node, { op: 'in', type: bool, args: [value.expression, collection.expression] })
}

function asMember(checking: Checking, value: Value, type: ValueType): Expression | undefined {
  const { expression, node } = value
  if (type.kind === 'money' && value.literal !== undefined) return literalAsMoney(checking, value, type.decimals)
  const areNumbers =
    isNumber(type) && isNumber(expression.type) && type.kind !== 'money' && expression.type.kind !== 'money'
  if (typeName(expression.type) === typeName(type) || areNumbers) return expression
  return checking.report(node, 'type-mismatch', `the elements are ${typeName(type)}, not ${typeName(expression.type)}`)
}
