import type { EventSchema } from '#shared/domain/event-schema'
import { homeKey } from '#shared/domain/home-key'
import { arrivalBatch } from './arrival.ts'
import { relaxedCodec } from './relaxed-codec.ts'

/** Makes a function that reads the value of the home key from an event of the log; '' where that cannot be read. */
export function accountReader(schema: EventSchema): (event: Uint8Array) => string {
  const codec = relaxedCodec(schema)
  const batch = arrivalBatch(schema, 1)
  return (event) => {
    batch.clear()
    return codec.decode(event, 0, event.length, batch, 0) === undefined ? homeKey(batch, schema, 0) : ''
  }
}
