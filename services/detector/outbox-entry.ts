import type { AlertRevision, Decision, DecisionRevision } from '#shared/actor/alert'
import type { Hit } from '#shared/actor/hit'
import type { AppliedRecord } from '#shared/protocol/owner-options'
import { jsonValue } from '#shared/rule-language/evaluate'
import type { Rule, RuleSet } from '#shared/rule-language/rule-set'
import { alertLines } from '#shared/wire/alert-line'

/** What a commit keeps of an alert's revision or a decision until it is delivered: JSON. */
export type OutboxRecord = AlertRecord | DecisionRecord

export interface AlertRecord {
  readonly kind: 'alert'
  readonly id: string
  readonly revision: number
  readonly status: AlertRevision['status']
  readonly rule: string
  readonly scenario: string | undefined
  readonly severity: string
  readonly by: string
  readonly key: string
  readonly at: number
  readonly line: string
  readonly explanation: string
  /** Name and event ids of each step in order; the name is '' for the events of a condition, its own last. */
  readonly steps: readonly (readonly [string, readonly string[]])[]
  /** The event that completed it; the last one where time alone did. */
  readonly lastEvent: string
  /** Offset of the record that set the revision off. */
  readonly offset: number
}

export interface DecisionRecord {
  readonly kind: 'decision'
  readonly id: string
  /** Event time; undefined: not known here. */
  readonly at: number | undefined
  readonly revision: number
  /** undefined: the event was late. */
  readonly decision: Decision | undefined
  /** Offset of the record that set the revision off. */
  readonly offset: number
  /** Of a decision on the event of that record: what is told of it. Otherwise the log is asked. */
  readonly event:
    | {
        readonly receivedAt: number
        readonly traceparent: string
        /** Value of its home key; undefined in entries of older versions. */
        readonly account: string | undefined
      }
    | undefined
}

/** Makes the bytes of outbox entries. */
export class OutboxWriter {
  /** What rule sets say of all their alerts is written once. */
  readonly #lines = new WeakMap<RuleSet, (revision: AlertRevision) => string>()

  alert(
    revision: AlertRevision,
    ruleSet: RuleSet,
    { offset }: AppliedRecord,
    cited: (hit: Hit) => readonly string[],
  ): Uint8Array {
    const { id, status, hit } = revision
    const rule = ruleSet.rules[hit.rule]
    const steps = stepsOf(rule, revision, cited)
    const record: AlertRecord = {
      kind: 'alert',
      id,
      revision: revision.revision,
      status,
      rule: rule.name,
      scenario: rule.scenario === undefined ? undefined : ruleSet.scenarios[rule.scenario].name,
      severity: rule.severity,
      by: ruleSet.events.keys[rule.by],
      key: hit.actor.key,
      at: hit.at,
      line: this.#line(ruleSet)(revision),
      explanation: explanation(rule, hit.features),
      steps,
      lastEvent: hit.eventId ?? steps.at(-1)?.[1].at(-1) ?? '',
      offset,
    }
    return bytesOf(record)
  }

  decision({ eventId, at, revision, decision }: DecisionRevision, record: AppliedRecord): Uint8Array {
    const { offset } = record
    return bytesOf({ kind: 'decision', id: eventId, at, revision, decision, offset, event: eventOf(record, eventId) })
  }

  late(eventId: string, record: AppliedRecord): Uint8Array {
    const { offset } = record
    const event = eventOf(record, eventId)
    return bytesOf({ kind: 'decision', id: eventId, at: undefined, revision: 1, decision: undefined, offset, event })
  }

  #line(ruleSet: RuleSet): (revision: AlertRevision) => string {
    let line = this.#lines.get(ruleSet)
    if (line === undefined) {
      line = alertLines(ruleSet)
      this.#lines.set(ruleSet, line)
    }
    return line
  }
}

export const readOutboxRecord = (bytes: Uint8Array): OutboxRecord => JSON.parse(Buffer.from(bytes).toString('utf8'))

const eventOf = (record: AppliedRecord, id: string): DecisionRecord['event'] => {
  const { eventId, receivedAt, traceparent, account } = record
  return eventId === id ? { receivedAt, traceparent, account } : undefined
}

const bytesOf = (record: OutboxRecord): Uint8Array => Buffer.from(JSON.stringify(record))

/** Steps that took something, in the pattern's order; what a condition looked at. */
function stepsOf(
  { body }: Rule,
  { hit, status }: AlertRevision,
  cited: (hit: Hit) => readonly string[],
): readonly (readonly [string, readonly string[]])[] {
  const { steps, eventId } = hit
  // A hit that no longer stands cites nothing more: its actor has gone back, and on.
  if (steps === undefined || body.kind !== 'pattern')
    return [['', eventId === undefined ? [] : status === 'withdrawn' ? [eventId] : cited(hit)]]
  return body.steps.flatMap((name, i) => (steps[i].length === 0 ? [] : [[name, steps[i]] as const]))
}

/** The condition as its author wrote it, with the values that its features had. */
function explanation({ written, features }: Rule, values: readonly (number | string | undefined)[]): string {
  const had = features.map(({ name, type }, i) => `${name} = ${jsonValue(values[i], type) ?? 'absent'}`)
  return had.length === 0 ? written : `${written}; with ${had.join(', ')}`
}
