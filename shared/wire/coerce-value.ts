import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { parseMoney } from '#shared/domain/money'
import { parseDuration } from '#shared/domain/time'
import type { ValueType } from '#shared/domain/value-type'
import { readAt } from './envelope.ts'

/**
 * Brings the result of a map's expression into the form in which a JSON row would hold it. A bank's columns are text, so text is
 * read as what the field is:
 *
 * | type | read from, besides what JSON rows allow |
 * | --- | --- |
 * | string | an integer, as its decimal text |
 * | bool | `true` `True` `TRUE` `t` `1`, `false` `False` `FALSE` `f` `0`; the integers 1 and 0 |
 * | int, money | a decimal text or integer; an int may have decimals that are 0: `31.0` |
 * | double | a text such as `1.5e3` |
 * | timestamp | a CEL timestamp; a text of digits: milliseconds since 1970 |
 * | duration | a CEL duration; a decimal text: seconds |
 *
 * The empty text is absent, except for strings.
 * @returns undefined: absent. What cannot be read is given back as it is, for the decoder to refuse by name.
 */
export function coerceValue(value: unknown, type: ValueType): unknown {
  if (value === undefined || value === null) return undefined
  if (value === '' && type.kind !== 'string') return undefined
  switch (type.kind) {
    case 'string':
      return isInteger(value) ? String(value) : value
    case 'bool':
      return typeof value === 'boolean' ? value : (bools.get(String(value)) ?? value)
    case 'int':
      return typeof value === 'string' ? (parseMoney(value, 0) ?? value) : plainNumber(value)
    case 'double':
      return typeof value === 'string' && doubleText.test(value) ? Number(value) : plainNumber(value)
    case 'money':
      return plainNumber(value)
    case 'timestamp':
      return coerceTimestamp(value)
    case 'duration':
      return coerceDuration(value)
    case 'list':
      return Array.isArray(value) ? value.map((element) => coerceValue(element, type.element) ?? null) : value
    case 'map':
      return coerceMap(value, type.value)
  }
}

const bools: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'True', 'TRUE', 't', '1'].map((text) => [text, true] as const),
  ...['false', 'False', 'FALSE', 'f', '0'].map((text) => [text, false] as const),
])

const doubleText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const digits = /^\d{1,15}$/

const isInteger = (value: unknown): boolean =>
  typeof value === 'bigint' || value instanceof UnsignedInt || Number.isSafeInteger(value)

/** CEL's integers as numbers, where they are exact. */
function plainNumber(value: unknown): unknown {
  const integer = value instanceof UnsignedInt ? value.valueOf() : value
  if (typeof integer !== 'bigint') return value
  const number = Number(integer)
  return Number.isSafeInteger(number) ? number : value
}

function coerceTimestamp(value: unknown): unknown {
  if (value instanceof Date) return value.getTime()
  if (typeof value !== 'string') return plainNumber(value)
  return readAt(value) ?? (digits.test(value) ? Number(value) : value)
}

function coerceDuration(value: unknown): unknown {
  if (value instanceof Duration) return value.valueOf() / 1000
  if (typeof value !== 'string') return plainNumber(value)
  const ms = parseDuration(value) ?? parseMoney(value, 3)
  return ms === undefined ? value : ms / 1000
}

function coerceMap(value: unknown, type: ValueType): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const object: Record<string, unknown> = Object.create(null)
  for (const [name, entry] of value instanceof Map ? value : Object.entries(value))
    object[String(name)] = coerceValue(entry, type)
  return object
}
