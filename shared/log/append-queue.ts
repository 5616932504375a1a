import { recordKinds } from '#shared/protocol/log-record'
import type { AppendRequest, AppendResult } from './event-log.ts'
import type { AppendGroup, AppendOutcome } from './sqlite-log-messages.ts'
import { verdict } from './sqlite-log-messages.ts'

/** An append that is not yet answered. */
export interface WaitingAppend {
  readonly request: AppendRequest
  /** Of its bodies. */
  readonly bytes: number
  readonly resolve: (result: AppendResult) => void
  readonly reject: (error: Error) => void
}

/** Appends that wait for the transaction that is under way, in order. */
export class AppendQueue {
  bytes = 0
  readonly #waiting: WaitingAppend[] = []

  get length(): number {
    return this.#waiting.length
  }

  add(append: WaitingAppend): void {
    this.#waiting.push(append)
    this.bytes += append.bytes
  }

  /** Takes out those for the next transaction: as many as its bounds allow, and one at least. */
  takeGroup(): readonly WaitingAppend[] {
    let count = 0
    let records = 0
    let bytes = 0
    for (const append of this.#waiting) {
      records += append.request.partitions.length
      bytes += append.bytes
      if (count > 0 && (records > groupRecordsMax || bytes > groupBytesMax)) break
      count++
    }
    return this.#take(count)
  }

  takeAll(): readonly WaitingAppend[] {
    return this.#take(this.#waiting.length)
  }

  #take(count: number): readonly WaitingAppend[] {
    const taken = this.#waiting.splice(0, count)
    for (const append of taken) this.bytes -= append.bytes
    return taken
  }
}

/** A transaction of so many takes about 50 ms; in a larger one a record costs no less. */
const groupRecordsMax = 8_192
const groupBytesMax = 4 * 2 ** 20

/** The requests as columns. Its buffers are its own. */
export function packGroup(appends: readonly WaitingAppend[]): AppendGroup {
  const requests = appends.map(({ request }) => request)
  const length = requests.reduce((sum, { partitions }) => sum + partitions.length, 0)
  const group = {
    requestEnds: new Uint32Array(requests.length),
    kinds: Uint8Array.from(requests, ({ kind }) => recordKinds.indexOf(kind)),
    receivedAt: Float64Array.from(requests, ({ receivedAt }) => receivedAt),
    traceparents: requests.map(({ traceparent }) => traceparent),
    partitions: new Uint16Array(length),
    ids: requests.flatMap(({ ids }) => ids),
    at: new Float64Array(length),
    digests: new Int32Array(length),
    ends: new Uint32Array(length),
    bytes: new Uint8Array(appends.reduce((sum, { bytes }) => sum + bytes, 0)),
  }
  let start = 0
  let end = 0
  for (const [r, { partitions, at, digests, bodies }] of requests.entries()) {
    group.partitions.set(partitions, start)
    group.at.set(at, start)
    group.digests.set(digests, start)
    for (const body of bodies) {
      group.bytes.set(body, end)
      end += body.length
      group.ends[start++] = end
    }
    group.requestEnds[r] = start
  }
  return group
}

/** To be transferred with the group. */
export function buffersOf(group: AppendGroup): readonly ArrayBuffer[] {
  const { requestEnds, kinds, receivedAt, partitions, at, digests, ends, bytes } = group
  return [requestEnds, kinds, receivedAt, partitions, at, digests, ends, bytes].map((column) => column.buffer)
}

/** What came of the request whose first record is `start` of the group. */
export function resultOf(request: AppendRequest, { offsets, verdicts }: AppendOutcome, start: number): AppendResult {
  const end = start + request.partitions.length
  const own = verdicts.subarray(start, end)
  if (own.includes(verdict.conflict))
    return { kind: 'conflict', indexes: [...own.keys()].filter((i) => own[i] === verdict.conflict) }
  return {
    kind: 'appended',
    offsets: Array.from(offsets.subarray(start, end)),
    isDuplicate: Array.from(own, (value) => value === verdict.duplicate),
  }
}
