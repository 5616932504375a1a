import { typeName, type ValueType } from '#shared/domain/value-type'
import { type Checking, checkAll, type Reference, type Value } from './checking.ts'
import { nearest } from './diagnostic.ts'
import { accepts, type FunctionSignature, functions } from './functions.ts'
import type { ASTNode } from './parse-expression.ts'
import { specialForms } from './special-forms.ts'
import { isZone } from './time-zone.ts'

type Style = 'function' | 'method'

/** Checks `name(args)` or `args[0].name(rest)`. */
export function checkCall(
  checking: Checking,
  node: ASTNode,
  style: Style,
  name: string,
  args: readonly ASTNode[],
): Reference | undefined {
  const special = specialForms.get(name)
  const signature = functions.get(name)
  const known = special ?? signature
  if (known === undefined) return reportUnknown(checking, node, style, name, args)
  if (known.style !== 'both' && known.style !== style) {
    const [first, ...rest] = args.map((arg) => checking.written(arg))
    const hint =
      style === 'method' ? `${name}(${[first, ...rest].join(', ')})` : `${first ?? 'x'}.${name}(${rest.join(', ')})`
    return checking.report(node, 'unknown-function', `${name} is a ${known.style}`, hint)
  }
  if (special !== undefined) {
    if (special.arity.includes(args.length)) return special.check(checking, node, args)
    return checking.report(node, 'bad-argument', `${name}() does not take ${args.length} arguments`, special.usage)
  }
  const values = checkAll(checking, args)
  if (signature === undefined || values === undefined) return undefined
  return ordinary(checking, node, name, signature, values)
}

function ordinary(
  checking: Checking,
  node: ASTNode,
  name: string,
  { overloads, style }: FunctionSignature,
  values: readonly Value[],
): Reference | undefined {
  const fitting = overloads.find(
    ({ parameters }) =>
      parameters.length === values.length &&
      parameters.every((parameter, i) => accepts(parameter, values[i].expression.type)),
  )
  if (fitting === undefined) {
    const given = values.map(({ expression }) => typeName(expression.type)).join(', ')
    const usages = overloads.map(({ parameters }) => usage(name, style, parameters)).join(' | ')
    return checking.report(node, 'bad-argument', `${name}() does not take (${given})`, usages)
  }
  const zone = fitting.parameters.indexOf('zone')
  if (zone >= 0 && !checkZone(checking, values[zone])) return undefined
  const type: ValueType = fitting.result === 'same' ? values[0].expression.type : fitting.result
  const args = values.map(({ expression }) => expression)
  const value = checking.value(node, { op: 'call', type, name, args })
  return value && { kind: 'value', value }
}

function usage(name: string, style: string, parameters: readonly string[]): string {
  const shown = parameters.map((parameter) => (parameter === 'zone' ? '"Europe/Zurich"' : parameter))
  return style === 'method' ? `${shown[0]}.${name}(${shown.slice(1).join(', ')})` : `${name}(${shown.join(', ')})`
}

function checkZone(checking: Checking, { expression, node }: Value): boolean {
  if (expression.op !== 'constant') {
    checking.report(node, 'bad-argument', 'the time zone is a literal text', '"Europe/Zurich"')
    return false
  }
  if (isZone(String(expression.value))) return true
  checking.report(node, 'unknown-zone', `there is no time zone \`${expression.value}\``, '"Europe/Zurich"')
  return false
}

/** Functions of other languages whose meaning is written otherwise. */
const otherwise: ReadonlyMap<string, string> = new Map([
  ['len', 'size'],
  ['length', 'size'],
  ['toLowerCase', 'lower'],
  ['toUpperCase', 'upper'],
  ['float', 'double'],
  ['str', 'string'],
  ['includes', 'contains'],
  ['average', 'avg'],
  ['mean', 'avg'],
  ['exist', 'has'],
  ['any', 'exists'],
  ['map', 'exists'],
  ['filter', 'exists'],
  ['some', 'exists'],
  ['isEmpty', 'size'],
])

function reportUnknown(
  checking: Checking,
  node: ASTNode,
  style: Style,
  name: string,
  args: readonly ASTNode[],
): undefined {
  const names = [...functions, ...specialForms].map(([known]) => known)
  const near = otherwise.get(name) ?? nearest(name, names)
  // `now()` has no near name: what an author means is the time of the event.
  const hint = near ?? (name === 'now' ? 'at' : undefined)
  // The arguments are checked all the same, but not what a macro unknown to us would bind.
  if (style === 'function') for (const arg of args) checking.resolve(arg)
  const start =
    style === 'method' ? node.start + checking.written(node).indexOf(name, args[0].end - node.start) : node.start
  return checking.report(
    { start, end: start + name.length },
    'unknown-function',
    `there is no function \`${name}\``,
    hint,
  )
}
