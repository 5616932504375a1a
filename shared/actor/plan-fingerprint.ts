import { sha256Hex } from '#shared/domain/digest'
import { type Column, noCursor, noFilter, type Predicate } from '#shared/features/plan'
import type { PopulationPlan } from '#shared/features/plan-population'
import { expressionKey } from '#shared/rule-language/analysis'
import type { Rule, RuleSet } from '#shared/rule-language/rule-set'
import type { Population } from './population.ts'

/**
 * Stands for all that decides what the numbers in a saved state mean: the rule set, settings, and the places that this release gives
 * to bits, columns and states of patterns. Engines with one fingerprint read each other's states. What is derived from records may be
 * laid out anew without changing it.
 * @returns 16 hex digits
 */
export function planFingerprint(options: {
  readonly ruleSet: RuleSet
  readonly tenant: string
  readonly latenessMs: number
  readonly isSorted: boolean
  readonly hashKey: number
  readonly populations: readonly (Population | undefined)[]
}): string {
  const { ruleSet, tenant, latenessMs, isSorted, hashKey, populations } = options
  const layouts = populations.map((population, key) => {
    if (population === undefined) return null
    const rules = ruleSet.rules.filter(({ by }) => by === key)
    return [layoutOf(population.plan, rules), population.states.automata]
  })
  return sha256Hex(JSON.stringify([ruleSet.hash, tenant, latenessMs, isSorted, hashKey, layouts])).slice(0, 16)
}

/** Places of bits and columns, and what the departed times belong to. */
function layoutOf(plan: PopulationPlan, rules: readonly Rule[]): unknown {
  const { predicates, columns, faults, accumulators } = plan
  return [
    predicates.map(predicateText),
    columns.map((column) => columnText(column, plan, rules)),
    faults,
    accumulators
      .filter(({ kind, window }) => kind === 'last' && window.low === noCursor)
      .map(({ filter }) => (filter === noFilter ? null : predicateText(predicates[filter]))),
  ]
}

function predicateText({ types, conditions, present }: Predicate): string {
  const seen = types === undefined ? 'all' : [...types].sort((a, b) => a - b).join()
  return `${seen}: ${conditions.map(expressionKey).join(' && ')} ${present === undefined ? '' : expressionKey(present)}`
}

/** A feature is named by the first rule that has it: the rule set's hash says what it is. */
function columnText(column: Column, plan: PopulationPlan, rules: readonly Rule[]): string {
  if (column.kind !== 'feature') return `${column.kind} ${expressionKey(column.of)}`
  const owner = plan.rules.findIndex(({ features }) => features.includes(column.feature))
  return `feature ${rules[owner].name} ${rules[owner].features[plan.rules[owner].features.indexOf(column.feature)].name}`
}
