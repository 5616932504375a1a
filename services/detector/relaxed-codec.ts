import type { EventSchema } from '#shared/domain/event-schema'
import type { RowDecoder } from '#shared/protocol/generation'
import { ScanCodec } from '#shared/wire/scan-codec'

/**
 * Decodes what the log has taken already. Fields that were added to `events.yaml` since then are absent from older events, and no mistake
 * of theirs; all else was checked on arrival.
 */
export function relaxedCodec(schema: EventSchema): RowDecoder {
  const types = schema.types.map((type) => ({
    ...type,
    fields: type.fields.map(({ field }) => ({ field, optional: true })),
  }))
  return new ScanCodec({ ...schema, types })
}
