import type { Faults } from './faults.ts'
import { encodePayment } from './row.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { Appended, VirtualLog, VirtualRecord } from './virtual-log.ts'
import type { Caller, VirtualNetwork } from './virtual-network.ts'
import type { Witness } from './witness.ts'
import { type PlannedPayment, startAt } from './world-plan.ts'

/**
 * Sends payments until each has its answer, and again what the log has lost.
 *
 * B1 What it takes for acknowledged is in the log.
 */
export class Bank implements Caller {
  readonly name = 'the bank'
  readonly isAlive = true
  readonly #clock: VirtualClock
  readonly #network: VirtualNetwork
  readonly #faults: Faults
  readonly #log: VirtualLog
  readonly #witness: Witness
  readonly #payments = new Map<string, PlannedPayment>()
  /** Not answered yet. */
  readonly #open = new Set<string>()

  constructor(world: {
    readonly clock: VirtualClock
    readonly network: VirtualNetwork
    readonly faults: Faults
    readonly log: VirtualLog
    readonly witness: Witness
  }) {
    this.#clock = world.clock
    this.#network = world.network
    this.#faults = world.faults
    this.#log = world.log
    this.#witness = world.witness
  }

  get isDone(): boolean {
    return this.#open.size === 0
  }

  receive(take: () => void): void {
    take()
  }

  plan(planned: PlannedPayment): void {
    const { payment, sentAt, askedAt } = planned
    this.#payments.set(payment.id, planned)
    this.#open.add(payment.id)
    this.#clock.after(sentAt, () => {
      this.#send(planned)
      const again = this.#faults.happens('sent-twice', this.#clock.now, payment.id)
      if (again !== undefined) this.#clock.after(again * againMs, () => this.#send(planned))
      const changed = this.#faults.happens('sent-changed', this.#clock.now, payment.id)
      if (changed !== undefined) this.#clock.after(changed * againMs, () => this.#sendChanged(planned))
    })
    if (askedAt !== undefined) this.#clock.after(askedAt, () => this.#ask(planned))
  }

  /** The log has lost its newest records. */
  tailLost(lost: readonly VirtualRecord[]): void {
    for (const id of this.#witness.tailLost(lost)) this.#sendAgain(id)
  }

  #sendAgain(id: string): void {
    const planned = this.#payments.get(id)
    if (planned === undefined) return
    this.#open.add(id)
    this.#clock.after(50, () => this.#send(planned))
  }

  #send(planned: PlannedPayment): void {
    const { payment } = planned
    const body = encodePayment(payment)
    this.#append(planned, body, (answer) => {
      if (answer === 'conflict') this.#open.delete(payment.id)
      // The answer was on its way when the log lost the record.
      else if (this.#log.at(answer.offset)?.id !== payment.id) this.#sendAgain(payment.id)
      else {
        this.#witness.appended(payment.id, answer.offset)
        this.#open.delete(payment.id)
      }
    })
  }

  /** Another payment under the same id: refused, unless it comes first. */
  #sendChanged(planned: PlannedPayment): void {
    const { payment } = planned
    this.#append(planned, encodePayment({ ...payment, amount: payment.amount + 1 }), () => {})
  }

  #append(
    { payment: { id }, isDecided }: PlannedPayment,
    body: Uint8Array,
    answered: (answer: Appended) => void,
  ): void {
    // A service takes nothing before rules are in force.
    const run = (): Appended | undefined =>
      this.#log.hasRules
        ? this.#log.appendEvent(isDecided ? 'decide' : 'event', id, body, startAt + this.#clock.now)
        : undefined
    this.#network.ask(this, { server: 'log', what: `append ${id}`, run }, answered)
  }

  /** Whoever asks gets an answer of what the log has. */
  #ask({ payment }: PlannedPayment): void {
    const offset = this.#witness.acknowledged.get(payment.id)
    const record = offset === undefined ? undefined : this.#log.at(offset)
    if (record === undefined) return
    const run = (): number => this.#log.appendOwn('ask', record.body, startAt + this.#clock.now)
    this.#network.ask(this, { server: 'log', what: `ask for ${payment.id}`, run }, () => {})
  }
}

/** How long after the first time it sends something again. */
const againMs = 12_000
