import { parseMoney } from './money.ts'
import { parseDuration, parseTimestamp } from './time.ts'
import type { ValueType } from './value-type.ts'

/** A present value in memory; `value-type.ts` has the form for each type. */
export type Value = number | string | readonly Value[] | ReadonlyMap<string, Value>

/**
 * Converts one value of a JSON or YAML document to the form that its declared type has in memory.
 *
 * | type | read from |
 * | --- | --- |
 * | string, bool | itself only |
 * | int | an integer within ±(2^53 − 1) |
 * | double | a finite number |
 * | money | a number or a decimal string |
 * | timestamp | RFC 3339 with a zone, or integer milliseconds since 1970 |
 * | duration | `1h30m`, or a number of seconds with at most three decimals (as it is written in outputs) |
 * | list | an array; an element may not be null |
 * | map | an object, whatever the names of its keys; an entry that is null is left out |
 *
 * @returns undefined: not a value of this type
 * Gotcha: null counts as absent, which only the caller can judge, so ask for null before. A null that comes here is refused.
 */
export function convertValue(value: unknown, type: ValueType): Value | undefined {
  switch (type.kind) {
    case 'string':
      return typeof value === 'string' ? value : undefined
    case 'bool':
      return typeof value === 'boolean' ? Number(value) : undefined
    case 'int':
      return Number.isSafeInteger(value) ? positiveZero(value as number) : undefined
    case 'double':
      return Number.isFinite(value) ? positiveZero(value as number) : undefined
    case 'money':
      return parseMoney(value, type.decimals)
    case 'timestamp':
      return parseTimestamp(value)
    case 'duration':
      // Seconds with three decimals are milliseconds just as an amount with three decimals is minor units.
      return typeof value === 'string' ? parseDuration(value) : parseMoney(value, 3)
    case 'list':
      return Array.isArray(value) ? convertElements(value, type.element) : undefined
    case 'map':
      return isObject(value) ? convertEntries(value, type.value) : undefined
  }
}

/** -0 and 0 are one number to an author, but not to every way of comparing and writing. */
const positiveZero = (value: number): number => value + 0

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function convertElements(elements: readonly unknown[], type: ValueType): Value | undefined {
  const converted: Value[] = []
  for (const element of elements) {
    const value = convertValue(element, type)
    if (value === undefined) return undefined
    converted.push(value)
  }
  return converted
}

function convertEntries(object: object, type: ValueType): Value | undefined {
  const converted = new Map<string, Value>()
  for (const [name, entry] of Object.entries(object)) {
    if (entry === null || entry === undefined) continue
    const value = convertValue(entry, type)
    if (value === undefined) return undefined
    converted.set(name, value)
  }
  return converted
}
