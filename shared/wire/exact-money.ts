import type { EventSchema } from '#shared/domain/event-schema'
import { parseMoney } from '#shared/domain/money'
import type { Problem } from '#shared/domain/problem'
import { type Leaf, leavesOf, typePlans } from './event-plan.ts'
import type { JsonObject } from './json-row.ts'

/** More digits than a double tells apart: reading the number may have rounded it. */
const longNumber = /[\d.]{17}/
const digitsKept = 16

/**
 * Judges amounts by the digits that were sent: `12.340000000000000001` is no amount, although the double nearest to it is that of 12.34.
 */
export class ExactMoney {
  readonly #leaves: ReadonlyMap<string, readonly Leaf[]>

  constructor(schema: EventSchema) {
    this.#leaves = new Map(
      typePlans(schema).map((plan) => [plan.name, leavesOf(plan).filter(({ type }) => type.kind === 'money')]),
    )
  }

  /** @param object the row, decoded without a problem */
  check(text: string, object: JsonObject): Problem | undefined {
    if (!longNumber.test(text)) return undefined
    const leaves = this.#leaves.get(String(object['type'] ?? 'transaction')) ?? []
    if (leaves.length === 0) return undefined
    const written: unknown = JSON.parse(text, keepDigits)
    for (const { path, type } of leaves) {
      const digits = valueAt(written, path)
      if (type.kind !== 'money' || typeof digits !== 'string' || typeof valueAt(object, path) !== 'number') continue
      if (parseMoney(digits, type.decimals) !== undefined) continue
      const message = `expected an amount with at most ${type.decimals} decimals, as a number or a decimal string, got ${digits.slice(0, 40)}`
      return { reason: 'bad-value', field: path, message }
    }
    return undefined
  }
}

/** Leaves a number that may have been rounded as its text. */
function keepDigits(this: unknown, _name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && (context?.source?.length ?? 0) > digitsKept ? context?.source : value
}

function valueAt(object: unknown, path: string): unknown {
  let value = object
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}
