/** What of a batch of records tells whether it holds messages. */
export interface TransactionBatch {
  readonly firstOffset: bigint
  readonly lastOffsetDelta: number
  readonly attributes: number
  readonly producerId: bigint
  readonly records: readonly { readonly key: Buffer | null }[]
}

/** A transaction that was aborted, as a broker tells it beside the batches of a partition. */
interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/**
 * The markers, and the batches of transactions that were aborted. The client leaves some of these in: where a producer has aborted twice in one
 * answer, and where the marker of the abort lies beyond it.
 *
 * @param batches of one partition in one answer, in order
 * @param aborted all that the answer tells of the partition, in any order: also those that began before it or end behind it
 */
export function batchesWithoutMessages<Batch extends TransactionBatch>(
  batches: readonly Batch[],
  aborted: readonly AbortedTransaction[],
): ReadonlySet<Batch> {
  const coming = aborted.toSorted((a, b) => Number(a.firstOffset - b.firstOffset))
  const open = new Set<bigint>()
  const silent = new Set<Batch>()
  let begun = 0
  for (const batch of batches) {
    const last = batch.firstOffset + BigInt(batch.lastOffsetDelta)
    for (; begun < coming.length && coming[begun].firstOffset <= last; begun++) open.add(coming[begun].producerId)
    const isMarker = (batch.attributes & isControl) !== 0
    if (isMarker && isAbort(batch)) open.delete(batch.producerId)
    if (isMarker || ((batch.attributes & isTransactional) !== 0 && open.has(batch.producerId))) silent.add(batch)
  }
  return silent
}

/** The key of a marker: its version, then its kind, two bytes each. */
function isAbort({ records: [marker] }: TransactionBatch): boolean {
  const key = marker?.key ?? null
  return key !== null && key.length >= 4 && key.readInt16BE(2) === abortKind
}

const isTransactional = 0x10
const isControl = 0x20
const abortKind = 0
