import { ruleFaults } from '#shared/domain/rule-fault'
import { dependsOnEventOnly } from '#shared/rule-language/analysis'
import type { Leaves } from '#shared/rule-language/evaluate'
import type { Expression } from '#shared/rule-language/expression'
import { listMembership } from './list-membership.ts'
import { notARecordLeaf, numberAt, type RuleView, textAt, textOf } from './rule-view.ts'
import { foldSteps } from './step-aggregate.ts'

/**
 * Leaves of a rule's conditions and messages. Predicates and columns of the plan come before the expressions they stand for, so an
 * old record can be judged again without its event.
 */
export function recordLeaves(view: RuleView): Leaves {
  return {
    list: listMembership(view.lists, () => view.registers.at),
    override: (e) => planned(e, view),
    overrideText: (e) => plannedText(e, view),
    number: (e) => numberLeaf(e, view),
    text: (e) => textLeaf(e, view),
    // Lists and maps are not kept in records: the plan has a predicate or column for what is computed from them.
    collection: notARecordLeaf,
  }
}

function planned(e: Expression, view: RuleView): (() => number) | undefined {
  const { plan, registers } = view
  if (!dependsOnEventOnly(e) || e.op === 'constant') return undefined
  const predicate = e.type.kind === 'bool' ? plan.predicateOf(e) : undefined
  if (predicate !== undefined) return () => (registers.hasBit(predicate) ? 1 : 0)
  const column = plan.columnOf('number', e)
  if (column === undefined) return undefined
  const { R } = registers
  return orFault(column, () => R[column], view)
}

function plannedText(e: Expression, view: RuleView): (() => string | undefined) | undefined {
  const { plan, registers, history } = view
  const column = dependsOnEventOnly(e) ? plan.columnOf('text', e) : undefined
  if (column === undefined) return undefined
  const { R } = registers
  return orFault(column, () => textOf(history, R[column]), view)
}

/** A column that could not be computed faults the rule when it is read: what stands before it may settle the condition. */
function orFault<T>(column: number, read: () => T, { plan, registers }: RuleView): () => T {
  const fault = plan.faultOfColumn(column)
  if (fault === undefined) return read
  return () => {
    if (registers.hasFault(plan, fault)) throw ruleFaults.overflow
    return read()
  }
}

function numberLeaf(e: Expression, view: RuleView): () => number {
  const { registers } = view
  const { R } = registers
  switch (e.op) {
    case 'envelope':
      if (e.name === 'at') return () => registers.at
      break
    case 'key':
      return () => Number(registers.key)
    case 'feature': {
      const register = featureRegister(e.feature, view)
      return () => R[register]
    }
    case 'step-aggregate':
      return foldSteps(e, view)
    case 'step-element': {
      const read = numberAt(e.of, view)
      const position = elementPosition(e, view)
      return () => {
        const p = position()
        return p < 0 ? Number.NaN : read(p)
      }
    }
  }
  return notARecordLeaf(e)
}

function textLeaf(e: Expression, view: RuleView): () => string | undefined {
  const { registers, history } = view
  const { R } = registers
  switch (e.op) {
    case 'key':
      return () => registers.key
    case 'feature': {
      const register = featureRegister(e.feature, view)
      return () => textOf(history, R[register])
    }
    case 'envelope':
      if (e.name === 'id') return () => (Number.isNaN(registers.id) ? undefined : history.idText(registers.id))
      break
    case 'step-element': {
      const read = textAt(e.of, view)
      const position = elementPosition(e, view)
      return () => {
        const p = position()
        return p < 0 ? undefined : read(p)
      }
    }
  }
  return notARecordLeaf(e)
}

function elementPosition(e: Expression & { op: 'step-element' }, { actor }: RuleView): () => number {
  const { step, which } = e
  if (which === 'first') return () => actor.taken?.first(step) ?? -1
  if (which === 'last') return () => actor.taken?.last(step) ?? -1
  return () => actor.taken?.position(step, which) ?? -1
}

function featureRegister(feature: number, { plan, registers, features, isStepped }: RuleView): number {
  const planned = features[feature]
  const column = isStepped ? plan.featureColumnOf(planned) : undefined
  return column ?? registers.featuresBase + planned
}
