import type { EventSchema } from '#shared/domain/event-schema'
import type { Rule } from '#shared/rule-language/rule-set'
import type { Hit } from './hit.ts'

/**
 * What the stable id of an alert is a hash of: the same for the same tenant, rule, version, key and events, whatever the order of arrival and
 * however often it is found again. JSON of [tenant, rule, version, by, key, [[step, [ids]], …]].
 */
export function alertContent(tenant: string, rule: Rule, events: EventSchema): (hit: Hit) => string {
  const start = JSON.stringify([tenant, rule.name, rule.version, events.keys[rule.by]]).slice(0, -1)
  const { body } = rule
  const json = JSON.stringify
  if (body.kind === 'condition')
    return ({ actor, eventId }) => `${start},${json(actor.key)},[["event",[${json(eventId)}]]]]`
  return ({ actor, steps }) =>
    `${start},${json(actor.key)},${json(body.steps.map((name, step) => [name, steps?.[step] ?? []]))}]`
}

/** Hex digits of an id: 128 bits of SHA-256. */
export const alertIdLength = 32

/** Saved states hold their numbers: new ones go to the end. */
export const alertStatuses = ['raised', 'amended', 'withdrawn'] as const
export type AlertStatus = (typeof alertStatuses)[number]

/** One revision of an alert. The first is `raised`; an alert that comes back after it was withdrawn is `raised` again. */
export interface AlertRevision {
  readonly id: string
  readonly revision: number
  readonly status: AlertStatus
  readonly hit: Hit
}

/** The decision on one event, as far as it is known now. */
export interface DecisionRevision {
  readonly eventId: string
  readonly at: number
  readonly revision: number
  readonly decision: Decision
}

export interface Decision {
  readonly outcome: string
  readonly score: number
  /** Reason codes of the rules hit, in order of the rules. */
  readonly reasons: readonly string[]
  /** Ids of the event's alerts of live scenarios, sorted. */
  readonly alerts: readonly string[]
  /** By name: score of each scenario with a hit. */
  readonly scenarios: Readonly<Record<string, number>>
}
