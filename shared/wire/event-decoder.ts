import { convertValue } from '#shared/domain/convert-value'
import type { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import { limits } from '#shared/domain/limits'
import type { Problem } from '#shared/domain/problem'
import { isLongerThan, isWellFormed, readAt, readId } from './envelope.ts'
import { digestNumber, digestSalt, digestText, digestValue } from './event-digest.ts'
import type { Member, TypePlan } from './event-plan.ts'
import { typePlans } from './event-plan.ts'
import { explainRow, unknownType } from './explain-row.ts'
import type { JsonObject } from './json-row.ts'
import { isDeeperThan, isJsonObject, kindOf, tooDeepProblem } from './json-row.ts'

const atSalt = digestSalt('at')
const defaultType = 'transaction'

/**
 * Appends parsed rows to an event batch.
 *
 * E1 A row either becomes exactly one event or one problem; in the second case the batch is as it was.
 * E2 All declared fields are checked and digested; only those with a column in the batch are kept.
 * E3 A row has the first reason that fits, in the order of `problemReasons`. The way of a good row stops at the first mistake,
 *    and only then is the row gone through again for its reason (`explain-row.ts`).
 */
export class EventDecoder {
  readonly #types = new Map<string, TypePlan>()
  #digest = 0
  #mayHoldHalfPairs = true

  constructor(schema: EventSchema) {
    for (const plan of typePlans(schema)) this.#types.set(plan.name, plan)
  }

  /** Decodes any value. */
  decode(value: unknown, batch: EventBatch, row: number): Problem | undefined {
    if (!isJsonObject(value)) return { reason: 'not-an-object', message: `expected an object, got ${kindOf(value)}` }
    if (isDeeperThan(value, limits.jsonDepthMax)) return tooDeepProblem
    return this.decodeParsed(value, batch, row, true)
  }

  /**
   * Decodes an object whose depth is known to be within bounds.
   * @param mayHoldHalfPairs false: its strings are known to be well-formed Unicode
   */
  decodeParsed(object: JsonObject, batch: EventBatch, row: number, mayHoldHalfPairs: boolean): Problem | undefined {
    const name = object['type'] ?? defaultType
    const type = typeof name === 'string' ? this.#types.get(name) : undefined
    if (type === undefined) return unknownType(object['type'], [...this.#types.keys()])
    this.#mayHoldHalfPairs = mayHoldHalfPairs
    const id = readId(object['id'])
    const at = readAt(object['at'])
    if (id === undefined || at === undefined) return explainRow(type, object)

    const i = batch.append(type.index, at, id)
    this.#digest = type.salt + digestNumber(atSalt, at)
    if (!this.#take(type.members, object, batch, i)) {
      batch.drop()
      return explainRow(type, object)
    }
    batch.row[i] = row
    batch.digest[i] = this.#digest
    return undefined
  }

  /** @returns false at the first mistake. */
  #take(members: readonly Member[], object: JsonObject, batch: EventBatch, i: number): boolean {
    for (let m = 0; m < members.length; m++) {
      const member = members[m]
      const value = member.isInherited && !Object.hasOwn(object, member.name) ? undefined : object[member.name]
      if (member.members !== undefined) {
        const group = value ?? noMembers
        if (!isJsonObject(group) || !this.#take(member.members, group, batch, i)) return false
        continue
      }
      if (value === undefined || value === null) {
        if (member.isRequired) return false
        continue
      }
      const kind = member.type.kind
      if (kind === 'string') {
        if (typeof value !== 'string') return false
        if (member.isKey && (value === '' || isLongerThan(value, limits.keyBytesMax))) return false
        if (this.#mayHoldHalfPairs && !value.isWellFormed()) return false
        this.#digest = (this.#digest + digestText(member.salt, value)) | 0
        const column = batch.texts[member.field]
        if (column !== undefined) column[i] = value
      } else if (kind === 'list' || kind === 'map') {
        const converted = convertValue(value, member.type)
        if (converted === undefined || (this.#mayHoldHalfPairs && !isWellFormed(converted))) return false
        this.#digest = (this.#digest + digestValue(member.salt, converted)) | 0
        const column = batch.collections[member.field]
        if (column !== undefined) column[i] = converted
      } else {
        const converted = kind === 'timestamp' ? readAt(value) : convertValue(value, member.type)
        if (typeof converted !== 'number') return false
        this.#digest = (this.#digest + digestNumber(member.salt, converted)) | 0
        const column = batch.numbers[member.field]
        if (column !== undefined) column[i] = converted
      }
    }
    return true
  }
}

const noMembers: JsonObject = Object.freeze({})
