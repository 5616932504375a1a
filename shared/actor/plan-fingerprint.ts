import { sha256Hex } from '#shared/domain/digest'
import type { PopulationPlan } from '#shared/features/plan-population'
import { expressionKey } from '#shared/rule-language/analysis'
import type { Population } from './population.ts'

/**
 * Stands for all that decides what the numbers in a saved state mean: rules, settings, and how this release lays them out. Two engines
 * with one fingerprint read each other's states.
 * @returns 16 hex digits
 */
export function planFingerprint(options: {
  readonly ruleSetHash: string
  readonly tenant: string
  readonly latenessMs: number
  readonly isSorted: boolean
  readonly hashKey: number
  readonly populations: readonly (Population | undefined)[]
}): string {
  const { ruleSetHash, tenant, latenessMs, isSorted, hashKey, populations } = options
  const layouts = populations.map((population) =>
    population === undefined ? null : [layoutOf(population.plan), population.states.automata],
  )
  return sha256Hex(JSON.stringify([ruleSetHash, tenant, latenessMs, isSorted, hashKey, layouts])).slice(0, 16)
}

/** Places of bits and columns, and of the accumulators that have departed times. */
function layoutOf({ predicates, columns, faults, features, accumulators }: PopulationPlan): unknown {
  return [
    predicates.map(({ types, conditions, present }) => [
      types === undefined ? null : [...types].sort((a, b) => a - b),
      conditions.map(expressionKey),
      present === undefined ? null : expressionKey(present),
    ]),
    columns.map((column) => (column.kind === 'feature' ? column : [column.kind, expressionKey(column.of)])),
    faults,
    features,
    accumulators,
  ]
}
