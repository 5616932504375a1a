import type { EventSchema } from '#shared/domain/event-schema'
import type { Problem } from '#shared/domain/problem'
import { typePlans } from './event-plan.ts'
import { allMissing } from './explain-row.ts'
import { JsonRowParser } from './json-row.ts'

/** Names every required field that a row lacks, where a decoder names the first. For rows that are refused, and only for those. */
export class MissingFields {
  readonly #parser = new JsonRowParser()
  readonly #plans: ReturnType<typeof typePlans>

  constructor(schema: EventSchema) {
    this.#plans = typePlans(schema)
  }

  /** @param most so many at most; in order of declaration. None where the row is no object of a known type. */
  of(bytes: Uint8Array, start: number, end: number, most: number): readonly Problem[] {
    const object = this.#parser.parse(bytes, start, end)
    const name = object?.['type'] ?? 'transaction'
    const plan = this.#plans.find((one) => one.name === name)
    if (object === undefined || plan === undefined) return []
    const found: Problem[] = []
    for (const problem of allMissing(plan, object)) {
      if (found.length === most) break
      found.push(problem)
    }
    return found
  }
}
