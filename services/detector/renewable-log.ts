import type { EventLog } from '#shared/log/event-log'
import { logOver } from './log-over.ts'

/** A log whose readers do not wait for an answer that does not come: when its reader is made anew, what they asked is asked again. */
export function renewableLog(log: EventLog): EventLog {
  let renewal = new AbortController()
  return logOver(log, {
    read: async (partition, from, bytesMax) => {
      for (;;) {
        const block = await unlessAborted(log.read(partition, from, bytesMax), renewal.signal)
        if (block !== undefined) return block
      }
    },
    // Whoever waited reads then, and waits again if there is nothing.
    waitFor: (partition, offset, signal) => unlessAborted(log.waitFor(partition, offset, signal), renewal.signal),
    renewReader: () => {
      log.renewReader()
      const before = renewal
      renewal = new AbortController()
      before.abort()
    },
  })
}

/** Settles as the work does, or with undefined as soon as the signal aborts: what comes of the work does not matter then. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(undefined)
    signal.addEventListener('abort', onAbort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
