import { isMap, isScalar } from 'yaml'
import {
  dictionary,
  type Entry,
  type Infer,
  list,
  optional,
  record,
  refuse,
  required,
  type Shape,
} from '#shared/rule-language/shape'
import type { Place } from '#shared/rule-language/source-file'
import { placesWithin, writtenText } from '#shared/rule-language/yaml-node'

/** The text of an expression and where each character of it stands in the file. */
export interface ExpressionText {
  readonly text: string
  placeOf(index: number): Place
}

/** What a field is read from: an expression, or the fields of a nested object. */
export type FieldSource =
  | { readonly kind: 'expression'; readonly expression: ExpressionText }
  | { readonly kind: 'object'; readonly fields: readonly Entry<FieldSource>[] }

export type WrittenMap = Infer<typeof mapShape>

const expression: Shape<ExpressionText> = {
  example: 'row.COLUMN',
  read(node, problems) {
    if (!isScalar(node.ast)) return refuse(node, problems, 'a CEL expression', `write ${node.key}: row.COLUMN`)
    return { value: { text: writtenText(node.ast), placeOf: placesWithin(node) }, at: node.at }
  },
  schema: () => ({ type: ['string', 'number', 'boolean'] }),
}

const path = {
  pattern: /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/,
  are: 'names of fields: account, merchant.id',
}

const fieldSource: Shape<FieldSource> = {
  example: 'row.COLUMN',
  read(node, problems) {
    if (isMap(node.ast)) {
      const read = dictionary(fieldSource, path).read(node, problems)
      return read && { value: { kind: 'object', fields: read.value }, at: read.at }
    }
    const read = expression.read(node, problems)
    return read && { value: { kind: 'expression', expression: read.value }, at: read.at }
  },
  schema: () => ({ type: ['string', 'number', 'boolean', 'object'] }),
}

const eventName: Shape<string> = {
  example: 'transaction',
  read(node, problems) {
    if (!isScalar(node.ast))
      return refuse(node, problems, 'the name of an event type', `write ${node.key}: transaction`)
    return { value: writtenText(node.ast), at: node.at }
  },
  schema: () => ({ type: 'string' }),
}

const mapShape = record(
  {
    event: required(eventName, 'The type of event that a row becomes.'),
    when: optional(expression, 'Which rows; every row where it is absent.'),
    fields: required(dictionary(fieldSource, path), 'For each field a CEL expression over `row` and `line`.'),
  },
  { name: 'a map' },
)

/** The file of `--map`: how rows with columns of their own become events. */
export const mapFileShape = record(
  { maps: required(list(mapShape, { min: 1, max: 100 }), 'The first whose `when` fits is taken.') },
  { name: 'the map file' },
)
