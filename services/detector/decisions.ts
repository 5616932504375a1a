import { setTimeout as sleep } from 'node:timers/promises'
import type { Decision } from '#shared/actor/alert'
import { type EventLog, singleRecord } from '#shared/log/event-log'
import type { Judged } from '#shared/protocol/owner-io'
import type { RuleSet } from '#shared/rule-language/rule-set'
import type { AlertStore } from '#shared/store/alert-store'
import type { Decided, Unavailable } from '../api/vigil.ts'
import { decisionBody } from './decision-body.ts'
import { decisionFromAlerts } from './decision-from-alerts.ts'
import { Lately } from './lately.ts'
import { unavailable } from './unavailable.ts'

interface DecisionsOptions {
  readonly ruleSet: RuleSet
  readonly log: EventLog
  readonly alerts: AlertStore
  readonly lateOutcome: string
  /** A record has its place in the log. */
  readonly onAppended: (partition: number, offset: number) => void
}

/** An event that the log has. */
interface Sent {
  readonly id: string
  readonly position: string
  /** As received. */
  readonly event: Uint8Array
  /** Of the message that brought it now. */
  readonly traceId: string
}

type Made = Extract<Decided, { kind: 'decided' }>

/**
 * The answers to those who wait for decisions. undefined stands for a deadline that came first.
 *
 * N2 Of those who wait for a decision, each gets the one that was made first for its event.
 */
export class Decisions {
  readonly #options: DecisionsOptions
  /** By position: who waits for the judgement, and judgements that nobody waits for yet. */
  readonly #waiting = new Map<string, (judged: Judged) => void>()
  readonly #unclaimed = new Lately<Judged>(latelyMin)
  /** Decisions made lately by event id, since the store has them a little later. */
  readonly #recent = new Lately<string>(latelyMin)
  /** Events that are being asked about. */
  readonly #asked = new Set<string>()

  constructor(options: DecisionsOptions) {
    this.#options = options
  }

  /** The owner has judged events whose senders wait. */
  judged(partition: number, judged: readonly Judged[]): void {
    for (const one of judged) {
      const position = `${partition}:${one.offset}`
      const resolve = this.#waiting.get(position)
      this.#waiting.delete(position)
      if (resolve !== undefined) resolve(one)
      // The owner may be faster than the answer of the log.
      else this.#unclaimed.set(position, one)
    }
  }

  /** The decision on an event that was just appended. */
  async of(sent: Sent, deadline: number): Promise<Made | Unavailable | undefined> {
    const judged = await this.#judgement(sent.position, deadline)
    if (judged === undefined) return undefined
    // A repeat that the log could not tell. Its first decision stands.
    if (judged.decision === undefined && judged.outcome !== 'late') return this.#stored(sent.id, deadline)
    const made = this.#made(sent, judged.decision)
    this.#recent.set(sent.id, made.body)
    return made
  }

  /** The decision on an event that was sent before: made already, about to be made, or not asked for so far. */
  async ofBefore(sent: Sent, deadline: number): Promise<Made | Unavailable | undefined> {
    const { id, position } = sent
    const known = await this.#look(id, deadline)
    if (known !== undefined) return known
    // Whoever asked first is being answered, or the owner has not come to it.
    if (this.#waiting.has(position) || this.#asked.has(id)) return this.#stored(id, deadline)
    try {
      this.#asked.add(id)
      const judged = await this.#ask(sent, deadline)
      if (judged === undefined) return undefined
      if (judged.decision !== undefined) return this.#stored(id, deadline)
      const decision = await within(deadline, this.#fromAlerts(id))
      return decision && this.#made(sent, decision)
    } catch (error) {
      return unavailable(error)
    } finally {
      this.#asked.delete(id)
    }
  }

  #made({ id, position, traceId }: Sent, decision: Decision | undefined): Made {
    const { lateOutcome } = this.#options
    return { kind: 'decided', body: decisionBody({ id, revision: 1, decision, lateOutcome, position, traceId }) }
  }

  /** The stored decision, with what came later, as soon as it is there. */
  async #stored(id: string, deadline: number): Promise<Made | Unavailable | undefined> {
    for (;;) {
      const found = await this.#look(id, deadline)
      const left = deadline - Date.now()
      if (found !== undefined || left <= 0) return found
      await sleep(Math.min(left, pollMs))
    }
  }

  /** A store that is away is told so, but for what is known without it. */
  async #look(id: string, deadline: number): Promise<Made | Unavailable | undefined> {
    const stored = await within(deadline, this.#options.alerts.decision(id).catch(unavailable))
    if (stored !== undefined && 'kind' in stored) return this.#fromRecent(id) ?? stored
    const [first, ...later] = stored ?? []
    if (first === undefined) return this.#fromRecent(id)
    return { kind: 'decided', body: first.body, amendments: later.map(({ body }) => body) }
  }

  #fromRecent(id: string): Made | undefined {
    const body = this.#recent.get(id)
    return body === undefined ? undefined : { kind: 'decided', body }
  }

  async #fromAlerts(id: string): Promise<Decision> {
    const { alerts, ruleSet } = this.#options
    const evidence = await alerts.evidence(id)
    const found = await Promise.all((evidence?.alerts ?? []).map((alert) => alerts.alert(alert)))
    return decisionFromAlerts(
      ruleSet,
      id,
      found.flatMap((alert) => (alert === undefined ? [] : [alert.line])),
    )
  }

  /** Harmless where it was asked for already: a decision that stands is not told again. */
  async #ask({ position, event }: Sent, deadline: number): Promise<Judged | undefined> {
    const { log, onAppended } = this.#options
    const partition = Number(position.split(':')[0])
    const result = await within(deadline, log.append(singleRecord('ask', partition, event, Date.now())))
    if (result?.kind !== 'appended') return undefined
    const [offset] = result.offsets
    onAppended(partition, offset)
    return this.#judgement(`${partition}:${offset}`, deadline)
  }

  async #judgement(position: string, deadline: number): Promise<Judged | undefined> {
    const unclaimed = this.#unclaimed.get(position)
    this.#unclaimed.delete(position)
    if (unclaimed !== undefined) return unclaimed
    const judged = new Promise<Judged>((resolve) => this.#waiting.set(position, resolve))
    try {
      return await within(deadline, judged)
    } finally {
      this.#waiting.delete(position)
    }
  }
}

/** @returns undefined: the deadline came first */
function within<T>(deadline: number, work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>()
  const timer = setTimeout(() => resolve(undefined), Math.max(0, deadline - Date.now()))
  work.then(resolve, reject).finally(() => clearTimeout(timer))
  return promise
}

/** Between two looks at the store for a decision that another process may have made. */
const pollMs = 50

/** The store has decisions within a second or so; nobody makes more in that time. */
const latelyMin = 10_000
