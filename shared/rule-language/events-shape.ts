import { isMap } from 'yaml'
import type { ValueType } from '#shared/domain/value-type'
import { dictionary, type Entry, type Infer, list, record, recursive, required, type Shape } from './shape.ts'
import { identifier, name, word } from './shape-scalars.ts'
import { parseType } from './type-text.ts'
import { writtenText } from './yaml-node.ts'

/** A field's type, or the fields of a nested object. */
export type FieldText =
  | { readonly kind: 'type'; readonly type: ValueType; readonly isOptional: boolean }
  | { readonly kind: 'object'; readonly fields: readonly Entry<FieldText>[] }

const type: Shape<FieldText> = {
  example: 'string',
  read(node, problems) {
    const text = node.ast !== null && 'value' in node.ast ? writtenText(node.ast) : ''
    const parsed = parseType(text)
    if ('type' in parsed) return { value: { kind: 'type', ...parsed }, at: node.at }
    problems.error(node.at, 'unknown-type', `the type of "${node.key}" ${parsed.problem}`, parsed.hint)
    return undefined
  },
  schema: () => ({
    type: 'string',
    pattern: '^(optional<)?(string|bool|int|double|money(<[0-9]>)?|timestamp|duration|list<.+>|map<string, ?.+>)>?$',
  }),
}

const fields: Shape<readonly Entry<FieldText>[]> = recursive('fields', () => dictionary(field, identifier))

const field: Shape<FieldText> = {
  example: 'string',
  read(node, problems) {
    if (!isMap(node.ast)) return type.read(node, problems)
    const read = fields.read(node, problems)
    return read && { value: { kind: 'object', fields: read.value }, at: read.at }
  },
  schema: (definitions) => ({ anyOf: [type.schema(definitions), fields.schema(definitions)] }),
}

/** `merchant.id` */
const path = {
  pattern: /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/,
  are: 'names of fields: account, merchant.id',
}

const eventType = record(
  {
    fields: required(fields, 'Name and type of each field.'),
    keys: required(
      dictionary(list(name(path, 'account'), { orOne: true, min: 1 }), word),
      'Names for rules to be kept by, each with its field or list of fields. The first is the home key.',
    ),
  },
  { name: 'an event type' },
)

export const eventsShape = record(
  { events: required(dictionary(eventType, word), 'The types of events, by name.') },
  { name: 'events.yaml' },
)

export type EventTypeText = Infer<typeof eventType>
