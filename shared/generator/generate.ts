import { Agenda } from './agenda.ts'
import type { Script } from './bank.ts'
import { Bank } from './bank.ts'
import { day, dayMs, localDay } from './calendar.ts'
import type { Customer } from './customer.ts'
import { planDay } from './day-plan.ts'
import type { Director } from './director.ts'
import { directors } from './director.ts'
import { startDormant, wake } from './dormant.ts'
import type { BankEvent, Draft, LabelledEvent } from './event.ts'
import { perform } from './perform.ts'
import { deed, entryDeed, entryTime } from './plan.ts'

export interface GeneratorOptions {
  /** One seed and the same options give the same stream, byte for byte. An integer, 0 or more. */
  readonly seed: number
  /** 1 to 10,000,000; each takes about two kilobytes. */
  readonly customers: number
  /** When the bank's life begins, ms since 1970. The quiet past of dormant accounts lies before it. */
  readonly start: number
  /** The stream ends so long after `start`; absent: never. */
  readonly days?: number
  /** The stream ends after so many events; absent: never. */
  readonly events?: number
  /** How far back the past of dormant accounts reaches; at least 70, default 120. */
  readonly historyDays?: number
  /** How often fraud happens: 1 is the usual (0.3 to 0.5 % of all events), 0 never. */
  readonly fraud?: number
  /** What ids start with, to tell the events of two runs apart; default `e`. */
  readonly idPrefix?: string
}

/**
 * The stream of a bank: customers with habits, fraud with labels, and what only looks like fraud.
 * @returns events in order of (`at`, `id`), ids unique; endless without `days` and `events`
 * Throws RangeError for options out of their bounds. Pure: time and chance come from `start` and `seed`.
 * Memory grows with `customers` alone, and not with the length of the stream.
 * Gotcha: the first few hundred events, those of dormant accounts, lie up to `historyDays` before `start`.
 */
export function* generate(options: GeneratorOptions): Generator<LabelledEvent, void, undefined> {
  checkOptions(options)
  const { start, days, events = Number.POSITIVE_INFINITY, idPrefix = 'e' } = options
  const endMs = days === undefined ? Number.POSITIVE_INFINITY : start + days * dayMs
  const stream = new Stream(options)
  for (let n = 1; n <= events; ) {
    if (stream.nextMs >= endMs) return
    const atMs = stream.nextMs
    const label = stream.nextLabel
    const draft = stream.step()
    if (draft === undefined) continue
    const event = Object.assign(
      { type: draft.type, id: `${idPrefix}${n++}`, at: new Date(atMs).toISOString() },
      draft,
    ) as BankEvent
    yield { event, atMs, label }
  }
}

function checkOptions({
  seed,
  customers,
  start,
  days = 0,
  events = 0,
  historyDays = 120,
  fraud = 1,
}: GeneratorOptions): void {
  const demand = (holds: boolean, what: string): void => {
    if (!holds) throw new RangeError(what)
  }
  demand(Number.isSafeInteger(seed) && seed >= 0, 'seed: an integer of 0 or more')
  demand(Number.isInteger(customers) && customers >= 1 && customers <= 10_000_000, 'customers: 1 to 10,000,000')
  demand(Number.isInteger(start), 'start: whole milliseconds since 1970')
  demand(days >= 0, 'days: 0 or more')
  demand(events >= 0, 'events: 0 or more')
  demand(historyDays >= 70, 'historyDays: at least 70, or no silence of 60 days fits')
  demand(fraud >= 0, 'fraud: 0 or more')
}

/**
 * All agents on one agenda. Numbers below `customers` are customers, then directors, then running scripts.
 *
 * I1 Time never goes back: every agent's next act lies at or after the present one.
 * I2 A customer is on the agenda exactly once, with the time of the last entry of its plan, which is never empty.
 */
class Stream {
  readonly #bank: Bank
  readonly #agenda: Agenda
  readonly #directors: readonly Director[]
  readonly #scripts = new Map<number, Script>()
  readonly #freeAgents: number[] = []
  readonly #startMs: number
  #agents: number

  constructor({ seed, customers, start, historyDays = 120, fraud = 1 }: GeneratorOptions) {
    const bank = new Bank({ seed, customers, fraud })
    this.#bank = bank
    this.#startMs = start
    this.#directors = directors(fraud)
    this.#agents = customers + this.#directors.length
    this.#agenda = new Agenda(this.#agents + 256)
    const firstDay = localDay(start)
    for (const customer of bank.customers) {
      customer.nextDay = firstDay
      if (customer.archetype === 'dormant') startDormant(bank, customer, start, historyDays * dayMs)
      else this.#plan(customer)
      this.#agenda.add(this.#nextOf(customer), customer.index)
    }
    this.#directors.forEach((director, i) => {
      this.#agenda.add(start + this.#waitOf(director), customers + i)
    })
  }

  get nextMs(): number {
    return this.#agenda.at
  }

  /** What the next event is labelled with, if the next step makes one. */
  get nextLabel(): LabelledEvent['label'] {
    return this.#scripts.get(this.#agenda.agent)?.label ?? null
  }

  /** Lets the next agent act. @returns the event; undefined where it made none */
  step(): Draft | undefined {
    const { at: atMs, agent } = this.#agenda
    const { customers } = this.#bank
    let draft: Draft | undefined
    if (agent < customers.length) draft = this.#stepCustomer(customers[agent], atMs)
    else if (agent < customers.length + this.#directors.length)
      this.#stepDirector(this.#directors[agent - customers.length], atMs)
    else draft = this.#stepScript(agent)
    if (this.#bank.begun.length > 0) this.#admit(atMs)
    return draft
  }

  #stepCustomer(customer: Customer, atMs: number): Draft | undefined {
    const what = entryDeed(customer.plan.pop() ?? 0)
    let draft: Draft | undefined
    if (what === deed.wake) wake(this.#bank, customer, atMs)
    else draft = perform(this.#bank, customer, atMs, what)
    if (customer.plan.length === 0) this.#plan(customer)
    this.#agenda.replace(Math.max(atMs, this.#nextOf(customer)))
    return draft
  }

  /** Days ahead until there is something to do. */
  #plan(customer: Customer): void {
    const { plan } = customer
    while (plan.length === 0) {
      planDay(this.#bank.random, customer, day(customer.nextDay++))
      // The first day began before the stream.
      while (plan.length > 0 && entryTime(plan[plan.length - 1]) < this.#startMs) plan.pop()
    }
  }

  #nextOf({ plan }: Customer): number {
    return entryTime(plan[plan.length - 1])
  }

  #stepDirector(director: Director, atMs: number): void {
    this.#agenda.replace(atMs + this.#waitOf(director))
    director.begin(this.#bank, atMs)
  }

  #waitOf({ perCustomerDay }: Director): number {
    const { random, customers } = this.#bank
    return Math.ceil(random.exponential(dayMs / (perCustomerDay * customers.length)))
  }

  #stepScript(agent: number): Draft | undefined {
    const acts = this.#scripts.get(agent)?.acts
    const act = acts?.shift()
    act?.run?.()
    if (acts === undefined || acts.length === 0) {
      this.#agenda.remove()
      this.#scripts.delete(agent)
      this.#freeAgents.push(agent)
    } else this.#agenda.replace(Math.floor(acts[0].atMs))
    return act?.draft
  }

  #admit(atMs: number): void {
    for (const script of this.#bank.begun.splice(0)) {
      const agent = this.#freeAgents.pop() ?? this.#agents++
      this.#scripts.set(agent, script)
      this.#agenda.add(Math.max(atMs, Math.floor(script.acts[0].atMs)), agent)
    }
  }
}
