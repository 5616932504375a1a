import type { AlertRevision, DecisionRevision } from '#shared/actor/alert'
import type { AppliedRecord, OwnerOptions } from '#shared/protocol/owner-options'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { textBytes, textOf } from './row.ts'

/** What an outbox entry of the simulation says. */
export type OutboxRecord =
  | {
      readonly kind: 'alert'
      readonly id: string
      readonly revision: number
      readonly status: AlertRevision['status']
      readonly rule: string
      readonly key: string
      /** Event ids by step; of a condition the one event. */
      readonly found: readonly (readonly string[])[]
      readonly features: AlertRevision['hit']['features']
      readonly offset: number
    }
  | { readonly kind: 'decision'; readonly revision: DecisionRevision; readonly offset: number }
  | { readonly kind: 'late'; readonly id: string; readonly offset: number }

export const outboxEntries: OwnerOptions['entries'] = {
  alert: ({ id, revision, status, hit }: AlertRevision, { rules }: RuleSet, { offset }: AppliedRecord) =>
    bytesOf({
      kind: 'alert',
      ...{ id, revision, status, offset, rule: rules[hit.rule].name, key: hit.actor.key, features: hit.features },
      found: hit.steps ?? [[hit.eventId ?? '']],
    }),
  decision: (revision, { offset }) => bytesOf({ kind: 'decision', revision, offset }),
  late: (id, { offset }) => bytesOf({ kind: 'late', id, offset }),
}

export const readOutboxRecord = (text: string): OutboxRecord => JSON.parse(text)
export const outboxText = textOf

const bytesOf = (record: OutboxRecord): Uint8Array => textBytes(JSON.stringify(record))
