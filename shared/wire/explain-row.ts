import { convertValue } from '#shared/domain/convert-value'
import { invariant } from '#shared/domain/invariant'
import { limits } from '#shared/domain/limits'
import type { Problem } from '#shared/domain/problem'
import type { ValueType } from '#shared/domain/value-type'
import { typeName } from '#shared/domain/value-type'
import { nearest } from '#shared/rule-language/diagnostic'
import { isLongerThan, isWellFormed, readAt, readId } from './envelope.ts'
import type { Leaf, Member, TypePlan } from './event-plan.ts'
import type { JsonObject } from './json-row.ts'
import { isJsonObject, kindOf } from './json-row.ts'

/**
 * Says what is wrong with a row that could not be decoded: the first missing field in order of declaration, else the first bad value.
 * @param object a row of this type with at least one mistake
 */
export function explainRow(type: TypePlan, object: JsonObject): Problem {
  const problem = allMissing(type, object).next().value ?? badEnvelope(object) ?? bad(type.members, object)
  invariant(problem !== undefined, `a row of type ${type.name} was refused without a reason`)
  return problem
}

/** A problem for each required field that is absent, in order of declaration. */
export function* allMissing(type: TypePlan, object: JsonObject): Generator<Problem, undefined> {
  for (const name of ['id', 'at']) if (object[name] === undefined || object[name] === null) yield missingField(name)
  yield* missing(type.members, object)
}

/** @param written the row's `type`; null and undefined where it has none */
export function unknownType(written: unknown, declared: readonly string[]): Problem {
  const field = 'type'
  if (written === undefined || written === null)
    return { reason: 'unknown-type', field, message: 'the row has no type, and no type "transaction" is declared' }
  if (typeof written !== 'string')
    return { reason: 'unknown-type', field, message: `expected the name of an event type, got ${quote(written)}` }
  const meant = written.length <= 64 ? nearest(written, declared) : undefined
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
  return { reason: 'unknown-type', field, message: `no event type ${quote(written)} is declared${hint}` }
}

/** The value as it stands in a message: enough to recognise it, bounded. */
function quote(value: unknown): string {
  if (typeof value === 'object' && value !== null) return kindOf(value)
  if (typeof value !== 'string') return String(value)
  return value.length > 40
    ? `${JSON.stringify(value.slice(0, 40))}… (${value.length} characters)`
    : JSON.stringify(value)
}

const missingField = (field: string): Problem => ({
  reason: 'missing-field',
  field,
  message: 'the field is required and absent',
})

const badValue = (field: string, expected: string, value: unknown): Problem => ({
  reason: 'bad-value',
  field,
  message: `expected ${expected}, got ${quote(value)}`,
})

function badEnvelope(object: JsonObject): Problem | undefined {
  const { id, at } = object
  if (readId(id) === undefined) {
    if (typeof id === 'string' && id !== '') return badValue('id', textBound(limits.idBytesMax, id), id)
    return badValue('id', 'a string that is not empty, or an integer within ±(2^53 − 1)', id)
  }
  return readAt(at) === undefined ? badValue('at', expectation({ kind: 'timestamp' }), at) : undefined
}

function* missing(members: readonly Member[], object: JsonObject): Generator<Problem, undefined> {
  for (const member of members) {
    const value = ownValue(member, object)
    if (member.members === undefined) {
      if (value === undefined && member.isRequired) yield missingField(member.path)
      continue
    }
    // What stands in place of an object is a bad value; that its fields are absent is the lesser news.
    if (value === undefined || isJsonObject(value)) yield* missing(member.members, value ?? {})
  }
}

function bad(members: readonly Member[], object: JsonObject): Problem | undefined {
  for (const member of members) {
    const value = ownValue(member, object)
    if (value === undefined) continue
    const problem =
      member.members === undefined
        ? badLeaf(member, value)
        : isJsonObject(value)
          ? bad(member.members, value)
          : badValue(member.path, 'an object', value)
    if (problem !== undefined) return problem
  }
  return undefined
}

function badLeaf(leaf: Leaf, value: unknown): Problem | undefined {
  const converted = convertValue(value, leaf.type)
  if (converted === undefined) return badValue(leaf.path, expectation(leaf.type), value)
  if (leaf.isKey && converted === '') return badValue(leaf.path, 'a key that is not empty', value)
  if (leaf.isKey && typeof converted === 'string' && isLongerThan(converted, limits.keyBytesMax))
    return badValue(leaf.path, textBound(limits.keyBytesMax, converted), value)
  return isWellFormed(converted) ? undefined : badValue(leaf.path, 'whole characters', value)
}

function ownValue(member: Member, object: JsonObject): unknown {
  return Object.hasOwn(object, member.name) ? (object[member.name] ?? undefined) : undefined
}

const textBound = (bytesMax: number, text: string): string =>
  isLongerThan(text, bytesMax) ? `at most ${bytesMax} bytes` : 'whole characters'

function expectation(type: ValueType): string {
  switch (type.kind) {
    case 'string':
      return 'a string'
    case 'bool':
      return 'true or false'
    case 'int':
      return 'an integer within ±(2^53 − 1)'
    case 'double':
      return 'a finite number'
    case 'money':
      return `an amount with at most ${type.decimals} decimals, as a number or a decimal string`
    case 'timestamp':
      return 'a time from 1970 to 2199, in RFC 3339 with a zone or in integer milliseconds'
    case 'duration':
      return 'a duration such as "1h30m", or a number of seconds'
    default:
      return typeName(type)
  }
}
