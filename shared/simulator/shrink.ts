import type { Run, Simulator } from './simulate.ts'

/** The shortest run found that breaks the same invariant. */
export interface ShrunkRun extends Run {
  /** How many runs it took to find it. */
  readonly tries: number
}

/**
 * Leaves out faults and payments in turn, as long as the same invariant is broken: halves first, then ever smaller parts. What a seed draws does
 * not depend on what is left out, so the rest stays much as it was.
 */
export function shrink(simulator: Simulator, broken: Run): ShrunkRun {
  const invariant = broken.broken?.invariant
  let faults: readonly string[] = broken.faults.map(({ name }) => name)
  let payments = broken.payments
  let tries = 0
  const isBroken = (fewerFaults: readonly string[], fewerPayments: readonly string[]): boolean => {
    if (tries >= triesMax) return false
    tries++
    const options = { faults: new Set(fewerFaults), payments: new Set(fewerPayments) }
    return simulator.run(broken.seed, options).broken?.invariant === invariant
  }
  for (let before = Number.POSITIVE_INFINITY; faults.length + payments.length < before; ) {
    before = faults.length + payments.length
    faults = smallest(faults, (fewer) => isBroken(fewer, payments))
    payments = smallest(payments, (fewer) => isBroken(faults, fewer))
  }
  const options = { faults: new Set(faults), payments: new Set(payments), keepsSteps: true }
  return { ...simulator.run(broken.seed, options), tries }
}

/** The items that remain when parts are left out for which `holds` still does. */
function smallest<T>(items: readonly T[], holds: (fewer: readonly T[]) => boolean): readonly T[] {
  let left = items
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < left.length; ) {
      const fewer = [...left.slice(0, from), ...left.slice(from + size)]
      if (holds(fewer)) left = fewer
      else from += size
    }
  return left
}

/** Each run takes some milliseconds. */
const triesMax = 400
