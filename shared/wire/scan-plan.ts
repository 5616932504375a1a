import type { EventSchema } from '#shared/domain/event-schema'
import type { ValueType } from '#shared/domain/value-type'
import type { Member, TypePlan } from './event-plan.ts'
import { leavesOf, typePlans } from './event-plan.ts'
import { MinuteMemo } from './scan-time.ts'

/** What a scan does with the value of a member: a number, so that choosing is one jump. */
export const actions = { id: 0, at: 1, type: 2, object: 3, text: 4, number: 5, bool: 6, time: 7, other: 8 } as const

/** A type of events as bytes. */
export interface ScanType {
  /** Index into `EventSchema.types`. */
  readonly index: number
  readonly salt: number
  /** The name between its quotes. */
  readonly name: ScanName
  readonly members: ScanObject
  /** Members of all levels: each has a number below this. */
  readonly memberCount: number
  /** Members that a row must have, `id` and `at` among them. */
  readonly requiredCount: number
}

/** A declared name with its quotes, four bytes a word, the last masked: what a key or a type is compared with. */
export interface ScanName {
  readonly words: Int32Array
  readonly lastMask: number
  readonly byteLength: number
}

/** The members of one object of the input. */
export class ScanObject {
  /** The member that came first in the last row: rows of one sender have one order. */
  next: ScanMember | undefined
  readonly #buckets: ScanMember[][]

  constructor(members: readonly ScanMember[]) {
    const size = 2 ** Math.ceil(Math.log2(members.length * 2 + 1))
    this.#buckets = Array.from({ length: size }, () => [])
    for (const member of members) this.#bucket(hashOfName(member.name)).push(member)
    this.next = members[0]
  }

  /** The member whose name stands at `start`, quotes included, up to `end`. */
  find(view: DataView, start: number, end: number): ScanMember | undefined {
    const byteLength = end - start
    for (const member of this.#bucket(hashOfBytes(view, start, end)))
      if (member.name.byteLength === byteLength && isNameAt(member.name, view, start)) return member
    return undefined
  }

  #bucket(hash: number): ScanMember[] {
    return this.#buckets[hash & (this.#buckets.length - 1)]
  }
}

/** A declared name, or `id`, `at`, `type`. */
export interface ScanMember {
  readonly name: ScanName
  readonly index: number
  readonly action: number
  readonly isRequired: boolean
  readonly isKey: boolean
  /** Index into `EventSchema.fields`; -1 for the envelope and objects. */
  readonly field: number
  readonly type: ValueType | undefined
  /** Of money and durations; -1 for other types. */
  readonly decimals: number
  readonly salt: number
  readonly members: ScanObject | undefined
  readonly minute: MinuteMemo
  /** The member that followed this one in the last row. */
  next: ScanMember | undefined
}

/** @returns a plan for each type, by index; undefined for a type with names that are not plain ASCII, whose rows are not scanned */
export const scanTypes = (schema: EventSchema): (ScanType | undefined)[] => typePlans(schema).map(scanType)

/** Whether the name and its quotes stand at this position. */
export function isNameAt(name: ScanName, view: DataView, at: number): boolean {
  const { words, lastMask } = name
  const last = words.length - 1
  if (at + last * 4 + 4 > view.byteLength) return isNameAtEnd(name, view, at)
  let p = at
  for (let i = 0; i < last; i++, p += 4) if (view.getInt32(p, true) !== words[i]) return false
  return (view.getInt32(p, true) & lastMask) === words[last]
}

/** The same where the last word would reach beyond the bytes. */
function isNameAtEnd({ words, byteLength }: ScanName, view: DataView, at: number): boolean {
  if (at + byteLength > view.byteLength) return false
  for (let i = 0; i < byteLength; i++)
    if (view.getUint8(at + i) !== ((words[i >> 2] >>> ((i & 3) * 8)) & 0xff)) return false
  return true
}

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
    name: scanName(plan.name),
    members: new ScanObject(all),
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
  name: scanName(name),
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
  next: undefined,
})

function scanMember(member: Member, numbering: { next: number }): ScanMember {
  const index = numbering.next++
  const isLeaf = member.members === undefined
  return {
    name: scanName(member.name),
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
    next: undefined,
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

function scanName(name: string): ScanName {
  const bytes = Buffer.from(JSON.stringify(name))
  const count = Math.ceil(bytes.length / 4)
  const padded = Buffer.alloc(count * 4)
  bytes.copy(padded)
  return {
    words: Int32Array.from({ length: count }, (_, i) => padded.readInt32LE(i * 4)),
    lastMask: -1 >>> ((count * 4 - bytes.length) * 8),
    byteLength: bytes.length,
  }
}

const hashOfName = ({ words, byteLength }: ScanName): number => {
  const padded = new DataView(new ArrayBuffer(words.length * 4))
  words.forEach((word, i) => {
    padded.setInt32(i * 4, word, true)
  })
  return hashOfBytes(padded, 0, byteLength)
}

/** FNV-1a. */
function hashOfBytes(view: DataView, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let p = start; p < end; p++) hash = Math.imul(hash ^ view.getUint8(p), 0x01000193)
  return hash ^ (hash >>> 15)
}
