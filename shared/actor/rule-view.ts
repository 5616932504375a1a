import type { Taken } from '#shared/cep/judge'
import { invariant } from '#shared/domain/invariant'
import type { History } from '#shared/features/history'
import { atWord, idWord } from '#shared/features/layout'
import type { PopulationPlan } from '#shared/features/plan-population'
import { readText } from '#shared/memory/text'
import type { Expression } from '#shared/rule-language/expression'
import type { NamedList } from '#shared/rule-language/rule-set'
import type { Registers } from './registers.ts'

/** What the closures of one rule read: the record in the registers, and the events its run has taken. */
export interface RuleView {
  readonly registers: Registers
  readonly history: History
  readonly plan: PopulationPlan
  /** By number of the rule's feature: the planned feature. */
  readonly features: readonly number[]
  readonly lists: readonly NamedList[]
  /** Whether runs are stepped by this rule: features are then read from the record. */
  readonly isStepped: boolean
  /** Header of the actor being judged, and what the run has taken. */
  readonly actor: { h: number; taken: Taken | undefined }
}

/** A value of the record at a position, as columns keep it. */
export function numberAt(of: Expression, { history, plan, actor }: RuleView): (position: number) => number {
  if (of.op === 'envelope' && of.name === 'at')
    return (position) => history.arena.F[history.record(actor.h, position) + atWord]
  const column = plan.columnOf('number', of)
  if (column === undefined) return notARecordLeaf(of)
  const word = history.layout.columnsWord + column
  return (position) => history.arena.F[history.record(actor.h, position) + word]
}

export function textAt(of: Expression, { history, plan, actor }: RuleView): (position: number) => string | undefined {
  if (of.op === 'envelope' && of.name === 'id')
    return (position) => history.idText(history.arena.F[history.record(actor.h, position) + idWord])
  const column = plan.columnOf('text', of)
  if (column === undefined) return notARecordLeaf(of)
  const word = history.layout.columnsWord + column
  return (position) => textOf(history, history.arena.F[history.record(actor.h, position) + word])
}

/** A text register: the handle of a block, 0 where absent. */
export const textOf = (history: History, handle: number): string | undefined =>
  handle > 0 ? readText(history.arena, handle) : undefined

export function notARecordLeaf(e: Expression): never {
  invariant(false, `${e.op} has no place in the plan`)
}
