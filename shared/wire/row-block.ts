import type { EventBatch } from '#shared/domain/event-batch'
import type { Problem } from '#shared/domain/problem'

/** Rows that were read together, still to be decoded. Valid until the next block is asked for. */
export interface RowBlock {
  readonly length: number
  /** Number of the first row over all inputs, from 1; the others follow without a gap. */
  readonly firstRow: number
  /** Appends the event of the i-th row to the batch, or says what is wrong with it. Never throws on account of the row. */
  decode(i: number, batch: EventBatch): Problem | undefined
}

/** One input in one format. */
export interface BlockReader {
  /** @returns undefined at the end. Rejects with InputFailed. */
  next(firstRow: number): Promise<RowBlock | undefined>
  close(): Promise<void>
}
