import type { EventBatch } from '#shared/domain/event-batch'
import { invariant } from '#shared/domain/invariant'
import type { Leaves } from '#shared/rule-language/evaluate'
import type { Expression } from '#shared/rule-language/expression'
import type { NamedList } from '#shared/rule-language/rule-set'
import { listMembership } from './list-membership.ts'

/** The event being decoded into a record, and the key of the actor that receives it. */
export class EventView {
  batch!: EventBatch
  row = 0
  key = ''
}

/** Leaves of event-only expressions, read from the batch: for predicates and columns, once per event and actor. */
export function eventLeaves(view: EventView, lists: readonly NamedList[]): Leaves {
  return {
    list: listMembership(lists, () => view.batch.at[view.row]),
    number: (e) => numberLeaf(e, view),
    text: (e) => textLeaf(e, view),
    collection: (e) => collectionLeaf(e, view),
  }
}

function numberLeaf(e: Expression, view: EventView): () => number {
  if (e.op === 'field') {
    const { field } = e
    return () => (view.batch.numbers[field] as Float64Array)[view.row]
  }
  if (e.op === 'envelope' && e.name === 'at') return () => view.batch.at[view.row]
  if (e.op === 'envelope' && e.name === 'receivedAt') return () => view.batch.receivedAt[view.row]
  if (e.op === 'key') return () => Number(view.key)
  return notAnEventLeaf(e)
}

function textLeaf(e: Expression, view: EventView): () => string | undefined {
  if (e.op === 'field') {
    const { field } = e
    return () => (view.batch.texts[field] as (string | undefined)[])[view.row]
  }
  if (e.op === 'envelope' && e.name === 'id') return () => view.batch.id[view.row]
  if (e.op === 'envelope' && e.name === 'type') return () => view.batch.schema.types[view.batch.type[view.row]].name
  if (e.op === 'key') return () => view.key
  return notAnEventLeaf(e)
}

function collectionLeaf(e: Expression, view: EventView): () => unknown {
  if (e.op !== 'field') return notAnEventLeaf(e)
  const { field } = e
  return () => (view.batch.collections[field] as unknown[])[view.row]
}

function notAnEventLeaf(e: Expression): never {
  invariant(false, `${e.op} is no leaf of an expression on one event`)
}
