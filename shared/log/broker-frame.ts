import { invariant } from '#shared/domain/invariant'
import { recordKinds } from '#shared/protocol/log-record'
import type { AppendRequest } from './event-log.ts'

/**
 * Records of one partition in one message of a broker. Text, so that the broker's own tools show it:
 *
 *     {"vigil":1,"stamp":1767225600000000,"runs":[[2,"event",1767225600000,"00-…-01"]],"ids":["t1","t2"],"at":[…],"digests":[…],"lengths":[17,17],"places":[0,2]}
 *     {"id":"t1", … }
 *     {"id":"t2", … }
 *
 * The first line tells of each record what is not in its body; `runs` holds what neighbours share: how many, kind, receivedAt, traceparent.
 * Then each body, as it is, and a line feed; `lengths` are in bytes. Record `i` of the frame with sequence `s` has offset `s · 4096 + i`, so offsets
 * rise with gaps. `stamp` rises with each group of frames that a process publishes, `places` are places within the group: both order events
 * of several partitions.
 */
export interface DecodedFrame {
  readonly length: number
  /** Of the first record. */
  readonly offset: number
  readonly stamp: number
  /** Index into `recordKinds`. */
  readonly kinds: readonly number[]
  readonly receivedAt: readonly number[]
  readonly traceparents: readonly string[]
  readonly ids: readonly string[]
  readonly at: readonly number[]
  readonly digests: readonly number[]
  readonly places: readonly number[]
  /** Record `i` is `bytes[starts[i], starts[i] + lengths[i])`. */
  readonly bytes: Uint8Array
  readonly starts: readonly number[]
  readonly lengths: readonly number[]
}

export const frameRecordsMax = 4096

export const firstOffset = (sequence: number): number => sequence * frameRecordsMax
export const sequenceOf = (offset: number): number => Math.floor(offset / frameRecordsMax)

/** A record on its way into a frame: number `index` of a request, number `place` of the group. */
export interface PlacedRecord {
  readonly request: AppendRequest
  readonly index: number
  readonly place: number
}

/** @param records 1 to `frameRecordsMax` */
export function encodeFrame(records: readonly PlacedRecord[], stamp: number): Uint8Array {
  invariant(records.length > 0 && records.length <= frameRecordsMax, `a frame of ${records.length} records`)
  const runs: (readonly [count: number, kind: string, receivedAt: number, traceparent: string])[] = []
  let runStart = 0
  for (let i = 1; i <= records.length; i++) {
    const { kind, receivedAt, traceparent } = records[runStart].request
    const next = records[i]?.request
    if (next !== undefined && next.kind === kind && next.receivedAt === receivedAt && next.traceparent === traceparent)
      continue
    runs.push([i - runStart, kind, receivedAt, traceparent])
    runStart = i
  }
  const head = JSON.stringify({
    vigil: frameVersion,
    stamp,
    runs,
    ids: records.map(({ request, index }) => request.ids[index]),
    at: records.map(({ request, index }) => request.at[index]),
    digests: records.map(({ request, index }) => request.digests[index] | 0),
    lengths: records.map(({ request, index }) => request.bodies[index].length),
    places: records.map(({ place }) => place),
  })
  const headBytes = new TextEncoder().encode(head)
  const bodyBytes = records.reduce((sum, { request, index }) => sum + request.bodies[index].length + 1, 0)
  const bytes = new Uint8Array(headBytes.length + 1 + bodyBytes)
  bytes.set(headBytes)
  bytes[headBytes.length] = lineFeed
  let end = headBytes.length + 1
  for (const { request, index } of records) {
    const body = request.bodies[index]
    bytes.set(body, end)
    end += body.length
    bytes[end++] = lineFeed
  }
  return bytes
}

/** Bytes that a record adds to a frame at most: its body, and its share of the first line, where a character of an id may take six. */
export const frameBytesOf = ({ request, index }: PlacedRecord): number =>
  request.bodies[index].length + 6 * request.ids[index].length + 6 * request.traceparent.length + 160

/** Throws FrameUnreadable: another program or a later version wrote it. */
export function decodeFrame(sequence: number, bytes: Uint8Array): DecodedFrame {
  const headEnd = bytes.indexOf(lineFeed)
  const head = headEnd < 0 ? undefined : parsed(bytes.subarray(0, headEnd))
  if (head?.vigil !== frameVersion)
    throw new FrameUnreadable(
      `the message with sequence ${sequence} was not written by this version: nobody else may publish there; start the version that wrote it`,
    )
  const { stamp, runs, ids, at, digests, lengths, places } = head
  const kinds: number[] = []
  const receivedAt: number[] = []
  const traceparents: string[] = []
  for (const [count, kind, received, traceparent] of runs) {
    const number = recordKinds.indexOf(kind)
    if (number < 0) throw new FrameUnreadable(`the message with sequence ${sequence} has a record of kind ${kind}`)
    for (let i = 0; i < count; i++) {
      kinds.push(number)
      receivedAt.push(received)
      traceparents.push(traceparent)
    }
  }
  const starts: number[] = []
  let start = headEnd + 1
  for (const length of lengths) {
    starts.push(start)
    start += length + 1
  }
  const hasEnds = start === bytes.length && kinds.length === ids.length && lengths.length === ids.length
  if (!hasEnds) throw new FrameUnreadable(`the message with sequence ${sequence} is damaged`)
  const offset = firstOffset(sequence)
  const columns = { kinds, receivedAt, traceparents, ids, at, digests, places, starts, lengths }
  return { length: ids.length, offset, stamp, bytes, ...columns }
}

/** A message that is no frame, or that a later version wrote. Not to be tried again as it is. */
class FrameUnreadable extends Error {
  override readonly name = 'FrameUnreadable'
}

interface FrameHead {
  readonly vigil: number
  readonly stamp: number
  readonly runs: readonly (readonly [number, (typeof recordKinds)[number], number, string])[]
  readonly ids: readonly string[]
  readonly at: readonly number[]
  readonly digests: readonly number[]
  readonly lengths: readonly number[]
  readonly places: readonly number[]
}

function parsed(bytes: Uint8Array): FrameHead | undefined {
  try {
    const head: unknown = JSON.parse(decoder.decode(bytes))
    return typeof head === 'object' && head !== null && 'vigil' in head ? (head as FrameHead) : undefined
  } catch {
    return undefined
  }
}

const decoder = new TextDecoder()
const frameVersion = 1
const lineFeed = 0x0a
