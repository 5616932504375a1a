import {
  type DeclaredField,
  type EventKey,
  type EventSchema,
  type EventType,
  envelopeFields,
  type Field,
} from '#shared/domain/event-schema'
import { limits } from '#shared/domain/limits'
import { typeName, type ValueType } from '#shared/domain/value-type'
import { nearest } from './diagnostic.ts'
import { type EventTypeText, eventsShape, type FieldText } from './events-shape.ts'
import { parseYaml } from './parse-yaml.ts'
import { reservedWords } from './reserved-words.ts'
import type { Entry, Located } from './shape.ts'
import type { Place, Problems, SourceFile } from './source-file.ts'

export interface LoadedEvents {
  /** What could be read of it: rules are checked against this even where it has errors. */
  readonly schema: EventSchema
  /** False: a name that the schema does not have may be one that could not be read. */
  readonly isWhole: boolean
}

export function loadEvents(file: SourceFile | undefined, problems: Problems): LoadedEvents {
  const loading = new EventsLoading(problems)
  const root = file && parseYaml(file, problems)
  const read = root && eventsShape.read(root, problems)
  for (const { key, value } of read?.value.events?.value ?? []) if (value) loading.addType(key, value.value)
  if (file !== undefined && read?.value.events?.value.length === 0)
    problems.error(
      read.at,
      'missing-key',
      'no event type is declared',
      'add transaction: { fields: { … }, keys: { … } }',
    )
  return { schema: loading.schema, isWhole: file !== undefined && problems.errorsIn(file) === 0 }
}

/** Numbers fields and keys in order of their first appearance. Two types share a field if path and type are equal. */
class EventsLoading {
  readonly schema = { fields: [] as Field[], types: [] as EventType[], keys: [] as string[] }
  readonly #problems: Problems
  /** Fields whose type could not be read: using one as a key is no second mistake. */
  readonly #refused = new Set<string>()
  readonly #fieldNumbers = new Map<string, number>()
  readonly #keyTypes = new Map<string, { type: ValueType; typeOfEvent: string }>()

  constructor(problems: Problems) {
    this.#problems = problems
  }

  addType(name: Located<string>, { fields, keys }: EventTypeText): void {
    const declared: DeclaredField[] = []
    const byPath = new Map<string, number>()
    this.#addFields(fields?.value ?? [], '', (path, type, isOptional) => {
      const field = this.#fieldNumber(path, type)
      byPath.set(path, field)
      declared.push({ field, optional: isOptional })
    })
    if (declared.length === 0 && fields !== undefined)
      this.#problems.error(fields.at, 'missing-key', `"${name.value}" declares no field`, 'add account: string')
    if (keys?.value.length === 0)
      this.#problems.error(
        keys.at,
        'missing-key',
        `"${name.value}" declares no key`,
        'add account: account; the first key is the home key',
      )
    const eventKeys = (keys?.value ?? []).map((entry) => this.#key(entry, name.value, byPath, fields !== undefined))
    this.schema.types.push({ name: name.value, fields: declared, keys: eventKeys.filter((key) => key !== undefined) })
    this.#reportReserved(fields?.value ?? [], keys?.value ?? [])
  }

  #addFields(
    entries: readonly Entry<FieldText>[],
    prefix: string,
    add: (path: string, type: ValueType, isOptional: boolean) => void,
  ): void {
    for (const { key, value } of entries) {
      if (reservedWords.has(key.value))
        this.#problems.error(
          key.at,
          'reserved-name',
          `"${key.value}" is a word of the expression language`,
          `call it ${key.value}_`,
        )
      const path = prefix + key.value
      if (value === undefined) {
        this.#refused.add(path)
        continue
      }
      if (value.value.kind === 'object') this.#addFields(value.value.fields, `${path}.`, add)
      else if (this.schema.fields.length < limits.fieldsMax) add(path, value.value.type, value.value.isOptional)
      else
        this.#problems.error(
          key.at,
          'out-of-bounds',
          `more than ${limits.fieldsMax} fields are declared`,
          'leave out what no rule uses',
        )
    }
  }

  #fieldNumber(path: string, type: ValueType): number {
    const id = `${path} ${typeName(type)}`
    const number = this.#fieldNumbers.get(id) ?? this.schema.fields.length
    if (number === this.schema.fields.length) {
      this.schema.fields.push({ path, type })
      this.#fieldNumbers.set(id, number)
    }
    return number
  }

  #key(
    { key, value }: Entry<readonly Located<string>[]>,
    typeOfEvent: string,
    byPath: ReadonlyMap<string, number>,
    isFieldsRead: boolean,
  ): EventKey | undefined {
    const fields: number[] = []
    for (const { value: path, at } of value?.value ?? []) {
      const field = byPath.get(path)
      if (field === undefined) {
        if (isFieldsRead) this.#reportUnknownField(path, at, typeOfEvent, byPath)
      } else if (fields.includes(field)) {
        this.#problems.error(
          at,
          'duplicate-name',
          `"${path}" stands twice in the key "${key.value}"`,
          'keep one of the two',
        )
      } else if (this.#isKeyType(key.value, field, at, typeOfEvent)) fields.push(field)
    }
    if (fields.length === 0) return undefined
    let number = this.schema.keys.indexOf(key.value)
    if (number < 0) number = this.schema.keys.push(key.value) - 1
    return { key: number, fields }
  }

  /** Values of one key name actors of one population, so they have one type everywhere. */
  #isKeyType(key: string, field: number, at: Place, typeOfEvent: string): boolean {
    const { path, type } = this.schema.fields[field]
    if (type.kind !== 'string' && type.kind !== 'int') {
      this.#problems.error(
        at,
        'bad-key',
        `"${path}" is ${typeName(type)}; a key is string or int`,
        'declare it as string',
      )
      return false
    }
    const before = this.#keyTypes.get(key)
    if (before === undefined) this.#keyTypes.set(key, { type, typeOfEvent })
    else if (before.type.kind !== type.kind) {
      this.#problems.error(
        at,
        'bad-key',
        `"${path}" is ${type.kind}, but the key "${key}" is ${before.type.kind} in ${before.typeOfEvent}`,
        `declare "${path}" as ${before.type.kind}, or give this key another name`,
      )
      return false
    }
    return true
  }

  #reportUnknownField(path: string, at: Place, typeOfEvent: string, byPath: ReadonlyMap<string, number>): void {
    if (this.#refused.has(path)) return
    const near = [...byPath.keys()].find((known) => known.startsWith(`${path}.`)) ?? nearest(path, byPath.keys())
    this.#problems.error(
      at,
      'unknown-name',
      `"${typeOfEvent}" has no field "${path}"`,
      near === undefined ? `its fields are ${[...byPath.keys()].join(', ')}` : `did you mean "${near}"?`,
    )
  }

  /** `key` is the value of the actor's key in expressions; a field may have that name only if it is just that. */
  #reportReserved(fields: readonly Entry<FieldText>[], keys: readonly Entry<readonly Located<string>[]>[]): void {
    const isOwnKey = keys.some(
      ({ key, value }) => key.value === 'key' && value?.value.length === 1 && value.value[0].value === 'key',
    )
    for (const { key } of fields)
      if (envelopeFields.some((name) => name === key.value))
        this.#problems.error(
          key.at,
          'reserved-name',
          `every event has "${key.value}" already`,
          `leave it out, or give the field another name: event_${key.value}`,
        )
      else if (key.value === 'key' && !isOwnKey)
        this.#problems.error(
          key.at,
          'reserved-name',
          '"key" is the value of the actor\'s key in expressions',
          'give the field another name, or declare it as the key of that name: keys: { key: key }',
        )
  }
}
