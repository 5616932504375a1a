import type { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import type { Problem } from '#shared/domain/problem'
import type { Codec } from './codec.ts'
import { EventDecoder } from './event-decoder.ts'
import { ExactMoney } from './exact-money.ts'
import { JsonRowParser } from './json-row.ts'

/** A row is one JSON object with the fields of its type (command-line.md, Replay). The reference for any other codec. */
export class JsonCodec implements Codec {
  readonly #parser = new JsonRowParser()
  readonly #decoder: EventDecoder
  readonly #exactMoney: ExactMoney

  constructor(schema: EventSchema) {
    this.#decoder = new EventDecoder(schema)
    this.#exactMoney = new ExactMoney(schema)
  }

  decode(bytes: Uint8Array, start: number, end: number, batch: EventBatch, row: number): Problem | undefined {
    const object = this.#parser.parse(bytes, start, end)
    if (object === undefined) return this.#parser.problem
    const problem = this.#decoder.decodeParsed(object, batch, row, this.#parser.hasEscapedUnits)
    if (problem !== undefined) return problem
    const rounded = this.#exactMoney.check(this.#parser.text, object)
    if (rounded !== undefined) batch.drop()
    return rounded
  }

  /** The same from a value that was parsed already: the body of a request. */
  decodeObject(value: unknown, batch: EventBatch, row: number): Problem | undefined {
    return this.#decoder.decode(value, batch, row)
  }
}
