import type { Problem } from '#shared/domain/problem'
import type { AlertStore } from '#shared/store/alert-store'
import type { MetricsFormat } from '#shared/telemetry/prometheus-page'

/** What the HTTP API asks of the service behind it. */
export interface Vigil {
  /**
   * Takes events: all of them or, where one is wrong, none. Resolves with `accepted` only when the log has them durably.
   * @param rows one event each, JSON as received
   */
  submit(rows: Rows, context: RequestContext): Promise<Submitted>
  /** Takes one event and judges it with the state that every earlier event left. @param waitMs how long to wait for the decision */
  decide(rows: Rows, context: RequestContext, waitMs: number): Promise<Submitted | Decided>
  /** The event as received; undefined: neither in the log nor evidence of an alert. */
  event(id: string): Promise<EventRecord | undefined>
  readonly alerts: AlertStore
  /** Calls back after every stored revision, until the signal aborts. */
  onRevisions(listener: () => void, signal: AbortSignal): void
  /** Why it cannot serve now; empty: it is ready. */
  unready(): readonly string[]
  /** The page that Prometheus reads. */
  metrics(format: MetricsFormat): Promise<string>
  /** The event types as in `events.yaml`, as JSON Schema of one event, without `$ref`. */
  readonly eventSchema: object
}

/** Row `i` is `bytes[starts[i], ends[i])`. */
export interface Rows {
  readonly bytes: Buffer
  readonly length: number
  readonly starts: ArrayLike<number>
  readonly ends: ArrayLike<number>
}

export interface RequestContext {
  /** W3C trace context that goes into the log with the events, with a span of our own. */
  readonly traceparent: string
  /** Id of the sender's span, and its `tracestate`: they go with it. */
  readonly parentId?: string | undefined
  readonly tracestate?: string | undefined
}

export type Submitted =
  | {
      readonly kind: 'accepted'
      readonly results: readonly {
        readonly id: string
        readonly status: 'accepted' | 'duplicate'
        readonly position: string
      }[]
    }
  /** Nothing was taken. */
  | { readonly kind: 'invalid'; readonly problems: readonly RowProblem[] }
  /** Nothing was taken: these have the id of another event and other content. */
  | { readonly kind: 'conflict'; readonly conflicts: readonly { readonly index: number; readonly id: string }[] }
  /** Nothing, or a part, was taken: the same may be sent again after so many seconds. */
  | Unavailable

export interface RowProblem {
  readonly index: number
  readonly problem: Problem | { readonly reason: 'in-the-future'; readonly field: 'at'; readonly message: string }
}

export interface Unavailable {
  readonly kind: 'unavailable'
  readonly reason: 'starting' | 'stopping' | 'overloaded' | 'disk-full' | 'read-only' | 'unreachable'
  readonly detail: string
  readonly retryAfterSeconds: number
}

export type Decided =
  | {
      readonly kind: 'decided'
      /** The answer's JSON without `amendments`. */
      readonly body: string
      /** Where the event was decided before: the later revisions of that decision, oldest first, each as `body`. */
      readonly amendments?: readonly string[]
    }
  /** The event is in the log; its decision will be found under its id. */
  | { readonly kind: 'timeout'; readonly id: string }

export interface EventRecord {
  readonly id: string
  /** JSON as received. */
  readonly event: string
  readonly position: string
  readonly traceId: string
  readonly receivedAt: number
  readonly alerts: readonly string[]
}
