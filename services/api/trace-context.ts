import { randomFillSync } from 'node:crypto'

/** The W3C trace that a request belongs to. */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** The same trace with the span of this request: goes into the log with the events, and back with the answer. */
  readonly traceparent: string
  /** Id of the caller's span; undefined: the trace begins here. */
  readonly parentId: string | undefined
  /** Of the caller, as received. */
  readonly tracestate: string | undefined
}

interface TraceHeaders {
  readonly traceparent?: unknown
  readonly tracestate?: unknown
}

/**
 * @param headers as received; where `traceparent` is absent or not valid, the request begins a trace of its own
 * @param samples whether a trace that begins here is followed from its start; a caller has decided it for its own
 */
export function openTrace(headers: TraceHeaders, samples: (traceId: string) => boolean = everyOne): Trace {
  const caller = typeof headers.traceparent === 'string' ? parse(headers.traceparent) : undefined
  const traceId = caller?.traceId ?? randomHex(16)
  const flags = caller?.flags ?? (samples(traceId) ? sampled : '00')
  const traceparent = `00-${traceId}-${randomHex(8)}-${flags}`
  return { traceId, traceparent, parentId: caller?.parentId, tracestate: caller && readState(headers.tracestate) }
}

const everyOne = (): boolean => true
const sampled = '01'

/** W3C Trace Context §3.3: nothing else is looked at, and what is longer than anybody must carry is left behind. */
const readState = (tracestate: unknown): string | undefined =>
  typeof tracestate === 'string' && /^[\x21-\x7e][\x20-\x7e]{0,511}$/.test(tracestate) ? tracestate : undefined

const form = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/

interface Caller {
  readonly traceId: string
  readonly parentId: string
  readonly flags: string
}

/** W3C Trace Context §3.2: a version above ours may say more behind the flags; `ff` is no version; zeros are no id. */
function parse(traceparent: string): Caller | undefined {
  const [, version, traceId, parentId, flags, rest] = form.exec(traceparent) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined
  // Of the flags of version 00 only the lowest has a meaning.
  return { traceId, parentId, flags: Number.parseInt(flags, 16) % 2 === 1 ? sampled : '00' }
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
