import { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import { homeKey } from '#shared/domain/home-key'
import { partitionOf } from './partition-of.ts'

// What every way in asks of an event beyond its content.

/** A batch with the columns that tell where an event belongs. @param rows for which it has room before it grows */
export function arrivalBatch(schema: EventSchema, rows = 512): EventBatch {
  const homes = schema.types.map(({ keys }) => keys[0].fields[0])
  return new EventBatch(schema, new Set(homes), rows)
}

/** The partition of an event of the batch: that of its home key. */
export function homePartition(batch: EventBatch, row: number, partitions: number): number {
  return partitions === 1 ? 0 : partitionOf(homeKey(batch, batch.schema, row), partitions)
}

/** Whether an event's time is further ahead of our clock than clocks differ. Both in ms since 1970. */
export const isAhead = (at: number, receivedAt: number): boolean => at > receivedAt + aheadMsMax

const aheadMsMax = 120_000

export const inTheFuture = {
  reason: 'in-the-future',
  field: 'at',
  message:
    'the time of the event is more than 2 minutes ahead of the clock here; check the time zone and the clock of the sender',
} as const
