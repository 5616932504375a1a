import type { EventBatch } from '#shared/domain/event-batch'
import type { Problem } from '#shared/domain/problem'

/** Turns the bytes of one row into one event. Every implementation must agree with `JsonCodec`, message texts included. */
export interface Codec {
  /**
   * Decodes `bytes[start, end)`, one row without its line end, and appends the event to the batch.
   * @param row row number in the input from 1, or offset in a log; kept in the batch
   * @returns what is wrong with the row, in which case the batch is as it was
   * Never throws on account of the bytes. The bytes are not kept.
   */
  decode(bytes: Uint8Array, start: number, end: number, batch: EventBatch, row: number): Problem | undefined
}
