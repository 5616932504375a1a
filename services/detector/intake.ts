import type { EventBatch } from '#shared/domain/event-batch'
import type { Problem } from '#shared/domain/problem'
import type { AppendRequest, EventLog } from '#shared/log/event-log'
import type { Judged } from '#shared/protocol/owner-io'
import type { RuleSet } from '#shared/rule-language/rule-set'
import type { AlertStore } from '#shared/store/alert-store'
import { MissingFields } from '#shared/wire/missing-fields'
import { ScanCodec } from '#shared/wire/scan-codec'
import type { Decided, RequestContext, RowProblem, Rows, Submitted, Unavailable } from '../api/vigil.ts'
import { arrivalBatch, homePartition, inTheFuture, isAhead } from './arrival.ts'
import { Decisions } from './decisions.ts'
import { recordTrace, traceIdOf } from './trace-context.ts'
import { unavailable } from './unavailable.ts'

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
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #codec: ScanCodec
  readonly #batch: EventBatch
  readonly #missing: MissingFields
  readonly #decisions: Decisions

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#decisions = new Decisions(options)
    this.#codec = new ScanCodec(options.ruleSet.events)
    this.#missing = new MissingFields(options.ruleSet.events)
    this.#batch = arrivalBatch(options.ruleSet.events)
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
    const event = rows.bytes.subarray(rows.starts[0], rows.ends[0])
    const sent = { id, position, event, traceId: traceIdOf(context.traceparent) }
    const deadline = Date.now() + waitMs
    const made = answer.isDuplicate[0]
      ? await this.#decisions.ofBefore(sent, deadline)
      : await this.#decisions.of(sent, deadline)
    return made ?? { kind: 'timeout', id }
  }

  /** The owner has judged events whose senders wait. */
  judged(partition: number, judged: readonly Judged[]): void {
    this.#decisions.judged(partition, judged)
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
      return unavailable(error)
    }
  }

  /** @returns what is to be appended, or all mistakes */
  #read(kind: 'event' | 'decide', rows: Rows, context: RequestContext): AppendRequest | readonly RowProblem[] {
    const { partitions } = this.#options
    const batch = this.#batch
    const receivedAt = Date.now()
    const problems: RowProblem[] = []
    batch.clear()
    for (let i = 0; i < rows.length; i++) {
      const problem = this.#codec.decode(rows.bytes, rows.starts[i], rows.ends[i], batch, i)
      if (problem !== undefined) problems.push(...this.#allProblems(problem, rows, i, problems.length))
      else if (isAhead(batch.at[batch.length - 1], receivedAt)) problems.push({ index: i, problem: inTheFuture })
    }
    if (problems.length > 0) return problems
    const request = {
      kind,
      receivedAt,
      traceparent: recordTrace(context),
      partitions: new Array<number>(rows.length),
      ids: batch.id.slice(0, rows.length),
      at: Array.from(batch.at.subarray(0, rows.length)),
      digests: Array.from(batch.digest.subarray(0, rows.length)),
      bodies: new Array<Uint8Array>(rows.length),
    }
    for (let i = 0; i < rows.length; i++) {
      request.bodies[i] = rows.bytes.subarray(rows.starts[i], rows.ends[i])
      request.partitions[i] = homePartition(batch, i, partitions)
    }
    return request
  }

  /** Of a row that lacks a field: all that it lacks, as far as they are told. */
  #allProblems(problem: Problem, rows: Rows, index: number, told: number): readonly RowProblem[] {
    const most = problemsToldMax - told
    if (problem.reason !== 'missing-field' || most <= 1) return [{ index, problem }]
    const all = this.#missing.of(rows.bytes, rows.starts[index], rows.ends[index], most)
    return all.length === 0 ? [{ index, problem }] : all.map((one) => ({ index, problem: one }))
  }
}

/** An answer names no more: http-api.md. */
const problemsToldMax = 100

interface Appended {
  readonly kind: 'appended'
  readonly ids: readonly string[]
  readonly positions: readonly string[]
  readonly isDuplicate: readonly boolean[]
}

type Refused = Exclude<Submitted, { kind: 'accepted' }>
