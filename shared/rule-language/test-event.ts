import { isMap, isScalar } from 'yaml'
import { convertValue, type Value } from '#shared/domain/convert-value'
import type { EventSchema, EventType } from '#shared/domain/event-schema'
import { isNumeric, typeName, type ValueType } from '#shared/domain/value-type'
import { nearest } from './diagnostic.ts'
import type { TestEventText } from './rule-test-shape.ts'
import type { Located } from './shape.ts'
import type { Problems } from './source-file.ts'
import {
  describe,
  entriesOf,
  inPlaceOf,
  isNull,
  nameOf,
  plainData,
  writtenText,
  type YamlEntry,
  type YamlNode,
} from './yaml-node.ts'

/** An event of a test, as a codec would have decoded it. */
export interface TestEvent {
  /** Its position in the test, from 1. */
  readonly id: string
  /** Index into `EventSchema.types`. */
  readonly type: number
  /** ms since 1970. */
  readonly atMs: number
  /** By field (index into `EventSchema.fields`); what is absent is left out. */
  readonly values: ReadonlyMap<number, Value>
}

/** @returns undefined: it has errors */
export function readTestEvent(
  { value: text, at }: Located<TestEventText>,
  position: number,
  startMs: number,
  events: EventSchema,
  problems: Problems,
): TestEvent | undefined {
  const typeName = text.type?.value ?? 'transaction'
  const type = events.types.findIndex(({ name }) => name === typeName)
  if (type < 0) {
    const names = events.types.map(({ name }) => name)
    const near = text.type && nearest(typeName, names)
    problems.error(
      text.type?.at ?? at,
      'unknown-event-type',
      `there is no event type "${typeName}"${text.type === undefined ? ', the default' : ''}`,
      near === undefined ? `write type: with one of ${names.join(', ')}` : `did you mean "${near}"?`,
    )
    return undefined
  }
  const reading = new FieldsReading(events, events.types[type], problems)
  reading.addAll(text.fields, '')
  if (!reading.isComplete({ value: text, at })) return undefined
  return text.atMs && { id: String(position), type, atMs: startMs + text.atMs.value, values: reading.values }
}

class FieldsReading {
  readonly values = new Map<number, Value>()
  readonly #type: EventType
  readonly #problems: Problems
  readonly #events: EventSchema
  readonly #fields: ReadonlyMap<string, { readonly field: number; readonly type: ValueType }>
  #isGood = true

  constructor(events: EventSchema, type: EventType, problems: Problems) {
    this.#events = events
    this.#type = type
    this.#problems = problems
    this.#fields = new Map(
      type.fields.map(({ field }) => [events.fields[field].path, { field, type: events.fields[field].type }] as const),
    )
  }

  addAll(entries: readonly YamlEntry[], prefix: string): void {
    for (const { key, keyAt, value } of entries) {
      const path = prefix + key
      const declared = this.#fields.get(path)
      if (declared !== undefined) this.#add(declared.field, declared.type, value)
      else if (this.#isObject(path)) this.#addObject(path, value)
      else this.#reportUnknown(path, key, keyAt)
    }
  }

  /** Reports fields that must be there and are not, and an event that reaches no actor. */
  isComplete({ at }: Located<TestEventText>): boolean {
    const needed = new Set(this.#type.fields.filter(({ optional }) => !optional).map(({ field }) => field))
    const home = this.#type.keys[0]?.fields[0]
    if (home !== undefined) needed.add(home)
    const absent = [...needed].filter((field) => !this.values.has(field))
    const paths = absent.map((field) => this.#events.fields[field].path)
    if (absent.length > 0 && this.#isGood) {
      this.#problems.error(
        at,
        'missing-field',
        `${this.#type.name} needs ${paths.map((path) => `"${path}"`).join(', ')}`,
        'write a value, or declare the field as optional<…> in events.yaml',
      )
      return false
    }
    return this.#isGood
  }

  #add(field: number, type: ValueType, node: YamlNode): void {
    if (isNull(node)) return
    const value = convertValue(plainData(node), type)
    if (value !== undefined) this.values.set(field, value)
    else {
      const written = isScalar(node.ast) ? writtenText(node.ast) : ''
      const hint = type.kind === 'string' && isScalar(node.ast) ? `put it in quotes: "${written}"` : typeHint(type)
      const found = isScalar(node.ast) ? `, not ${describe(node)}` : ', which this is not'
      this.#refuse(node.at, 'bad-value', `${nameOf(node)} is ${typeName(type)}${found}`, hint)
    }
  }

  #addObject(path: string, node: YamlNode): void {
    if (isMap(node.ast)) this.addAll(entriesOf(node, node.ast), `${path}.`)
    else if (!isNull(node))
      this.#refuse(node.at, 'bad-value', `"${path}" is an object`, `write ${inPlaceOf(node, '{ … }')}`)
  }

  #isObject(path: string): boolean {
    return [...this.#fields.keys()].some((declared) => declared.startsWith(`${path}.`))
  }

  #reportUnknown(path: string, key: string, at: YamlEntry['keyAt']): void {
    const near = nearest(path, this.#fields.keys())
    const hint =
      key === 'id'
        ? 'ids are positions: 1, 2, …'
        : near === undefined
          ? `its fields are ${[...this.#fields.keys()].join(', ')}`
          : `did you mean "${near}"?`
    this.#refuse(at, 'unknown-field', `${this.#type.name} has no field "${path}"`, hint)
  }

  #refuse(at: YamlEntry['keyAt'], code: string, message: string, hint: string): void {
    this.#isGood = false
    this.#problems.error(at, code, message, hint)
  }
}

/** How a value of the type is written. */
export function typeHint(type: ValueType): string {
  switch (type.kind) {
    case 'timestamp':
      return 'write RFC 3339 with a zone: "2026-03-01T12:00:00Z"'
    case 'duration':
      return 'write 1h30m, or a number of seconds'
    case 'money':
      return `write a number with at most ${type.decimals} decimals`
    case 'bool':
      return 'write true or false'
    default:
      return isNumeric(type) ? `write a ${type.kind === 'int' ? 'whole ' : ''}number` : `write a ${typeName(type)}`
  }
}
