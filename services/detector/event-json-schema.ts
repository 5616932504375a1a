import type { EventSchema, EventType } from '#shared/domain/event-schema'
import type { ValueType } from '#shared/domain/value-type'

/** JSON Schema of one event as `events.yaml` declares it. Fields that it does not name may be there, and are ignored. */
export function eventJsonSchema(schema: EventSchema): object {
  const types = schema.types.map((type) => typeSchema(schema, type))
  return types.length === 1 ? types[0] : { anyOf: types }
}

interface ObjectSchema {
  type: 'object'
  properties: Record<string, object>
  required: string[]
}

function typeSchema(schema: EventSchema, { name, fields }: EventType): ObjectSchema {
  const isDefault = name === 'transaction'
  const root: ObjectSchema = {
    type: 'object',
    properties: {
      type: { type: 'string', enum: [name] },
      id: { type: ['string', 'integer'], description: 'Unique; the same again with the same content has no effect.' },
      at: { type: ['string', 'integer'], description: 'Event time: RFC 3339, or milliseconds since 1970.' },
    },
    required: isDefault ? ['id', 'at'] : ['type', 'id', 'at'],
  }
  for (const { field, optional } of fields) {
    const { path, type } = schema.fields[field]
    const names = path.split('.')
    let object = root
    for (const [i, part] of names.entries()) {
      if (!optional && !object.required.includes(part)) object.required.push(part)
      if (i === names.length - 1) object.properties[part] = valueSchema(type, optional)
      else {
        object.properties[part] ??= { type: 'object', properties: {}, required: [] }
        object = object.properties[part] as ObjectSchema
      }
    }
  }
  return root
}

function valueSchema(type: ValueType, optional: boolean): object {
  const of = (...types: string[]): object => ({
    type: optional ? [...types, 'null'] : types.length === 1 ? types[0] : types,
  })
  switch (type.kind) {
    case 'string':
      return of('string')
    case 'bool':
      return of('boolean')
    case 'list':
      return { ...of('array'), items: valueSchema(type.element, false) }
    case 'map':
      return { ...of('object'), additionalProperties: valueSchema(type.value, false) }
    case 'money':
      return {
        ...of('number', 'string'),
        description: `Money with up to ${type.decimals} decimals, as a number or a decimal string.`,
      }
    default:
      return of('number', 'string')
  }
}
