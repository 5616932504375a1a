import type { EventBatch } from '#shared/domain/event-batch'
import { compareIds } from '#shared/domain/event-order'

/** Rows of a batch in order of (at, id); equal ones stay in order of arrival. undefined: they are in order already. */
export function rowsInOrder(batch: EventBatch): Uint32Array | undefined {
  const compare = (a: number, b: number): number =>
    batch.at[a] - batch.at[b] || compareIds(batch.id[a], batch.id[b]) || a - b
  let isSorted = true
  for (let i = 1; i < batch.length && isSorted; i++) isSorted = compare(i - 1, i) < 0
  if (isSorted) return undefined
  return Uint32Array.from({ length: batch.length }, (_, i) => i).sort(compare)
}
