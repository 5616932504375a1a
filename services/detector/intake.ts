import { setTimeout } from 'node:timers/promises'
import type { Decision } from '#shared/actor/alert'
import { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import { type AppendRequest, type EventLog, LogUnavailable } from '#shared/log/event-log'
import type { Judged } from '#shared/protocol/owner-io'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { type AlertStore, AlertStoreUnavailable } from '#shared/store/alert-store'
import { ScanCodec } from '#shared/wire/scan-codec'
import type { Decided, RequestContext, RowProblem, Rows, Submitted, Unavailable } from '../api/vigil.ts'
import { decisionBody } from './decision-body.ts'
import { decisionFromAlerts } from './decision-from-alerts.ts'
import { partitionOf } from './partition-of.ts'
import { traceIdOf } from './trace-context.ts'

interface IntakeOptions {
  readonly ruleSet: RuleSet
  readonly partitions: number
  readonly log: EventLog
  readonly alerts: AlertStore
  readonly lateOutcome: string
  /** Why nothing can be taken now; undefined: it can. Asked before the log has anything. */
  readonly refusal: () => Unavailable | undefined
  /** An event has its place in the log. */
  readonly onAppended: (partition: number, offset: number) => void
}

/**
 * Takes events from banks: checked in full, then appended to the log, then answered. What the log has is judged whatever becomes of the
 * answer.
 *
 * N1 Nothing is appended of a request with a mistake.
 * N2 Of those who wait for a decision, each gets the one that was made first for its event.
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #codec: ScanCodec
  readonly #batch: EventBatch
  /** By position: who waits for the judgement, and judgements that nobody waits for yet, oldest first. */
  readonly #waiting = new Map<string, (judged: Judged) => void>()
  readonly #unclaimed = new Map<string, Judged>()
  /** Decisions made lately by event id, since the store has them a little later. Oldest first. */
  readonly #recent = new Map<string, string>()
  /** Events that are being asked about. */
  readonly #asked = new Map<string, true>()

  constructor(options: IntakeOptions) {
    this.#options = options
    const schema = options.ruleSet.events
    this.#codec = new ScanCodec(schema)
    const homes = schema.types.map(({ keys }) => keys[0].fields[0])
    this.#batch = new EventBatch(schema, new Set(homes), 512)
  }

  async submit(rows: Rows, context: RequestContext): Promise<Submitted> {
    const answer = await this.#append('event', rows, context)
    if (answer.kind !== 'appended') return answer
    const { ids, positions, isDuplicate } = answer
    const results = ids.map((id, i) => ({
      id,
      status: isDuplicate[i] ? ('duplicate' as const) : ('accepted' as const),
      position: positions[i],
    }))
    return { kind: 'accepted', results }
  }

  async decide(rows: Rows, context: RequestContext, waitMs: number): Promise<Submitted | Decided> {
    const answer = await this.#append('decide', rows, context)
    if (answer.kind !== 'appended') return answer
    const [id] = answer.ids
    const [position] = answer.positions
    const deadline = Date.now() + waitMs
    const event = rows.bytes.subarray(rows.starts[0], rows.ends[0])
    const made = answer.isDuplicate[0]
      ? await this.#decisionOfBefore({ id, position, event, context }, deadline)
      : await this.#decision(position, context, deadline)
    return made ?? { kind: 'timeout', id }
  }

  /** The owner has judged events whose senders wait. */
  judged(partition: number, judged: readonly Judged[]): void {
    for (const one of judged) {
      const position = `${partition}:${one.offset}`
      const resolve = this.#waiting.get(position)
      this.#waiting.delete(position)
      if (resolve !== undefined) resolve(one)
      // The owner may be faster than the answer of the log.
      else keep(this.#unclaimed, position, one)
    }
  }

  async #decision(
    position: string,
    { traceparent }: RequestContext,
    deadline: number,
  ): Promise<Made | Unavailable | undefined> {
    const judged = await this.#judgement(position, deadline)
    if (judged === undefined) return undefined
    const { id, outcome, decision } = judged
    // A repeat that the log could not tell. Its first decision stands.
    if (decision === undefined && outcome !== 'late') return this.#stored(id, deadline)
    const { lateOutcome } = this.#options
    const body = decisionBody({ id, revision: 1, decision, lateOutcome, position, traceId: traceIdOf(traceparent) })
    keep(this.#recent, id, body)
    return { kind: 'decided', body }
  }

  /** The decision on an event that was sent before: made already, about to be made, or not asked for so far. */
  async #decisionOfBefore(sent: SentBefore, deadline: number): Promise<Made | Unavailable | undefined> {
    const { id, position, context } = sent
    const known = await this.#look(id, deadline)
    if (known !== undefined) return known
    // Whoever asked first is being answered, or the owner has not come to it.
    if (this.#waiting.has(position) || this.#asked.has(id)) return this.#stored(id, deadline)
    const judged = await this.#ask(sent, deadline)
    if (judged === undefined) return undefined
    if (judged.decision !== undefined) return this.#stored(id, deadline)
    const decision = await within(deadline, this.#fromAlerts(id))
    if (decision === undefined) return undefined
    const { lateOutcome } = this.#options
    const traceId = traceIdOf(context.traceparent)
    return { kind: 'decided', body: decisionBody({ id, revision: 1, decision, lateOutcome, position, traceId }) }
  }

  /** The stored decision, with what came later, as soon as it is there. */
  async #stored(id: string, deadline: number): Promise<Made | Unavailable | undefined> {
    for (;;) {
      const found = await this.#look(id, deadline)
      const left = deadline - Date.now()
      if (found !== undefined || left <= 0) return found
      await setTimeout(Math.min(left, pollMs))
    }
  }

  async #look(id: string, deadline: number): Promise<Made | Unavailable | undefined> {
    const stored = await within(deadline, this.#options.alerts.decision(id).catch(asAway))
    if (stored !== undefined && 'kind' in stored) return this.#fromRecent(id) ?? stored
    const [first, ...later] = stored ?? []
    if (first === undefined) return this.#fromRecent(id)
    return { kind: 'decided', body: first.body, amendments: later.map(({ body }) => body) }
  }

  #fromRecent(id: string): Made | undefined {
    const body = this.#recent.get(id)
    return body === undefined ? undefined : { kind: 'decided', body }
  }

  async #fromAlerts(id: string): Promise<Decision | undefined> {
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
  async #ask({ id, position, event }: SentBefore, deadline: number): Promise<Judged | undefined> {
    keep(this.#asked, id, true)
    const partition = Number(position.split(':')[0])
    const request: AppendRequest = {
      kind: 'ask',
      receivedAt: Date.now(),
      traceparent: '',
      partitions: [partition],
      ids: [''],
      at: [0],
      digests: [0],
      bodies: [event],
    }
    const result = await within(deadline, this.#options.log.append(request))
    if (result?.kind !== 'appended') return undefined
    const [offset] = result.offsets
    this.#options.onAppended(partition, offset)
    const judged = await this.#judgement(`${partition}:${offset}`, deadline)
    this.#asked.delete(id)
    return judged
  }

  #judgement(position: string, deadline: number): Promise<Judged | undefined> {
    const unclaimed = this.#unclaimed.get(position)
    this.#unclaimed.delete(position)
    if (unclaimed !== undefined) return Promise.resolve(unclaimed)
    return new Promise((resolve) => {
      const timer = startTimer(
        () => {
          this.#waiting.delete(position)
          resolve(undefined)
        },
        Math.max(0, deadline - Date.now()),
      )
      this.#waiting.set(position, (judged) => {
        clearTimeout(timer)
        resolve(judged)
      })
    })
  }

  async #append(kind: 'event' | 'decide', rows: Rows, context: RequestContext): Promise<Appended | Refused> {
    const refusal = this.#options.refusal()
    if (refusal !== undefined) return refusal
    const read = this.#read(kind, rows, context)
    if (Array.isArray(read)) return { kind: 'invalid', problems: read }
    const request = read as AppendRequest
    try {
      const result = await this.#options.log.append(request)
      if (result.kind === 'conflict')
        return { kind: 'conflict', conflicts: result.indexes.map((index) => ({ index, id: request.ids[index] })) }
      const positions = result.offsets.map((offset, i) => `${request.partitions[i]}:${offset}`)
      for (const [i, offset] of result.offsets.entries()) this.#options.onAppended(request.partitions[i], offset)
      return { kind: 'appended', ids: request.ids, positions, isDuplicate: result.isDuplicate }
    } catch (error) {
      if (!(error instanceof LogUnavailable)) throw error
      const reason = error.reason === 'closed' ? 'stopping' : error.reason
      return { kind: 'unavailable', reason, detail: error.message, retryAfterSeconds: 1 }
    }
  }

  /** @returns what is to be appended, or all mistakes */
  #read(kind: 'event' | 'decide', rows: Rows, { traceparent }: RequestContext): AppendRequest | readonly RowProblem[] {
    const { ruleSet, partitions } = this.#options
    const batch = this.#batch
    const receivedAt = Date.now()
    const problems: RowProblem[] = []
    batch.clear()
    for (let i = 0; i < rows.length; i++) {
      const problem = this.#codec.decode(rows.bytes, rows.starts[i], rows.ends[i], batch, i)
      if (problem !== undefined) problems.push({ index: i, problem })
      else if (batch.at[batch.length - 1] > receivedAt + aheadMsMax) problems.push({ index: i, problem: inTheFuture })
    }
    if (problems.length > 0) return problems
    const request = {
      kind,
      receivedAt,
      traceparent,
      partitions: new Array<number>(rows.length),
      ids: batch.id.slice(0, rows.length),
      at: Array.from(batch.at.subarray(0, rows.length)),
      digests: Array.from(batch.digest.subarray(0, rows.length)),
      bodies: new Array<Uint8Array>(rows.length),
    }
    for (let i = 0; i < rows.length; i++) {
      request.bodies[i] = rows.bytes.subarray(rows.starts[i], rows.ends[i])
      request.partitions[i] = partitions === 1 ? 0 : partitionOf(homeKey(batch, ruleSet.events, i), partitions)
    }
    return request
  }
}

type Made = Extract<Decided, { kind: 'decided' }>

/** An event that the log has already. */
interface SentBefore {
  readonly id: string
  readonly position: string
  readonly event: Uint8Array
  readonly context: RequestContext
}

interface Appended {
  readonly kind: 'appended'
  readonly ids: readonly string[]
  readonly positions: readonly string[]
  readonly isDuplicate: readonly boolean[]
}

type Refused = Exclude<Submitted, { kind: 'accepted' }>

function homeKey(batch: EventBatch, schema: EventSchema, row: number): string {
  const field = schema.types[batch.type[row]].keys[0].fields[0]
  return batch.texts[field]?.[row] ?? String(batch.numbers[field]?.[row])
}

const startTimer = globalThis.setTimeout

/** How far an event's time may be ahead of our clock. */
const aheadMsMax = 120_000

const inTheFuture = {
  reason: 'in-the-future',
  field: 'at',
  message:
    'the time of the event is more than 2 minutes ahead of the clock here; check the time zone and the clock of the sender',
} as const

/** Adds an entry, and lets go of the oldest past the bound. */
function keep<T>(entries: Map<string, T>, key: string, value: T): void {
  entries.set(key, value)
  if (entries.size <= recentMax) return
  const [oldest] = entries.keys()
  entries.delete(oldest)
}

/** A store that is away is told so, but for what is known without it. */
const asAway = (error: unknown): Unavailable => {
  if (!(error instanceof AlertStoreUnavailable)) throw error
  const detail = 'the store of decisions is away; the event is in the log'
  return { kind: 'unavailable', reason: 'unreachable', detail, retryAfterSeconds: 1 }
}

/** @returns undefined: the deadline came first */
async function within<T>(deadline: number, work: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController()
  try {
    const late = setTimeout(Math.max(0, deadline - Date.now()), undefined, { signal: timer.signal }).catch(
      () => undefined,
    )
    return await Promise.race([work, late])
  } finally {
    timer.abort()
  }
}

/** Between two looks at the store for a decision that another process may have made. */
const pollMs = 50

/** The store has decisions within a second or so; nobody makes more in that time. */
const recentMax = 20_000
