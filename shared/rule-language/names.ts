import { envelopeFields } from '#shared/domain/event-schema'
import { string, timestamp, type ValueType } from '#shared/domain/value-type'
import type { Checking, ElementOf, Reference, Value } from './checking.ts'
import { aType, constant } from './checking.ts'
import { nearest } from './diagnostic.ts'
import type { Expression } from './expression.ts'
import type { ASTNode } from './parse-expression.ts'
import type { Scope } from './scope.ts'

/** The names of a scope, found once for an expression. All lookups go through maps, so no name reaches a prototype. */
export interface Names {
  readonly fields: ReadonlyMap<string, VisibleField>
  readonly features: ReadonlyMap<string, number>
  readonly steps: ReadonlyMap<string, number>
  /** Paths that are prefixes of fields: `merchant` of `merchant.id`. */
  readonly objects: ReadonlySet<string>
}

interface VisibleField {
  readonly field: number
  /** The types that declare the path, where they do not agree on its type. */
  readonly conflict: string | undefined
}

export function namesOf(scope: Scope): Names {
  const { events } = scope
  const fields = new Map<string, VisibleField>()
  const declaredIn = new Map<string, string>()
  const objects = new Set<string>()
  for (const typeIndex of scope.on) {
    const type = events.types[typeIndex]
    for (const { field } of type.fields) {
      const { path, type: valueType } = events.fields[field]
      const before = fields.get(path)
      const declaration = `${aType(valueType)} in ${type.name}`
      if (before === undefined) {
        fields.set(path, { field, conflict: undefined })
        declaredIn.set(path, declaration)
      } else if (before.field !== field) {
        fields.set(path, { field, conflict: `${before.conflict ?? declaredIn.get(path)}, ${declaration}` })
      }
      for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) objects.add(path.slice(0, dot))
    }
  }
  const numbered = (names: readonly string[]) =>
    new Map(names.map((name, i) => [name, i] as const).filter(([name]) => name !== ''))
  return { fields, features: numbered(scope.features.map(({ name }) => name)), steps: numbered(scope.steps), objects }
}

export const isDeclared = (names: Names, word: string): boolean =>
  names.fields.has(word) || names.objects.has(word) || names.features.has(word) || names.steps.has(word)

/** Resolves a bare name. */
export function resolveName(checking: Checking, names: Names, node: ASTNode, name: string): Reference | undefined {
  const { scope } = checking
  const feature = names.features.get(name)
  if (feature !== undefined) return toValue(node, { op: 'feature', type: scope.features[feature].type, feature })
  const step = names.steps.get(name)
  if (step !== undefined) return { kind: 'step', step }
  const found = resolvePath(checking, names, node, name, undefined)
  if (found !== 'unknown') return found
  if (name === 'key' && scope.keyType !== undefined) return toValue(node, { op: 'key', type: scope.keyType })
  return reportUnknown(checking, names, node, name)
}

/** Resolves `base.name`. */
export function resolveMember(
  checking: Checking,
  names: Names,
  node: ASTNode,
  base: Reference,
  name: string,
): Reference | undefined {
  if (base.kind === 'value') return memberOfValue(checking, node, base.value, name)
  const element: ElementOf | undefined = base.kind === 'step' ? { step: base.step, which: 'last' } : base.element
  const path = base.kind === 'object' && base.path !== '' ? `${base.path}.${name}` : name
  const found = resolvePath(checking, names, node, path, element)
  if (found !== 'unknown') return found
  const prefix = path.slice(0, path.length - name.length)
  const candidates = [...names.fields.keys(), ...(prefix === '' ? envelopeFields : [])]
    .filter((candidate) => candidate.startsWith(prefix))
    .map((candidate) => candidate.slice(prefix.length))
  const owner = base.kind === 'step' || prefix === '' ? 'the event' : `\`${prefix.slice(0, -1)}\``
  const hint = nearest(name, candidates) ?? (candidates.length <= 6 ? candidates.join(', ') || undefined : undefined)
  return checking.report({ start: node.pos, end: node.end }, 'unknown-name', `${owner} has no field \`${name}\``, hint)
}

/** A field, an envelope field or an object; `unknown` where the path is none of them. */
export function resolvePath(
  checking: Checking,
  names: Names,
  node: ASTNode,
  path: string,
  element: ElementOf | undefined,
): Reference | 'unknown' | undefined {
  const field = names.fields.get(path)
  if (field !== undefined) {
    const conflict =
      field.conflict ?? (names.objects.has(path) ? 'a value in one type, an object in another' : undefined)
    if (conflict !== undefined)
      return checking.report(
        node,
        'conflicting-types',
        `\`${path}\` is ${conflict}`,
        'write one rule for each event type',
      )
    const { type } = checking.scope.events.fields[field.field]
    return toValue(node, within(element, { op: 'field', type, field: field.field }))
  }
  if (names.objects.has(path)) return { kind: 'object', path, element }
  const envelope = envelopeFields.find((name) => name === path)
  if (envelope === undefined) return 'unknown'
  const type: ValueType = envelope === 'at' || envelope === 'receivedAt' ? timestamp : string
  return toValue(node, within(element, { op: 'envelope', type, name: envelope }))
}

export function resolveIndex(
  checking: Checking,
  node: ASTNode,
  base: Reference,
  indexNode: ASTNode,
): Reference | undefined {
  if (base.kind === 'step') return elementAt(checking, indexNode, base.step)
  if (base.kind === 'object')
    return checking.report(node, 'type-mismatch', `\`${base.path}\` is an object: name its field with a point`)
  const index = checking.check(indexNode)
  if (index === undefined) return undefined
  const { type } = base.value.expression
  const wanted = type.kind === 'list' ? 'int' : type.kind === 'map' ? 'string' : undefined
  if (wanted === undefined) return checking.report(node, 'type-mismatch', `${aType(type)} has no elements`)
  if (index.expression.type.kind !== wanted)
    return checking.report(
      indexNode,
      'type-mismatch',
      `the index of ${aType(type)} is ${wanted === 'int' ? 'an int' : 'a string'}`,
    )
  const elementType = type.kind === 'list' ? type.element : type.kind === 'map' ? type.value : type
  return found(
    checking.value(node, { op: 'index', type: elementType, args: [base.value.expression, index.expression] }),
  )
}

/** Tells why a reference has no value of its own. */
export function reportNoValue(checking: Checking, node: ASTNode, reference: Reference): undefined {
  const text = checking.written(node)
  if (reference.kind === 'step') {
    const [field] = checking.fieldsBelow('')
    const hint = field === undefined ? `count(${text})` : `count(${text}), ${text}.${field}`
    return checking.report(node, 'type-mismatch', `\`${text}\` is a step: ask for its number or a field`, hint)
  }
  const fields = reference.kind === 'object' ? checking.fieldsBelow(reference.path).slice(0, 3) : []
  const hint = fields.map((field) => `${text}.${field}`).join(', ')
  return checking.report(node, 'type-mismatch', `\`${text}\` is an object: name one of its fields`, hint || undefined)
}

/** The paths of the fields below an object, relative to it. */
export function pathsBelow(names: Names, path: string): readonly string[] {
  const prefix = path === '' ? '' : `${path}.`
  return [...names.fields.keys()].filter((field) => field.startsWith(prefix)).map((field) => field.slice(prefix.length))
}

function memberOfValue(checking: Checking, node: ASTNode, value: Value, name: string): Reference | undefined {
  const { type } = value.expression
  if (type.kind === 'map') {
    const args = [value.expression, constant(string, name)] as const
    return found(checking.value(node, { op: 'index', type: type.value, args }))
  }
  const text = checking.written(value.node)
  return checking.report(node, 'type-mismatch', `\`${text}\` is ${aType(type)} and has no fields`)
}

function elementAt(checking: Checking, node: ASTNode, step: number): Reference | undefined {
  const name = checking.scope.steps[step]
  const index = node.op === 'value' && typeof node.args === 'bigint' ? Number(node.args) : undefined
  if (index !== undefined && Number.isSafeInteger(index))
    return { kind: 'object', path: '', element: { step, which: index } }
  const message = `the place in \`${name}\` is a number from 0, written out`
  return checking.report(node, 'bad-argument', message, node.op === '-_' ? `last(${name})` : `${name}[0]`)
}

function within(element: ElementOf | undefined, of: Expression): Expression {
  if (element === undefined) return of
  return { op: 'step-element', type: of.type, step: element.step, which: element.which, of }
}

const toValue = (node: ASTNode, expression: Expression): Reference => ({
  kind: 'value',
  value: { expression, literal: undefined, node },
})

const found = (value: Value | undefined): Reference | undefined => value && { kind: 'value', value }

function reportUnknown(checking: Checking, names: Names, node: ASTNode, name: string): undefined {
  const { scope } = checking
  const why = scope.elsewhere?.get(name)
  if (why !== undefined) return checking.report(node, 'unknown-name', `\`${name}\` cannot be used here: ${why}`)
  const message = `there is no field, feature or step \`${name}\``
  const nested = [...names.fields.keys()].find((path) => path.endsWith(`.${name}`))
  const candidates = [
    ...names.fields.keys(),
    ...names.objects,
    ...names.features.keys(),
    ...names.steps.keys(),
    ...envelopeFields,
    ...(scope.keyType === undefined ? [] : ['key']),
  ]
  const literal = ['True', 'False', 'TRUE', 'FALSE'].includes(name) ? name.toLowerCase() : undefined
  const near = literal ?? nested ?? nearest(name, candidates)
  if (near !== undefined) return checking.report(node, 'unknown-name', message, near)
  const owner = scope.events.types.find(({ fields }) =>
    fields.some(({ field }) => isBelow(scope.events.fields[field].path, name)),
  )
  if (owner === undefined) return checking.report(node, 'unknown-name', message)
  const types = scope.on.map((type) => scope.events.types[type].name).join(', ')
  const hint = `on: [${[types, owner.name].filter((text) => text !== '').join(', ')}]`
  return checking.report(
    node,
    'unknown-name',
    `\`${name}\` is a field of ${owner.name}, but the rule is on ${types}`,
    hint,
  )
}

const isBelow = (path: string, name: string): boolean => path === name || path.startsWith(`${name}.`)
