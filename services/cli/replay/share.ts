import { hashOf } from '#shared/actor/key-table'
import { compile } from '#shared/cep/compile'
import type { EventBatch } from '#shared/domain/event-batch'
import type { RuleSet } from '#shared/rule-language/rule-set'

/** One of several parts of all actors: those whose key hashes to it. */
export interface Share {
  /** From 0. */
  readonly index: number
  readonly count: number
}

/** Whether the event's actor belongs to the share. Only where `eachEventHasOneActor`. */
export function isOfShare({ index, count }: Share, batch: EventBatch, row: number): boolean {
  const [field] = batch.schema.types[batch.type[row]].keys[0].fields
  const key = batch.texts[field]?.[row] ?? String(batch.numbers[field]?.[row])
  // By the upper bits: the table of keys goes by the lower ones, which must not be equal within a share.
  return Math.floor((hashOf(key) / 2 ** 32) * count) === index
}

/**
 * Whether no event comes to more than one actor: what the actors of one share do is then no business of those of another, but for time
 * and for events of the same id at the same instant, which a scenario judges as one.
 */
export function eachEventHasOneActor({ events, rules }: RuleSet): boolean {
  const kept = new Set([...events.types.map(({ keys }) => keys[0].key), ...rules.map(({ by }) => by)])
  return events.types.every(
    ({ keys }) => keys.filter(({ key }) => kept.has(key)).length === 1 && keys[0].fields.length === 1,
  )
}

/** Whether time alone may complete a pattern: then an actor is changed by events of others. */
export function waitsForTime({ rules }: RuleSet): boolean {
  return rules.some(({ body }) => body.kind === 'pattern' && compile(body.pattern, () => false).hasPending)
}
