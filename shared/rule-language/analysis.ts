import { typeName } from '#shared/domain/value-type'
import { type Expression, operands } from './expression.ts'

/** Whether the value is settled by the event and the actor's key, whatever came before: no feature, no step. */
export function dependsOnEventOnly(e: Expression): boolean {
  if (e.op === 'feature' || e.op === 'step-aggregate' || e.op === 'step-element') return false
  return operands(e).every(dependsOnEventOnly)
}

/** Whether the value depends on what the run has taken. */
export const readsRun = (e: Expression): boolean =>
  e.op === 'step-aggregate' || e.op === 'step-element' || operands(e).some(readsRun)

/** Indexes into `EventSchema.fields` of all fields that are read, of the event or of a step's events. */
export function fieldsOf(e: Expression, into: Set<number> = new Set()): Set<number> {
  if (e.op === 'field') into.add(e.field)
  for (const operand of operands(e)) fieldsOf(operand, into)
  return into
}

/** Whether judging it may throw a `RuleFault`. */
export const mayFault = (e: Expression): boolean => faults(e) || operands(e).some(mayFault)

function faults(e: Expression): boolean {
  switch (e.op) {
    case 'add-exact':
    case 'subtract-exact':
    case 'multiply-exact':
    case 'remainder':
    case 'add':
    case 'subtract':
      return true
    case 'divide':
      return !isSafeDivisor(e.args[1])
    case 'multiply':
      return !e.args.every(isModest)
    case 'call':
      return faultingCalls.has(e.name)
    default:
      return false
  }
}

const faultingCalls: ReadonlySet<string> = new Set(['round', 'int', 'double', 'bool', 'timestamp', 'duration'])

/** An exact kind or a small constant: products of two of them stay finite. */
const isModest = (e: Expression): boolean =>
  e.op === 'constant' ? Math.abs(Number(e.value)) <= 1e9 : e.type.kind !== 'double' || e.op === 'major-units'

const isSafeDivisor = (e: Expression): boolean => e.op === 'constant' && Math.abs(Number(e.value)) >= 1

/** A text that two expressions share if and only if they are equal in structure. */
export function expressionKey(e: Expression): string {
  return `(${[e.op, typeName(e.type), ...details(e), ...operands(e).map(expressionKey)].join(' ')})`
}

function details(e: Expression): readonly string[] {
  switch (e.op) {
    case 'constant':
      return [JSON.stringify(e.value)]
    case 'field':
      return [String(e.field)]
    case 'envelope':
      return [e.name]
    case 'feature':
      return [String(e.feature)]
    case 'step-aggregate':
      return [e.kind, String(e.step)]
    case 'step-element':
      return [String(e.step), String(e.which)]
    case 'major-units':
      return [String(e.decimals)]
    case 'call':
      return [e.name]
    case 'in-list':
      return [String(e.list)]
    case 'matches':
      return [JSON.stringify(e.pattern)]
    case 'exists':
    case 'all':
    case 'exists-one':
    case 'variable':
      return [String(e.variable)]
    default:
      return []
  }
}

/**
 * Whether a list or map of the event meets a feature or a step: records do not keep lists and maps, so when such a condition is judged
 * its list is gone. Alone (`"x" in tags`, `size(tags)`) it is judged on arrival.
 */
export function mixesCollection(e: Expression): boolean {
  if (dependsOnEventOnly(e)) return false
  return operands(e).some((operand) => mixesCollection(operand) || isCollectionOfEvent(operand))
}

const isCollectionOfEvent = (e: Expression): boolean =>
  (e.type.kind === 'list' || e.type.kind === 'map') && dependsOnEventOnly(e) && fieldsOf(e).size > 0
