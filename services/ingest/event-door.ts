import type { AppendRequest, AppendResult } from '#shared/log/event-log'

/** What the service is for those who bring events to it, beside the HTTP API. */
export interface EventDoor {
  /** As `EventLog.append`: what it resolves with is judged. */
  append(request: AppendRequest): Promise<AppendResult>
  /** Why nothing can be taken now, for people; undefined: it can. */
  refusal(): string | undefined
  /** Records that the log has and nobody has judged yet. */
  lag(): number
  /** Whether a trace that begins here is followed from its start. */
  samples(traceId: string): boolean
}
