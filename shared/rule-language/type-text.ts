import type { ValueType } from '#shared/domain/value-type'
import { nearest } from './diagnostic.ts'

export type ParsedType =
  | { readonly type: ValueType; readonly isOptional: boolean }
  | { readonly problem: string; readonly hint: string }

const simple = ['string', 'bool', 'int', 'double', 'money', 'timestamp', 'duration'] as const
const generic = ['list', 'map', 'optional'] as const
/** `list<list<…>>` deeper than this means nothing that an expression could say. */
const nestingMax = 4

/** Reads a type as authors write it: `money<3>`, `optional<list<string>>`, `map<string, int>`. */
export function parseType(text: string): ParsedType {
  const written = text.trim()
  const inner = argumentOf(written, 'optional')
  if (inner === undefined) return parseValueType(written, nestingMax)
  const parsed = parseValueType(inner, nestingMax)
  return 'type' in parsed ? { type: parsed.type, isOptional: true } : parsed
}

function parseValueType(text: string, nesting: number): ParsedType {
  const kind = simple.find((name) => name === text)
  if (kind === 'money') return required({ kind, decimals: 2 })
  if (kind !== undefined) return required({ kind })
  const decimals = argumentOf(text, 'money')
  if (decimals !== undefined)
    return /^[0-9]$/.test(decimals)
      ? required({ kind: 'money', decimals: Number(decimals) })
      : { problem: `has "${decimals}" decimals`, hint: 'money has 0 to 9 decimals: money<3>' }
  if (nesting === 0) return { problem: 'nests too deep', hint: 'declare the parts as fields of their own' }
  if (argumentOf(text, 'optional') !== undefined)
    return {
      problem: `is optional inside another type`,
      hint: 'only a whole field can be optional: optional<list<string>>',
    }
  return parseCollection(text, nesting)
}

function parseCollection(text: string, nesting: number): ParsedType {
  const element = argumentOf(text, 'list')
  if (element !== undefined) {
    const parsed = parseValueType(element, nesting - 1)
    return 'type' in parsed ? required({ kind: 'list', element: parsed.type }) : parsed
  }
  const entry = argumentOf(text, 'map')
  if (entry === undefined) return unknown(text)
  const value = /^string\s*,\s*(.+)$/.exec(entry)
  if (value === null) return { problem: `is "${text}"`, hint: 'maps have text as keys: "map<string, int>"' }
  const parsed = parseValueType(value[1], nesting - 1)
  return 'type' in parsed ? required({ kind: 'map', value: parsed.type }) : parsed
}

function unknown(text: string): ParsedType {
  const name = /^\w*/.exec(text)?.[0] ?? ''
  const near =
    (Object.hasOwn(meant, name.toLowerCase()) ? meant[name.toLowerCase()] : undefined) ??
    nearest(name, [...simple, ...generic])
  if (text.includes('<') && !text.endsWith('>'))
    return { problem: `is "${text}", which is not closed`, hint: 'within { } a comma needs quotes: "map<string, int>"' }
  return {
    problem: `is "${text}", which is no type`,
    hint: near === undefined ? `the types are ${[...simple, ...generic].join(', ')}` : `did you mean ${near}?`,
  }
}

/** Names of other languages. */
const meant: Readonly<Record<string, string>> = {
  text: 'string',
  str: 'string',
  varchar: 'string',
  boolean: 'bool',
  integer: 'int',
  long: 'int',
  number: 'double',
  float: 'double',
  decimal: 'money',
  amount: 'money',
  date: 'timestamp',
  datetime: 'timestamp',
  time: 'timestamp',
  array: 'list<string>',
  object: 'a map of fields: { id: string }',
}

function argumentOf(text: string, name: string): string | undefined {
  const match = /^(\w+)\s*<(.*)>$/s.exec(text)
  return match !== null && match[1] === name ? match[2].trim() : undefined
}

const required = (type: ValueType): ParsedType => ({ type, isOptional: false })
