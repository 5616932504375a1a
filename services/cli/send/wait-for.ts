import { setTimeout } from 'node:timers/promises'

/** @returns false where the signal came first */
export async function waitFor(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await setTimeout(ms, undefined, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
