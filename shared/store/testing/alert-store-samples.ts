// What tests of the alert store deliver, with only what the test is about.
import type { AlertDelivery, DecisionDelivery, EvidenceEvent, StoredDecision } from '../alert-store.ts'

export function alert(id: string, change: Partial<AlertDelivery> = {}): AlertDelivery {
  const given = {
    id,
    revision: 1,
    status: 'raised',
    rule: 'velocity',
    scenario: undefined,
    severity: 'low',
    by: 'account',
    key: 'A',
    at: 500,
    explanation: 'count > 3',
    events: [],
    traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`,
    ...change,
  } as const
  const { revision, status, at, severity } = given
  return { line: JSON.stringify({ id, revision, status, at, severity }), ...given }
}

export const event = (id: string, change: Partial<EvidenceEvent> = {}): EvidenceEvent => ({
  id,
  at: 100,
  step: '',
  position: '0:7',
  traceId: '4bf9',
  receivedAt: 200,
  event: `{"id": "${id}"}`,
  ...change,
})

export const decision = (
  eventId: string,
  change: { revision?: number; madeAt?: number; body?: string } = {},
): StoredDecision => ({
  eventId,
  revision: 1,
  madeAt: 50,
  body: '{"outcome":"allow"}',
  ...change,
})

/** A decision on its way to the store. */
export const told = (made: StoredDecision): DecisionDelivery => ({ ...made, account: 'A', traceparent: '' })
