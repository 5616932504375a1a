import type { EventBatch } from './event-batch.ts'
import type { EventSchema } from './event-schema.ts'

/** The value of an event's home key: the account that it belongs to, wherever else it counts. The batch must hold that field. */
export function homeKey(batch: EventBatch, schema: EventSchema, row: number): string {
  const field = schema.types[batch.type[row]].keys[0].fields[0]
  return batch.texts[field]?.[row] ?? String(batch.numbers[field]?.[row])
}
