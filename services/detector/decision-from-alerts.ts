import type { Decision } from '#shared/actor/alert'
import { outcomes, type RuleSet } from '#shared/rule-language/rule-set'

/**
 * The decision on an event of before, whose hits are no longer known, from the alerts that stand and that it completed: hits below the
 * threshold of alerts are not in it.
 * @param lines alert lines
 */
export function decisionFromAlerts(ruleSet: RuleSet, eventId: string, lines: readonly string[]): Decision {
  const alerts = lines
    .map((line) => JSON.parse(line))
    .filter((alert) => alert.status !== 'withdrawn' && completedBy(alert) === eventId)
  const scores = new Map<string, number>()
  for (const { scenario, score } of alerts) {
    const known = ruleSet.scenarios.find(({ name }) => name === scenario)
    if (known === undefined) continue
    const total = scores.get(known.name) ?? 0
    scores.set(known.name, known.combine === 'max' ? Math.max(total, score) : Math.min(100, total + score))
  }
  let gravest = 0
  for (const [scenario, score] of scores)
    for (const { outcome, threshold } of ruleSet.scenarios.find(({ name }) => name === scenario)?.outcomes ?? [])
      if (score >= threshold) gravest = Math.max(gravest, outcomes.indexOf(outcome))
  const inScenarios = alerts.filter(({ scenario }) => scores.has(scenario))
  return {
    outcome: outcomes[gravest],
    score: Math.max(0, ...scores.values()),
    reasons: [...new Set<string>(inScenarios.flatMap(({ reason }) => (reason === undefined ? [] : [reason])))],
    alerts: inScenarios.map(({ id }) => id).sort(),
    scenarios: Object.fromEntries([...scores].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

function completedBy(alert: {
  readonly event?: string
  readonly steps?: Readonly<Record<string, readonly string[]>>
}): string | undefined {
  return (
    alert.event ??
    Object.values(alert.steps ?? {})
      .at(-1)
      ?.at(-1)
  )
}
