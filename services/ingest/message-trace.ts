import { openTrace } from '../api/trace-context.ts'
import { recordTrace } from '../detector/trace-context.ts'
import type { TraceHeaders } from './source-reader.ts'

/** The trace of a message as its records in the log keep it: the sender's, or one that begins here. */
export const messageTrace = (headers: TraceHeaders, samples: (traceId: string) => boolean): string =>
  recordTrace({ ...openTrace(headers, samples), baggage: readBaggage(headers.baggage) })

/** W3C Baggage §3.3: what is longer than anybody must carry is left behind. */
const readBaggage = (baggage: string | undefined): string | undefined =>
  baggage !== undefined && /^[\x20-\x7e]{1,8192}$/.test(baggage) ? baggage : undefined
