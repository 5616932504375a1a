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

/** The requests as columns, all in one buffer of their own: between threads, each buffer costs as much as a small request. */
export function packGroup(appends: readonly WaitingAppend[]): AppendGroup {
  const count = appends.length
  let length = 0
  let bytesLength = 0
  for (const { request, bytes } of appends) {
    length += request.partitions.length
    bytesLength += bytes
  }
  // Those with the widest values first, so that all lie where they may.
  const widths =
    Float64Array.BYTES_PER_ELEMENT * (count + length) + Uint32Array.BYTES_PER_ELEMENT * (count + 2 * length)
  const buffer = new ArrayBuffer(widths + Uint16Array.BYTES_PER_ELEMENT * length + count + bytesLength)
  let at = 0
  const column = <C extends ArrayBufferView>(
    type: new (buffer: ArrayBuffer, at: number, length: number) => C,
    size: number,
  ): C => {
    const made = new type(buffer, at, size)
    at += made.byteLength
    return made
  }
  const group = {
    receivedAt: column(Float64Array<ArrayBuffer>, count),
    at: column(Float64Array<ArrayBuffer>, length),
    requestEnds: column(Uint32Array<ArrayBuffer>, count),
    digests: column(Int32Array<ArrayBuffer>, length),
    ends: column(Uint32Array<ArrayBuffer>, length),
    partitions: column(Uint16Array<ArrayBuffer>, length),
    kinds: column(Uint8Array<ArrayBuffer>, count),
    bytes: column(Uint8Array<ArrayBuffer>, bytesLength),
    traceparents: appends.map(({ request }) => request.traceparent),
    ids: appends.flatMap(({ request }) => request.ids),
  }
  let start = 0
  let end = 0
  for (const [r, { request }] of appends.entries()) {
    group.kinds[r] = recordKinds.indexOf(request.kind)
    group.receivedAt[r] = request.receivedAt
    group.partitions.set(request.partitions, start)
    group.at.set(request.at, start)
    group.digests.set(request.digests, start)
    for (const body of request.bodies) {
      group.bytes.set(body, end)
      end += body.length
      group.ends[start++] = end
    }
    group.requestEnds[r] = start
  }
  return group
}

/** What came of the request whose first record is `start` of the group. */
export function resultOf(request: AppendRequest, { offsets, verdicts }: AppendOutcome, start: number): AppendResult {
  const given: number[] = []
  const isDuplicate: boolean[] = []
  const conflicts: number[] = []
  for (let i = 0; i < request.partitions.length; i++) {
    given.push(offsets[start + i])
    isDuplicate.push(verdicts[start + i] === verdict.duplicate)
    if (verdicts[start + i] === verdict.conflict) conflicts.push(i)
  }
  return conflicts.length > 0
    ? { kind: 'conflict', indexes: conflicts }
    : { kind: 'appended', offsets: given, isDuplicate }
}
