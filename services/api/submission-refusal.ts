import { bodyMistake } from './body-mistake.ts'
import { type EventError, pointerTo, type Refusal } from './problem.ts'
import type { Rows, Submitted } from './vigil.ts'

/**
 * Why events were not taken.
 * @param isLines whether the body is NDJSON, where one bad line leaves the others readable
 */
export function refusalOfSubmission(
  submitted: Exclude<Submitted, { readonly kind: 'accepted' }>,
  rows: Rows,
  { isLines }: { readonly isLines: boolean },
): Refusal {
  if (submitted.kind === 'unavailable') {
    const { reason, detail, retryAfterSeconds } = submitted
    return { name: reason === 'overloaded' ? 'overloaded' : 'unavailable', detail, retryAfterSeconds }
  }
  if (submitted.kind === 'conflict') {
    const errors = submitted.conflicts.map(
      ({ index, id }): EventError => ({
        index,
        pointer: '/id',
        code: 'id-conflict',
        detail: `another event has the id ${JSON.stringify(id)}`,
      }),
    )
    return { name: 'id-conflict', detail: countText(errors.length, rows.length, 'in conflict'), errors }
  }
  const { problems } = submitted
  if (!isLines && problems.some(({ problem }) => problem.reason === 'bad-json')) {
    const mistake = bodyMistake(rows.bytes)
    if (mistake !== undefined) return badJsonAt(mistake)
  }
  const errors = problems.map(
    ({ index, problem: { reason, field, message } }): EventError => ({
      index,
      pointer: pointerTo(field),
      code: reason,
      detail: message,
    }),
  )
  // One event may have several.
  const wrong = new Set(errors.map(({ index }) => index)).size
  return { name: 'invalid-event', detail: countText(wrong, rows.length, 'invalid'), errors }
}

/** @param body that is not JSON */
export function badJson(body: Buffer): Refusal {
  const mistake = bodyMistake(body)
  if (mistake === undefined) throw new Error('a body that is JSON was taken for none')
  return badJsonAt(mistake)
}

export const timeoutRefusal = (id: string, waitMs: number): Refusal => ({
  name: 'decision-timeout',
  detail: `The event is in the log, but was not judged within ${waitMs} ms.`,
  location: `/v1/decisions/${encodeURIComponent(id.toWellFormed())}`,
})

const badJsonAt = ({ line, column, message }: NonNullable<ReturnType<typeof bodyMistake>>): Refusal => ({
  name: 'bad-json',
  detail: `Line ${line}, column ${column}: ${message}.`,
  line,
  column,
})

const countText = (wrong: number, all: number, what: string): string =>
  all === 1 ? `The event is ${what}; it was not taken.` : `${wrong} of ${all} events are ${what}; none was taken.`
