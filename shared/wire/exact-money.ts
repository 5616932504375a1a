import type { EventSchema } from '#shared/domain/event-schema'
import { parseMoney } from '#shared/domain/money'
import type { Problem } from '#shared/domain/problem'
import { leavesOf, typePlans } from './event-plan.ts'
import type { JsonObject } from './json-row.ts'

/** Only a number with many decimals, or a large one, has more digits than a double tells apart: reading it may have rounded it. */
const manyDecimals = /\.\d{10}/
const largeAmount = 1e12
const digitsKept = 16

/**
 * Judges amounts by the digits that were sent: `12.340000000000000001` is no amount, although the double nearest to it is that of 12.34.
 */
export class ExactMoney {
  readonly #amounts: ReadonlyMap<string, readonly Amount[]>

  constructor(schema: EventSchema) {
    this.#amounts = new Map(
      typePlans(schema).map((plan) => [
        plan.name,
        leavesOf(plan).flatMap(({ path, type }) =>
          type.kind === 'money' ? [{ path, names: path.split('.'), decimals: type.decimals }] : [],
        ),
      ]),
    )
  }

  /** @param object the row, decoded without a problem */
  check(text: string, object: JsonObject): Problem | undefined {
    const amounts = this.#amounts.get(String(object['type'] ?? 'transaction')) ?? []
    if (amounts.length === 0) return undefined
    const isLarge = ({ names }: Amount): boolean => Math.abs(Number(valueAt(object, names))) >= largeAmount
    if (!manyDecimals.test(text) && !amounts.some(isLarge)) return undefined
    const written: unknown = JSON.parse(text, keepDigits)
    for (const { path, names, decimals } of amounts) {
      const digits = valueAt(written, names)
      if (typeof digits !== 'string' || typeof valueAt(object, names) !== 'number') continue
      if (parseMoney(digits, decimals) !== undefined) continue
      const message = `expected an amount with at most ${decimals} decimals, as a number or a decimal string, got ${digits.slice(0, 40)}`
      return { reason: 'bad-value', field: path, message }
    }
    return undefined
  }
}

interface Amount {
  readonly path: string
  readonly names: readonly string[]
  readonly decimals: number
}

/** Leaves a number that may have been rounded as its text. */
function keepDigits(this: unknown, _name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && (context?.source?.length ?? 0) > digitsKept ? context?.source : value
}

function valueAt(object: unknown, names: readonly string[]): unknown {
  let value = object
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}
