import type { Position } from './recent-ids.ts'
import type { AppendGroup, AppendOutcome } from './sqlite-log-messages.ts'

/** What an event is compared by. */
export interface KnownEvent {
  readonly id: unknown
  readonly at: number
  readonly digest: number
}

/** In place of the hash of an id where the record has none. */
export const noHash = -1

/** Where the records of a group go. */
export class GroupPlan {
  readonly group: AppendGroup
  readonly outcome: AppendOutcome
  /** By partition: offset of its first record in this group, and the records in order. */
  readonly firsts: readonly number[]
  readonly records: readonly number[][]
  /** All records that have a place, in order. */
  readonly order: number[] = []
  readonly hashes: Float64Array

  constructor(group: AppendGroup, nexts: readonly number[]) {
    const { length } = group.partitions
    this.group = group
    this.outcome = { offsets: new Float64Array(length), verdicts: new Uint8Array(length) }
    this.firsts = nexts.slice()
    this.records = nexts.map(() => [])
    this.hashes = new Float64Array(length)
  }

  count(): number {
    return this.order.length
  }

  lastRecord(): number {
    return this.order[this.order.length - 1]
  }

  /** An event of this very group. */
  event({ partition, offset }: Position): KnownEvent | undefined {
    const n = offset - this.firsts[partition]
    if (n < 0) return undefined
    const i = this.records[partition][n]
    return { id: this.group.ids[i], at: this.group.at[i], digest: this.group.digests[i] }
  }
}

/** By record, the request that it belongs to. */
export function requestOfRecords({ requestEnds, partitions }: AppendGroup): Uint32Array {
  const requests = new Uint32Array(partitions.length)
  for (let request = 1; request < requestEnds.length; request++)
    requests.fill(request, requestEnds[request - 1], requestEnds[request])
  return requests
}
