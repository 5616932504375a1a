/**
 * The types of the rule language and the form that a value of each has at run time:
 *
 * | type | in memory | absent |
 * | --- | --- | --- |
 * | string | string | undefined |
 * | bool | 0 or 1 | NaN |
 * | int | number, within ±(2^53 − 1) | NaN |
 * | double | finite number | NaN |
 * | money | number of minor units, an integer within ±(2^53 − 1) | NaN |
 * | timestamp, duration | number of milliseconds | NaN |
 * | list, map | array; Map with string keys | undefined |
 *
 * NaN is free to mean "absent" since the language has finite numbers only.
 */
export type ValueType =
  | { readonly kind: 'string' | 'bool' | 'int' | 'double' | 'timestamp' | 'duration' }
  | { readonly kind: 'money'; readonly decimals: number }
  | { readonly kind: 'list'; readonly element: ValueType }
  | { readonly kind: 'map'; readonly value: ValueType }

export type Kind = ValueType['kind']

export const string: ValueType = { kind: 'string' }
export const bool: ValueType = { kind: 'bool' }
export const int: ValueType = { kind: 'int' }
export const double: ValueType = { kind: 'double' }
export const timestamp: ValueType = { kind: 'timestamp' }
export const duration: ValueType = { kind: 'duration' }
export const money = (decimals: number): ValueType => ({ kind: 'money', decimals })

/** Whether a value of this type is held as a number (NaN when absent). */
export const isNumeric = (type: ValueType): boolean =>
  type.kind !== 'string' && type.kind !== 'list' && type.kind !== 'map'

/** The type as an author writes it: `money<3>`, `list<string>`. */
export function typeName(type: ValueType): string {
  switch (type.kind) {
    case 'money':
      return type.decimals === 2 ? 'money' : `money<${type.decimals}>`
    case 'list':
      return `list<${typeName(type.element)}>`
    case 'map':
      return `map<string, ${typeName(type.value)}>`
    default:
      return type.kind
  }
}

export const sameType = (a: ValueType, b: ValueType): boolean => typeName(a) === typeName(b)
