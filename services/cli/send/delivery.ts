import { formatDuration } from '#shared/domain/time'
import { type Answer, type HttpAnswer, type RejectedRow, readAnswer } from './answer.ts'
import type { Batch } from './batch.ts'
import { SendFailed } from './send-failed.ts'
import { waitFor } from './wait-for.ts'

export interface DeliveryOptions {
  /** Rejects where no answer came. */
  readonly post: (body: Buffer) => Promise<HttpAnswer>
  /** How long one batch is tried again since it first failed. */
  readonly giveUpAfterMs: number
  /** Ends waiting. */
  readonly signal: AbortSignal
  /** Told of every attempt that failed. */
  readonly onFailure: (reason: string) => void
  /** A number from 0 up to 1. */
  readonly random: () => number
}

/** What became of a batch: each of its rows was accepted, is a duplicate, or is rejected. */
export interface Delivered {
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: readonly RejectedRow[]
}

/**
 * Sends a batch until every row has its answer: the same bytes again while the service cannot take them, and without the rows that it rejects.
 * Rejects with SendFailed. @returns undefined: the signal came while it waited to try again
 */
export async function deliver(batch: Batch, options: DeliveryOptions): Promise<Delivered | undefined> {
  const rejected: RejectedRow[] = []
  let rest = batch
  let failures = 0
  let failingSince = 0
  let isLastTry = false
  while (rest.length > 0) {
    const answer = await attempt(rest, options)
    if (answer.kind === 'refused') throw new SendFailed(answer.reason)
    if (answer.kind === 'taken') return { accepted: answer.accepted, duplicates: answer.duplicates, rejected }
    if (answer.kind === 'rejected') {
      for (const [i, rejection] of answer.rows) rejected.push({ row: rest.rows[i], ...rejection })
      // At least one goes each time, so this ends.
      rest = rest.without(new Set(answer.rows.keys()))
      failures = 0
      isLastTry = false
      continue
    }
    const now = performance.now()
    if (failures++ === 0) failingSince = now
    options.onFailure(answer.reason)
    if (isLastTry) throw new SendFailed(`given up after ${formatDuration(options.giveUpAfterMs)}: ${answer.reason}`)
    const waitMs = Math.max(answer.afterMs, backoffMs(failures, options.random))
    const leftMs = Math.max(0, failingSince + options.giveUpAfterMs - now)
    isLastTry = waitMs >= leftMs
    if (!(await waitFor(Math.min(waitMs, leftMs), options.signal))) return undefined
  }
  return { accepted: 0, duplicates: 0, rejected }
}

async function attempt(batch: Batch, { post }: DeliveryOptions): Promise<Answer> {
  let answer: HttpAnswer
  try {
    answer = await post(batch.body)
  } catch (error) {
    return { kind: 'again', reason: reasonOf(error), afterMs: 0 }
  }
  return readAnswer(answer, batch.length, Date.now())
}

/** Several addresses of one name that all refuse come as one error without a text of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}

/** Doubles from 100 ms to 5 s; half of it by chance, so that many senders do not come back at once. */
export function backoffMs(failures: number, random: () => number): number {
  const ms = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(failures - 1, 30))
  return ms / 2 + (ms / 2) * random()
}

const backoffMsMin = 100
const backoffMsMax = 5_000
