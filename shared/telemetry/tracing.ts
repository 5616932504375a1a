import type { SpanAttribute, SpanName } from './span-names.ts'

/** What the service tells of its work as spans. Nothing of it waits or throws: a collector that is slow or away changes nothing here. */
export interface Tracing {
  /** Whether anybody listens: without it nothing need be gathered. */
  readonly isOn: boolean
  /** Whether a trace that begins here is followed from its start. @param traceId 32 hexadecimal digits */
  samples(traceId: string): boolean
  /** Tells a span that is over. Told again with the same ids, it is the same span. */
  record(span: FinishedSpan): void
}

/** Where a span belongs: the W3C ids. */
export interface SpanPlace {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
}

export interface FinishedSpan extends SpanPlace {
  readonly name: SpanName
  /** undefined: its trace begins with it. */
  readonly parentId: string | undefined
  /** W3C `tracestate` of the message, where it had one. */
  readonly tracestate?: string | undefined
  /** `taken`: from another program. */
  readonly kind?: 'taken' | undefined
  /** ms since 1970. An end before the start counts as the start. */
  readonly start: number
  readonly end: number
  readonly attributes: SpanAttributes
  readonly links?: readonly SpanLink[] | undefined
}

export interface SpanLink extends SpanPlace {
  readonly attributes: SpanAttributes
}

export type SpanAttributes = { readonly [Name in SpanAttribute]?: string | number | undefined }

/** Without a collector. A caller further on may have one, so that what begins here is marked as sampled. */
export const noTracing: Tracing = { isOn: false, samples: () => true, record: () => {} }
