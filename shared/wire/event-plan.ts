import type { EventSchema, EventType } from '#shared/domain/event-schema'
import type { ValueType } from '#shared/domain/value-type'
import { digestSalt } from './event-digest.ts'

/** What decoding an event of one type needs to know, made once from the schema. */
export interface TypePlan {
  /** Index into `EventSchema.types`. */
  readonly index: number
  readonly name: string
  readonly salt: number
  readonly members: readonly Member[]
}

/** A name in an object of the input: a declared field, or an object with more of them. */
export type Member = Leaf | Group

export interface Group {
  readonly name: string
  readonly path: string
  readonly isInherited: boolean
  readonly members: readonly Member[]
}

export interface Leaf {
  readonly name: string
  readonly path: string
  /** Every object has such a property (`constructor`), so it counts only where it is the object's own. */
  readonly isInherited: boolean
  readonly members: undefined
  /** Index into `EventSchema.fields`. */
  readonly field: number
  readonly type: ValueType
  readonly isRequired: boolean
  /** Names an actor: not empty, at most `limits.keyBytesMax`. */
  readonly isKey: boolean
  readonly salt: number
}

export const typePlans = (schema: EventSchema): TypePlan[] =>
  schema.types.map((type, index) => ({
    index,
    name: type.name,
    salt: digestSalt(`type ${type.name}`),
    members: members(leaves(schema, type), ''),
  }))

/** All declared fields of a type. */
export const leavesOf = ({ members }: Pick<TypePlan, 'members'>): Leaf[] =>
  members.flatMap((member) => (member.members === undefined ? [member] : leavesOf(member)))

function leaves(schema: EventSchema, type: EventType): Leaf[] {
  // Without its home key an event has no partition. Of a list, the first field is the home.
  const home = type.keys[0]?.fields[0]
  const keys = new Set(type.keys.flatMap((key) => key.fields))
  return type.fields.map(({ field, optional }) => {
    const { path, type: valueType } = schema.fields[field]
    const name = path.slice(path.lastIndexOf('.') + 1)
    return {
      name,
      path,
      isInherited: name in Object.prototype,
      members: undefined,
      field,
      type: valueType,
      isRequired: !optional || field === home,
      isKey: keys.has(field),
      salt: digestSalt(`field ${path}`),
    }
  })
}

/** Puts leaves with a common first name under one group, in order of first appearance. */
function members(leaves: readonly Leaf[], prefix: string): Member[] {
  const byName = new Map<string, Leaf[]>()
  for (const leaf of leaves) {
    const name = leaf.path.slice(prefix.length).split('.', 1)[0]
    const group = byName.get(name)
    if (group === undefined) byName.set(name, [leaf])
    else group.push(leaf)
  }
  return [...byName].map(([name, group]) => {
    const path = prefix + name
    if (group.length === 1 && group[0].path === path) return group[0]
    return { name, path, isInherited: name in Object.prototype, members: members(group, `${path}.`) }
  })
}
