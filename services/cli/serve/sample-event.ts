import type { EventSchema } from '#shared/domain/event-schema'
import type { ValueType } from '#shared/domain/value-type'

/** JSON of made-up event `n` of the first type of a schema, now: all its fields, a few hundred keys by turns. */
export function sampleEvent(schema: EventSchema, n: number): string {
  const [type] = schema.types
  const event: JsonObject = { type: type.name, id: `rehearsal-${n}`, at: new Date().toISOString() }
  for (const { field } of type.fields) {
    const { path, type: valueType } = schema.fields[field]
    const names = path.split('.')
    let object = event
    for (const name of names.slice(0, -1)) {
      object[name] ??= {}
      object = object[name] as JsonObject
    }
    object[names[names.length - 1]] = sampleValue(valueType, n)
  }
  return JSON.stringify(event)
}

type Json = string | number | boolean | readonly Json[] | JsonObject
interface JsonObject {
  [name: string]: Json
}

function sampleValue(type: ValueType, n: number): Json {
  switch (type.kind) {
    case 'string':
      return `v${n % 300}`
    case 'bool':
      return n % 2 === 0
    case 'int':
      return n % 300
    case 'double':
      return (n % 300) + 0.5
    case 'money':
      return (n % 300) + 1
    case 'timestamp':
      return new Date().toISOString()
    case 'duration':
      return '60s'
    case 'list':
      return [sampleValue(type.element, n)]
    case 'map':
      return { key: sampleValue(type.value, n) }
  }
}
