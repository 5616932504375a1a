import type { EventSchema } from '#shared/domain/event-schema'
import type { ValueType } from '#shared/domain/value-type'
import type { Member, TypePlan } from './event-plan.ts'
import { leavesOf, typePlans } from './event-plan.ts'
import { type ScanMember, ScanObject } from './scan-member.ts'
import { Fork } from './scan-shape.ts'
import { MinuteMemo } from './scan-time.ts'

/** What a scan does with the value of a member: a number, so that choosing is one jump. */
export const actions = { id: 0, at: 1, type: 2, object: 3, text: 4, number: 5, bool: 6, time: 7, other: 8 } as const

/** A type of events as bytes. */
export interface ScanType {
  /** Index into `EventSchema.types`. */
  readonly index: number
  readonly salt: number
  /** The name between its quotes. */
  readonly name: Buffer
  readonly members: ScanObject
  /** How its rows may begin. */
  readonly shapes: Fork
  /** Members of all levels: each has a number below this. */
  readonly memberCount: number
  /** Members that a row must have, `id` and `at` among them. */
  readonly requiredCount: number
}

/** @returns a plan for each type, by index; undefined for a type with names that are not plain ASCII, whose rows are not scanned */
export const scanTypes = (schema: EventSchema): (ScanType | undefined)[] => typePlans(schema).map(scanType)

function scanType(plan: TypePlan): ScanType | undefined {
  const names = namesOf(plan.members)
  const isPlain = [plan.name, ...names].every((name) => plainName.test(name))
  if (!isPlain || plan.members.some(({ name }) => Object.hasOwn(envelope, name))) return undefined
  const numbering = { next: 0 }
  const all = [
    ...Object.entries(envelope).map(([name, action]) => envelopeMember(name, action, numbering.next++)),
    ...plan.members.map((member) => scanMember(member, numbering)),
  ]
  return {
    index: plan.index,
    salt: plan.salt,
    name: quoted(plan.name),
    members: new ScanObject(all),
    shapes: new Fork(),
    memberCount: numbering.next,
    requiredCount: 2 + leavesOf(plan).filter(({ isRequired }) => isRequired).length,
  }
}

const envelope = { id: actions.id, at: actions.at, type: actions.type }
/** Such a name stands in JSON as it is, unless someone escapes what needs none, and rows with escapes in names are not scanned. */
const plainName = /^[ !#-[\]-~]+$/

const namesOf = (members: readonly Member[]): string[] =>
  members.flatMap((member) => [member.name, ...(member.members === undefined ? [] : namesOf(member.members))])

const envelopeMember = (name: string, action: number, index: number): ScanMember => ({
  name: quoted(name),
  index,
  action,
  isRequired: name !== 'type',
  isKey: false,
  field: -1,
  type: undefined,
  decimals: -1,
  salt: 0,
  members: undefined,
  minute: new MinuteMemo(),
  textLength: 0,
})

function scanMember(member: Member, numbering: { next: number }): ScanMember {
  const index = numbering.next++
  const isLeaf = member.members === undefined
  return {
    name: quoted(member.name),
    index,
    action: isLeaf ? actionOf(member.type) : actions.object,
    isRequired: isLeaf && member.isRequired,
    isKey: isLeaf && member.isKey,
    field: isLeaf ? member.field : -1,
    type: isLeaf ? member.type : undefined,
    decimals: isLeaf ? decimalsOf(member.type) : -1,
    salt: isLeaf ? member.salt : 0,
    members: isLeaf ? undefined : new ScanObject(member.members.map((inner) => scanMember(inner, numbering))),
    minute: new MinuteMemo(),
    textLength: 0,
  }
}

function actionOf({ kind }: ValueType): number {
  switch (kind) {
    case 'string':
      return actions.text
    case 'bool':
      return actions.bool
    case 'timestamp':
      return actions.time
    case 'list':
    case 'map':
      return actions.other
    default:
      return actions.number
  }
}

const decimalsOf = (type: ValueType): number =>
  type.kind === 'money' ? type.decimals : type.kind === 'duration' ? 3 : -1

const quoted = (name: string): Buffer => Buffer.from(`"${name}"`)
