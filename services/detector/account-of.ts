import { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import { homeKey } from '#shared/domain/home-key'
import { relaxedCodec } from './relaxed-codec.ts'

/** Makes a function that reads the value of the home key from an event of the log; '' where that cannot be read. */
export function accountReader(schema: EventSchema): (event: Uint8Array) => string {
  const codec = relaxedCodec(schema)
  const batch = new EventBatch(schema, new Set(schema.types.map(({ keys }) => keys[0].fields[0])), 1)
  return (event) => {
    batch.clear()
    return codec.decode(event, 0, event.length, batch, 0) === undefined ? homeKey(batch, schema, 0) : ''
  }
}
