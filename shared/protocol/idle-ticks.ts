import { limits } from '#shared/domain/limits'
import type { OwnerCommand } from './owner-io.ts'
import { encodeTick } from './tick-record.ts'

/**
 * Lets time pass where no events come, by ticks in the log. It goes on at the pace of the clock since the record that moved it last: a
 * stream from the past is not hurried.
 */
export class IdleTicks {
  /** When the record that moved time last reached the log, ms since 1970. */
  movedAt = 0
  /** When any record did. */
  recordAt = 0
  #isOut = false

  /** The tick that is due at this time of the clock, ms since 1970, for the rule set in force: from then on it is on its way. undefined: none is, or one is on its way. */
  takeDue(clock: number, inForce: InForce): OwnerCommand | undefined {
    const { now } = inForce.engine
    if (this.#isOut || clock - this.recordAt < limits.idleMs || now === Number.NEGATIVE_INFINITY) return undefined
    const at = now + (clock - this.movedAt)
    if (inForce.nextDeadline > at) return undefined
    this.#isOut = true
    return { kind: 'append', record: { kind: 'tick', body: encodeTick(at) } }
  }

  /** A tick was read from the log. */
  met(): void {
    this.#isOut = false
  }
}

/** What a generation says of event time, ms since 1970. */
interface InForce {
  readonly engine: { readonly now: number }
  readonly nextDeadline: number
}
