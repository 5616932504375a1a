import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/**
 * This thread gives way to others where the processor is short: somebody waits for a decision, nobody for what this one does. On Linux,
 * where threads have priorities of their own; elsewhere nothing happens.
 */
export function giveWay(): void {
  if (process.platform !== 'linux') return
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    setPriority(thread, niceness)
  } catch {
    // A container may hide or forbid it: then all threads are equal.
  }
}

const niceness = 10
