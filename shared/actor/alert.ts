import type { EventSchema } from '#shared/domain/event-schema'
import type { Rule } from '#shared/rule-language/rule-set'
import type { Hit } from './hit.ts'

/**
 * Stable id of the alert that a hit raises: the same for the same tenant, rule, version, key and events, whatever the order of arrival and
 * however often it is found again.
 * @returns 32 hex digits: 128 bits of SHA-256
 */
export function alertId(options: {
  tenant: string
  rule: Rule
  events: EventSchema
  hit: Hit
  sha256Hex: (text: string) => string
}): string {
  const { tenant, rule, events, hit, sha256Hex } = options
  const { body } = rule
  const found =
    body.kind === 'pattern'
      ? body.steps.map((name, step) => [name, hit.steps?.[step] ?? []])
      : [['event', [hit.eventId]]]
  const content = [tenant, rule.name, rule.version, events.keys[hit.actor.population], hit.actor.key, found]
  return sha256Hex(JSON.stringify(content)).slice(0, 32)
}

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
