/**
 * Why a rule could not be judged. The rule raises nothing for this event, and the fault is counted.
 * - `overflow`: an exact result beyond ±(2^53 − 1), or a double that is not finite
 * - `division-by-zero`: of `/` or `%`
 * - `bad-conversion`: a text that is no number, time or duration
 * - `out-of-fuel`: the runs of its pattern would have cost more operations than one event may
 */
export type RuleFaultReason = 'overflow' | 'division-by-zero' | 'bad-conversion' | 'out-of-fuel'

/**
 * Thrown while a rule is judged, and caught where rules are judged one by one.
 * It is no Error on purpose: capturing a stack costs microseconds, and a fault may come with every event.
 */
export class RuleFault {
  readonly reason: RuleFaultReason

  constructor(reason: RuleFaultReason) {
    this.reason = reason
  }
}

/** One instance each: throwing allocates nothing. */
export const ruleFaults = {
  overflow: new RuleFault('overflow'),
  divisionByZero: new RuleFault('division-by-zero'),
  badConversion: new RuleFault('bad-conversion'),
  outOfFuel: new RuleFault('out-of-fuel'),
} as const
