/** What a broker tells of a partition for which nothing is committed. */
export const none = -1n

/**
 * Where partitions begin for which nothing is committed. A group that has committed any is not new: such a partition was added to the topic
 * since then, and what stands in it came after the end at which the group began.
 *
 * @param committed of all partitions of the topic, whoever of the group reads them
 */
export function freshPartitionsBegin(from: 'start' | 'end', committed: readonly bigint[]): 'start' | 'end' {
  return committed.some((offset) => offset !== none) ? 'start' : from
}
