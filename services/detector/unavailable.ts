import { LogUnavailable } from '#shared/log/event-log'
import { AlertStoreUnavailable } from '#shared/store/alert-store'
import type { Unavailable } from '../api/vigil.ts'

/** What a sender is told where the world has failed: to send the same again. A mistake of ours is thrown on. */
export function unavailable(error: unknown): Unavailable {
  if (error instanceof LogUnavailable) {
    const reason = error.reason === 'closed' ? 'stopping' : error.reason
    return { kind: 'unavailable', reason, detail: error.message, retryAfterSeconds: 1 }
  }
  if (!(error instanceof AlertStoreUnavailable)) throw error
  const detail = 'the store of decisions is away; the event is in the log'
  return { kind: 'unavailable', reason: 'unreachable', detail, retryAfterSeconds: 1 }
}
