import { isMap } from 'yaml'
import { type Located, list, optional, record, required, type Shape } from './shape.ts'
import { choice, name, prose, type ScalarText, scalar, word } from './shape-scalars.ts'

const entryRecord = record(
  {
    value: required(scalar, 'The entry itself.'),
    until: optional(prose('2026-12-31T00:00:00Z'), 'The entry expires here: RFC 3339 with a zone.'),
    note: optional(prose('reported by the police'), 'Why it stands here.'),
  },
  { name: 'an entry' },
)

export interface EntryText {
  readonly value: Located<ScalarText> | undefined
  readonly until: Located<string> | undefined
}

const entry: Shape<EntryText> = {
  example: 'A',
  read(node, problems) {
    if (isMap(node.ast)) return entryRecord.read(node, problems)
    const value = scalar.read(node, problems)
    return value && { value: { value, until: undefined }, at: node.at }
  },
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
