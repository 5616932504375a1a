import type { Decision } from '#shared/actor/alert'

/** The answer of `POST /v1/decisions` as JSON: the same at once, later and after a restart. */
export function decisionBody(made: {
  readonly id: string
  readonly revision: number
  /** undefined: the event was late. */
  readonly decision: Decision | undefined
  readonly lateOutcome: string
  readonly position: string
  readonly traceId: string
}): string {
  const { id, revision, decision, lateOutcome, position, traceId } = made
  const { outcome, score, reasons, alerts, scenarios } = decision ?? {
    outcome: lateOutcome,
    score: 0,
    reasons: [],
    alerts: [],
    scenarios: {},
  }
  const late = decision === undefined ? { late: true } : {}
  return JSON.stringify({ id, outcome, score, reasons, alerts, scenarios, position, traceId, revision, ...late })
}
