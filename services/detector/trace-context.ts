/** The trace context of a message as its records in the log keep it. */
export interface RecordTrace {
  readonly traceId: string
  /** Of the span in which the message was taken. */
  readonly spanId: string
  /** Whether the trace is followed from its start. */
  readonly isSampled: boolean
  /** Of the sender's span; undefined: the trace began here. */
  readonly parentId: string | undefined
  readonly tracestate: string | undefined
  /** W3C `baggage` of the message. */
  readonly baggage: string | undefined
}

interface MessageContext {
  /** W3C, with the span in which the message was taken. */
  readonly traceparent: string
  readonly parentId?: string | undefined
  readonly tracestate?: string | undefined
  /** Visible ASCII and spaces. */
  readonly baggage?: string | undefined
}

/**
 * The text that goes into the log: `TRACEPARENT[ PARENT-ID[ TRACESTATE]][<tab>BAGGAGE]`. The sender's span is kept too: where a message turns out to
 * matter only later, its spans are told then, and must find their parent.
 */
export function recordTrace({ traceparent, parentId, tracestate, baggage }: MessageContext): string {
  const carried = baggage === undefined ? '' : `\t${baggage}`
  if (parentId === undefined) return `${traceparent}${carried}`
  return `${traceparent} ${parentId}${tracestate === undefined ? '' : ` ${tracestate}`}${carried}`
}

/** @returns undefined: the record came without a trace */
export function readRecordTrace(text: string): RecordTrace | undefined {
  const [, traceId, spanId, flags, parentId, tracestate, baggage] = form.exec(text) ?? []
  if (traceId === undefined) return undefined
  return { traceId, spanId, isSampled: flags === '01', parentId, tracestate, baggage }
}

const form = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?: ([\da-f]{16})(?: ([^\t]+))?)?(?:\t(.+))?$/

/** Where the flag of a record's text is set, its trace is followed from its start. Cheap: asked for every record. */
export const isSampled = (text: string): boolean => text.charCodeAt(flagIndex) === one

const flagIndex = '00-'.length + 32 + 1 + 16 + 1 + 1
const one = '1'.charCodeAt(0)

/** The W3C `traceparent` of a record's text. */
export const traceparentOf = (text: string): string => text.slice(0, flagIndex + 1)

/** The trace id of a W3C `traceparent`, or of a record's text; zeros where there is none. */
export const traceIdOf = (traceparent: string): string => {
  const [, traceId] = traceparent.split('-')
  return traceId ?? noTrace
}

const noTrace = '0'.repeat(32)
