import { totalmem } from 'node:os'

const stateShare = 0.5
const bytesMin = 256 * 2 ** 20
/** The arena numbers its blocks with 28 bits of 64 bytes. */
const bytesMax = 16 * 2 ** 30

/**
 * What the state of all accounts may take: half of what this machine, or its container, has. It is reserved and not used: the operating
 * system gives a page when it is first touched.
 */
export function stateBytesMax(): number {
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return Math.max(bytesMin, Math.min(bytesMax, Math.floor(stateShare * Math.min(totalmem(), constrained))))
}
