import { checksum32 } from '#shared/checkpoint/checksum'
import type { LogBlock } from './log-record.ts'
import type { AppliedRecord } from './owner-options.ts'

/** Digest of a record, to know it again: of its place, its kind and its content. */
export function recordDigest(block: LogBlock, i: number): number {
  const content = checksum32(block.bytes, block.starts[i], block.ends[i])
  return Math.imul(content ^ block.kinds[i] ^ Math.imul(block.offsets[i] | 0, 0x85ebca6b), 0x9e3779b1) >>> 0
}

/** @param eventId of an event that comes for the first time */
export function appliedRecord(block: LogBlock, i: number, eventId: string | undefined): AppliedRecord {
  return {
    offset: block.offsets[i],
    receivedAt: block.receivedAt[i],
    traceparent: block.traceparents[i],
    eventId,
  }
}
