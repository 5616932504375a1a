import type { DeclaredField, EventSchema, EventType, Field } from '#shared/domain/event-schema'
import {
  bool,
  double,
  duration,
  int,
  money,
  sameType,
  string,
  timestamp,
  type ValueType,
} from '#shared/domain/value-type'
import type { Tape } from './tape.ts'

/** One to three types, with nested fields of all kinds, and names that are prefixes of each other, odd, or every object's own. */
export function randomSchema(tape: Tape): EventSchema {
  const fields: Field[] = []
  const names = tape.pick([
    ['transaction', 'transfer', 'a'],
    ['transfer', 'transactions', 'transaction'],
    ['a', 'é'],
  ])
  const types = names.slice(0, 1 + tape.below(names.length)).map((name) => randomType(tape, name, fields))
  return { fields, types, keys: ['account', 'other'] }
}

const leafNames = ['a', 'b', 'ab', 'abc', 'abcd', 'account', 'amount', 'account_of_the_sender', 'Id', 'at_', 'x-y']
const oddNames = ['constructor', '__proto__', 'toString', 'ü', 'a"b', 'a\\b', ' ', 'id', 'null']
const leafTypes: readonly ValueType[] = [
  string,
  money(2),
  int,
  double,
  bool,
  timestamp,
  duration,
  string,
  money(0),
  money(9),
  { kind: 'list', element: string },
  { kind: 'map', value: money(2) },
]

function randomType(tape: Tape, name: string, fields: Field[]): EventType {
  const declared: DeclaredField[] = []
  const declare = (prefix: string, levels: number): void => {
    const isOdd = tape.chance(12)
    const known = new Set(prefix === '' ? ['id', 'at', 'type'] : [])
    for (const leaf of tape.shuffled(isOdd ? [...leafNames, ...oddNames] : leafNames).slice(0, 1 + tape.below(5))) {
      if (known.has(leaf)) continue
      if (levels > 0 && tape.chance(4)) declare(`${prefix}${leaf}.`, levels - 1)
      else
        declared.push({
          field: fieldOf(fields, prefix + leaf, leafTypes[tape.below(tape.chance(3) ? leafTypes.length : 8)]),
          optional: tape.chance(2),
        })
    }
  }
  declare('', 3)
  const keyable = declared.map(({ field }) => field).filter((f) => ['string', 'int'].includes(fields[f].type.kind))
  const keys = keyable.slice(0, 1 + tape.below(2)).map((field, key) => ({ key, fields: [field] }))
  return { name, fields: declared, keys }
}

function fieldOf(fields: Field[], path: string, type: ValueType): number {
  const known = fields.findIndex((field) => field.path === path && sameType(field.type, type))
  return known === -1 ? fields.push({ path, type }) - 1 : known
}
