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

function planned(e: Expression, { plan, registers }: RuleView): (() => number) | undefined {
  if (!dependsOnEventOnly(e) || e.op === 'constant') return undefined
  const predicate = e.type.kind === 'bool' ? plan.predicateOf(e) : undefined
  if (predicate !== undefined) return () => (registers.hasBit(predicate) ? 1 : 0)
  const column = plan.columnOf('number', e)
  if (column === undefined) return undefined
  const { R } = registers
  return () => R[column]
}

function plannedText(e: Expression, { plan, registers, history }: RuleView): (() => string | undefined) | undefined {
  const column = dependsOnEventOnly(e) ? plan.columnOf('text', e) : undefined
  if (column === undefined) return undefined
  const { R } = registers
  return () => textOf(history, R[column])
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
      if (e.name === 'id') return () => history.idText(registers.id)
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
