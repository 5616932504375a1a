import { setTimeout } from 'node:timers/promises'
import { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import { type AppendRequest, type EventLog, LogUnavailable } from '#shared/log/event-log'
import type { Judged } from '#shared/protocol/owner-io'
import { type AlertStore, AlertStoreUnavailable } from '#shared/store/alert-store'
import { ScanCodec } from '#shared/wire/scan-codec'
import type { Decided, RequestContext, RowProblem, Rows, Submitted, Unavailable } from '../api/vigil.ts'
import { decisionBody } from './decision-body.ts'
import { partitionOf } from './partition-of.ts'
import { traceIdOf } from './trace-context.ts'

interface IntakeOptions {
  readonly schema: EventSchema
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

  constructor(options: IntakeOptions) {
    this.#options = options
    const { schema } = options
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
      ? await this.#firstDecision(id, deadline, { partition: Number(position.split(':')[0]), event })
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

  async #decision(position: string, { traceparent }: RequestContext, deadline: number): Promise<Made | undefined> {
    const judged = await this.#judgement(position, deadline)
    if (judged === undefined) return undefined
    const { id, outcome, decision } = judged
    // A repeat that the log could not tell. Its first decision stands.
    if (decision === undefined && outcome !== 'late') return this.#firstDecision(id, deadline)
    const { lateOutcome } = this.#options
    const body = decisionBody({ id, revision: 1, decision, lateOutcome, position, traceId: traceIdOf(traceparent) })
    keep(this.#recent, id, body)
    return { kind: 'decided', body }
  }

  /**
   * The decision on an event that was sent before, with what came later: stored already, or about to be.
   * @param unasked where perhaps nobody has asked for it so far: then it is asked for
   */
  async #firstDecision(
    id: string,
    deadline: number,
    unasked?: { readonly partition: number; readonly event: Uint8Array },
  ): Promise<Made | undefined> {
    for (let looks = 0; ; looks++) {
      const [first, ...later] = await this.#options.alerts.decision(id).catch(notNow)
      if (first !== undefined) return { kind: 'decided', body: first.body, amendments: later.map(({ body }) => body) }
      const recent = this.#recent.get(id)
      if (recent !== undefined) return { kind: 'decided', body: recent }
      const left = deadline - Date.now()
      if (left <= 0) return undefined
      if (looks === 0 && unasked !== undefined) await this.#ask(unasked)
      await setTimeout(Math.min(left, pollMs))
    }
  }

  /** Harmless where it was asked for already: a decision that stands is not told again. */
  async #ask({ partition, event }: { readonly partition: number; readonly event: Uint8Array }): Promise<void> {
    await this.#options.log
      .append({
        kind: 'ask',
        receivedAt: Date.now(),
        traceparent: '',
        partitions: [partition],
        ids: [''],
        at: [0],
        digests: [0],
        bodies: [event],
      })
      // Whoever waits for the answer asks again.
      .catch(unlessUnavailable)
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
    const { schema, partitions } = this.#options
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
      request.partitions[i] = partitions === 1 ? 0 : partitionOf(homeKey(batch, schema, i), partitions)
    }
    return request
  }
}

type Made = Extract<Decided, { kind: 'decided' }>

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

const unlessUnavailable = (error: unknown): void => {
  if (!(error instanceof LogUnavailable)) throw error
}

/** A store that does not answer is asked again. */
const notNow = (error: unknown): readonly never[] => {
  if (error instanceof AlertStoreUnavailable) return []
  throw error
}

/** Between two looks at the store for a decision that another process may have made. */
const pollMs = 50

/** The store has decisions within a second or so; nobody makes more in that time. */
const recentMax = 20_000
