import { outcomes, type RuleSet, type Scenario } from '#shared/rule-language/rule-set'
import type { Decision } from './alert.ts'
import type { Hit } from './hit.ts'

/** By scenario: its score for one event, from the hits of all keys. Scenarios without a hit are left out. */
export function scenarioScores(ruleSet: RuleSet, hits: readonly Hit[]): ReadonlyMap<number, number> {
  if (hits.every(({ rule }) => ruleSet.rules[rule].scenario === undefined)) return noScores
  const scores = new Map<number, number>()
  const counted = new Set<number>()
  for (const { rule } of hits) {
    const { scenario, score } = ruleSet.rules[rule]
    // Several matches of one rule at one event are one hit of the rule.
    if (scenario === undefined || counted.has(rule)) continue
    counted.add(rule)
    scores.set(scenario, combine(ruleSet.scenarios[scenario], scores.get(scenario) ?? 0, score))
  }
  return scores
}

const noScores: ReadonlyMap<number, number> = new Map()

function combine(scenario: Scenario, total: number, score: number): number {
  return scenario.combine === 'max' ? Math.max(total, score) : Math.min(total + score, 100)
}

/** Whether a hit becomes an alert: of a scenario, only if the event's score reaches the scenario's threshold. */
export function reachesAlert(ruleSet: RuleSet, hit: Hit, scores: ReadonlyMap<number, number>): boolean {
  const { scenario } = ruleSet.rules[hit.rule]
  return scenario === undefined || (scores.get(scenario) ?? 0) >= ruleSet.scenarios[scenario].alertThreshold
}

/** Most events are of this kind, and what stands on each is kept for as long as it can change. */
const nothingFound: Decision = { outcome: outcomes[0], score: 0, reasons: [], alerts: [], scenarios: {} }

/** The gravest outcome over all scenarios. Rules outside scenarios take no part. */
export function decide(
  ruleSet: RuleSet,
  hits: readonly Hit[],
  scores: ReadonlyMap<number, number>,
  alerts: readonly string[],
): Decision {
  if (hits.length === 0) return nothingFound
  let gravest = 0
  for (const [scenario, score] of scores)
    for (const { outcome, threshold } of ruleSet.scenarios[scenario].outcomes)
      if (score >= threshold) gravest = Math.max(gravest, outcomes.indexOf(outcome))
  const rules = [...new Set(hits.map(({ rule }) => rule))].sort((a, b) => a - b).map((rule) => ruleSet.rules[rule])
  const reasons = rules.flatMap(({ scenario, reason }) =>
    scenario === undefined || reason === undefined ? [] : [reason],
  )
  const byName = [...scores].map(([scenario, score]): [string, number] => [ruleSet.scenarios[scenario].name, score])
  return {
    outcome: outcomes[gravest],
    score: Math.max(0, ...scores.values()),
    reasons: [...new Set(reasons)],
    alerts: [...alerts].sort(),
    scenarios: Object.fromEntries(byName.sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}
