import { ByteReader, ByteWriter } from '#shared/checkpoint/bytes'
import type { DeclaredField, EventSchema } from '#shared/domain/event-schema'
import { typeName } from '#shared/domain/value-type'

/** Content of a `ruleset` record: a rule set from here on. The log holds all that it takes to judge its events again. */
export interface RuleSetRecord {
  readonly hash: string
  /** Events up to this time, in ms, are judged by the set before; −Infinity where there is none. */
  readonly effectiveAt: number
  /** Key of the hashes of texts. */
  readonly hashKey: number
  /** Texts by path, as `loadRuleSet` takes them. */
  readonly files: ReadonlyMap<string, string>
}

export function encodeRuleSetRecord({ hash, effectiveAt, hashKey, files }: RuleSetRecord): Uint8Array {
  const writer = new ByteWriter()
  writer.uint(formatVersion)
  writer.text(hash)
  writer.number(effectiveAt)
  writer.uint(hashKey)
  writer.uint(files.size)
  for (const [path, text] of files) {
    writer.text(path)
    writer.text(text)
  }
  return writer.bytes.slice(0, writer.length)
}

/** Throws BadStateError. */
export function decodeRuleSetRecord(bytes: Uint8Array): RuleSetRecord | undefined {
  const reader = new ByteReader(bytes, 0, bytes.length)
  if (reader.uint() !== formatVersion) return undefined
  const hash = reader.text()
  const effectiveAt = reader.number()
  const hashKey = reader.uint()
  const files = new Map(reader.list(2, () => [reader.text(), reader.text()] as const))
  reader.end()
  return { hash, effectiveAt, hashKey, files }
}

const formatVersion = 1

/**
 * What keeps `next` from following `previous`: fields may be added, nothing else may change.
 * @returns undefined: nothing does
 */
export function schemaConflict(previous: EventSchema, next: EventSchema): string | undefined {
  for (const type of previous.types) {
    const now = next.types.find(({ name }) => name === type.name)
    if (now === undefined) return `the event type "${type.name}" is gone`
    const keysOf = (schema: EventSchema, { keys }: EventSchema['types'][number]): string =>
      JSON.stringify(
        keys.map(({ key, fields }) => [schema.keys[key], fields.map((field) => schema.fields[field].path)]),
      )
    if (keysOf(previous, type) !== keysOf(next, now)) return `the keys of "${type.name}" have changed`
    const declared = (schema: EventSchema, { field, optional }: DeclaredField): readonly [string, string] => {
      const { path, type: valueType } = schema.fields[field]
      return [path, optional ? `optional<${typeName(valueType)}>` : typeName(valueType)]
    }
    const typesNow = new Map(now.fields.map((field) => declared(next, field)))
    for (const field of type.fields) {
      const [path, before] = declared(previous, field)
      const after = typesNow.get(path)
      if (after === undefined) return `the field "${path}" of "${type.name}" is gone`
      if (after !== before) return `the field "${path}" of "${type.name}" was ${before} and is ${after}`
    }
  }
  return undefined
}
