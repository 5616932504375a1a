import { checksum32 } from '#shared/checkpoint/checksum'
import type { LogBlock } from './log-record.ts'
import type { AppliedRecord } from './owner-options.ts'

/**
 * Digest of a record, to know it again: of its place, its kind, its content and the moment it was received. Without the moment, an event
 * that is sent again after the log has lost it could come to the same place, behind others than before.
 */
export function recordDigest(block: LogBlock, i: number): number {
  const receivedAt = block.receivedAt[i]
  const moment = Math.imul(receivedAt | 0, 0xcc9e2d51) ^ Math.floor(receivedAt / 2 ** 32)
  return Math.imul(timelessDigest(block, i) ^ moment, 0x9e3779b1) >>> 0
}

/** The digest of checkpoints of format 1. */
export function timelessDigest(block: LogBlock, i: number): number {
  const content = checksum32(block.bytes, block.starts[i], block.ends[i])
  return Math.imul(content ^ block.kinds[i] ^ Math.imul(block.offsets[i] | 0, 0x85ebca6b), 0x9e3779b1) >>> 0
}

/**
 * @param eventId of an event that comes for the first time
 * @param account its account, where a decision on it is asked for
 */
export function appliedRecord(block: LogBlock, i: number, eventId: string | undefined, account = ''): AppliedRecord {
  return {
    offset: block.offsets[i],
    receivedAt: block.receivedAt[i],
    traceparent: block.traceparents[i],
    eventId,
    account,
  }
}
