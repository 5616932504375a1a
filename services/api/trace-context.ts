import { randomFillSync } from 'node:crypto'

/** The W3C trace that a request belongs to. */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** The same trace with the span of this request: goes into the log with the events, and back with the answer. */
  readonly traceparent: string
}

/** @param traceparent the header as received; where it is absent or not valid, the request begins a trace of its own */
export function openTrace(traceparent: unknown): Trace {
  const caller = typeof traceparent === 'string' ? parse(traceparent) : undefined
  const traceId = caller?.traceId ?? randomHex(16)
  return { traceId, traceparent: `00-${traceId}-${randomHex(8)}-${caller?.flags ?? sampled}` }
}

/** Without a caller who decides it, every trace is kept. */
const sampled = '01'

const form = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/

/** W3C Trace Context §3.2: a version above ours may say more behind the flags; `ff` is no version; zeros are no id. */
function parse(traceparent: string): { readonly traceId: string; readonly flags: string } | undefined {
  const [, version, traceId, parentId, flags, rest] = form.exec(traceparent) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined
  // Of the flags of version 00 only the lowest has a meaning.
  return { traceId, flags: Number.parseInt(flags, 16) % 2 === 1 ? sampled : '00' }
}

/** Random bytes are fetched many at a time: one call costs more than the bytes. */
const pool = Buffer.alloc(4_096)
let used = pool.length

function randomHex(length: number): string {
  if (used + length > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += length
  return pool.toString('hex', used - length, used)
}
