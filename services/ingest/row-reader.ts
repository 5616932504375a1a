import type { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import { JsonRowParser } from '#shared/wire/json-row'
import type { MapDecoder } from '#shared/wire/map-decoder'
import { ScanCodec } from '#shared/wire/scan-codec'
import type { RowProblem } from '../api/vigil.ts'
import { arrivalBatch, homePartition, inTheFuture, isAhead } from '../detector/arrival.ts'

/** An event as the log takes it. */
export interface ReadEvent {
  readonly partition: number
  readonly id: string
  readonly at: number
  readonly digest: number
  /** Vigil's own JSON. */
  readonly body: Uint8Array
}

export type RowMistake = RowProblem['problem']

/**
 * Reads rows of a source as events: Vigil's own JSON as it comes, anything else by a MAP, whose event is written as that JSON. Either way it
 * is those bytes that are checked, by the codec that checks requests, so what goes into the log can be read from it.
 */
export class RowReader {
  readonly #codec: ScanCodec
  readonly #parser = new JsonRowParser()
  readonly #map: MapDecoder | undefined
  readonly #partitions: number
  readonly #batch: EventBatch
  readonly #mapped: EventBatch

  constructor({ schema, partitions, map }: { schema: EventSchema; partitions: number; map: MapDecoder | undefined }) {
    this.#codec = new ScanCodec(schema)
    this.#map = map
    this.#partitions = partitions
    this.#batch = arrivalBatch(schema)
    this.#mapped = arrivalBatch(schema)
  }

  /**
   * Reads `bytes[start, end)`, which must not change while the event is in use. Never throws on account of the bytes.
   * @param line number of the row in its message, for the MAP
   * @param receivedAt ms since 1970
   */
  read(bytes: Buffer, start: number, end: number, line: number, receivedAt: number): ReadEvent | RowMistake {
    if (this.#map === undefined) return this.#check(bytes.subarray(start, end), receivedAt)
    const object = this.#parser.parse(bytes, start, end)
    if (object === undefined) return this.#parser.problem ?? neverParsed()
    this.#mapped.clear()
    const problem = this.#map.decode(object, this.#mapped, line)
    return problem ?? this.#check(Buffer.from(this.#map.lastEvent()), receivedAt)
  }

  #check(body: Uint8Array, receivedAt: number): ReadEvent | RowMistake {
    const batch = this.#batch
    batch.clear()
    const problem = this.#codec.decode(body, 0, body.length, batch, 0)
    if (problem !== undefined) return problem
    const at = batch.at[0]
    if (isAhead(at, receivedAt)) return inTheFuture
    return { partition: homePartition(batch, 0, this.#partitions), id: batch.id[0], at, digest: batch.digest[0], body }
  }
}

function neverParsed(): never {
  throw new Error('a row was refused without a reason')
}
