import { isMap } from 'yaml'
import { type Infer, list, optional, record, required, type Shape } from './shape.ts'
import { choice, name, prose, scalar, word } from './shape-scalars.ts'

const entryRecord = record(
  {
    value: required(scalar, 'The entry itself.'),
    until: optional(prose('2026-12-31T00:00:00Z'), 'The entry expires here: RFC 3339 with a zone.'),
    note: optional(prose('reported by the police'), 'Why it stands here.'),
  },
  { name: 'an entry' },
)

const entry: Shape<Infer<typeof scalar> | Infer<typeof entryRecord>> = {
  example: 'A',
  read: (node, problems) => (isMap(node.ast) ? entryRecord : scalar).read(node, problems),
  schema: (definitions) => ({ anyOf: [scalar.schema(definitions), entryRecord.schema(definitions)] }),
}

export const listShape = record(
  {
    list: required(name(word, 'high-risk-mcc'), 'Name, as inList("name", value) asks for it.'),
    title: optional(prose('Merchant categories of high risk'), 'One line for people.'),
    type: required(choice('string', 'int'), 'Type of the entries.'),
    entries: required(list(entry), 'Values, or { value, until, note }.'),
  },
  { name: 'a list' },
)
