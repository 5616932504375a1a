import { fieldsOf } from '#shared/rule-language/analysis'
import type { Expression } from '#shared/rule-language/expression'
import type { Rule, RuleSet } from '#shared/rule-language/rule-set'

/** Fields that a rule set reads: those of its expressions and those of all keys. Other fields are checked on arrival and not kept. */
export function usedFields({ events, rules }: RuleSet): ReadonlySet<number> {
  const used = new Set(events.types.flatMap(({ keys }) => keys.flatMap(({ fields }) => fields)))
  for (const rule of rules) for (const expression of expressionsOf(rule)) fieldsOf(expression, used)
  return used
}

function expressionsOf({ where, features, body, message }: Rule): readonly Expression[] {
  const ofFeatures = features.flatMap((feature) => [feature.of, feature.where])
  const ofBody = body.kind === 'condition' ? [body.when] : body.conditions
  return [where, ...ofFeatures, ...ofBody, ...(message ?? [])].filter(
    (part): part is Expression => part !== undefined && typeof part !== 'string',
  )
}
