import { createRequire } from 'node:module'
import { invariant } from '#shared/domain/invariant'

/** What kafkajs 2.2.4 keeps of the requests of one connection (`src/network/requestQueue`). */
interface RequestQueue {
  readonly pending: readonly unknown[]
  /** ms since 1970; −1: never. */
  readonly throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
}

/**
 * Mends the queue of requests of kafkajs 2.2.4, for the whole process and once. After its first answer every connection sets a timer of a negative time,
 * over and over, whether something waits or not (kafkajs #1751, #1768): a warning of Node at each start, and a thousand wake-ups a second for each connection.
 * The library has had no release since 2023. Here a timer is set only while a request waits.
 */
export function mendKafkajsQueue(): void {
  const { prototype }: { readonly prototype: RequestQueue } = require('kafkajs/src/network/requestQueue')
  invariant('scheduleCheckPendingRequests' in prototype, 'kafkajs is the version that this was written for')
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return
    const waitMs = Math.max(this.throttledUntil - Date.now(), usualWaitMs)
    this.throttleCheckTimeoutId = setTimeout(() => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    }, waitMs)
  }
}

const require = createRequire(import.meta.url)
/** The library's own, where nothing is throttled. */
const usualWaitMs = 10
