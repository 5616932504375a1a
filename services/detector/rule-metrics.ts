import { alertStatuses } from '#shared/actor/alert'
import { problemReasons } from '#shared/domain/problem'
import type { TallyView } from '#shared/protocol/generation-tally'
import { outcomes } from '#shared/rule-language/rule-set'
import type { MetricSamples, MetricSource } from '#shared/telemetry/metric-samples'
import type { HostedOwner } from './hosted-owner.ts'

/**
 * What the rules found, over all partitions. Names are those of the rule set in force: those of an older one go with it, so that the number of
 * series is bounded by one rule set.
 */
export class RuleMetrics implements MetricSource {
  readonly #owners: readonly HostedOwner[]
  readonly #lateOutcome: string

  /** @param lateOutcome what a decision on a late event says */
  constructor(owners: readonly HostedOwner[], lateOutcome: string) {
    this.#owners = owners
    this.#lateOutcome = lateOutcome
  }

  writeMetrics(samples: MetricSamples): void {
    const tallies = this.#owners.flatMap(({ view }) => (view.tally === undefined ? [] : [view.tally]))
    const { rules, scenarios } = tallies.at(-1) ?? { rules: [], scenarios: [] }
    // While a partition is on its way to the rule set in force, what it counts is not of these names.
    const same = tallies.filter((tally) => isSame(tally.rules, rules) && isSame(tally.scenarios, scenarios))
    const sum = (numbers: (tally: TallyView) => Float64Array, i: number): number =>
      same.reduce((total, tally) => total + numbers(tally)[i], 0)
    for (const [i, rule] of rules.entries()) {
      samples.number(
        'vigil.rule.evaluations',
        sum((tally) => tally.evaluations, i),
        { rule },
      )
      samples.number(
        'vigil.rule.hits',
        sum((tally) => tally.hits, i),
        { rule },
      )
      samples.number(
        'vigil.rule.faults',
        sum((tally) => tally.outOfFuel, i),
        { rule, reason: 'out-of-fuel' },
      )
      samples.number(
        'vigil.rule.faults',
        sum((tally) => tally.badValue, i),
        { rule, reason: 'bad-value' },
      )
      samples.number(
        'vigil.rule.refused',
        sum((tally) => tally.refused, i),
        { rule },
      )
      samples.number('vigil.rule.time', sum((tally) => tally.time, i) / 1_000, { rule })
      for (const [s, status] of alertStatuses.entries()) {
        const value = sum((tally) => tally.alerts, i * alertStatuses.length + s)
        samples.number('vigil.rule.alerts', value, { rule, status })
      }
    }
    for (const [i, scenario] of scenarios.entries())
      for (const [o, outcome] of outcomes.entries()) {
        const value = sum((tally) => tally.scenarioOutcomes, i * outcomes.length + o)
        samples.number('vigil.scenario.outcomes', value, { scenario, outcome })
      }
    const late = this.#owners.reduce((total, { view }) => total + view.counts.lateDecisions, 0)
    for (const [o, outcome] of outcomes.entries()) {
      const value = sum((tally) => tally.decisions, o) + (outcome === this.#lateOutcome ? late : 0)
      samples.number('vigil.decisions', value, { outcome })
    }
    samples.number(
      'vigil.decisions.amended',
      same.reduce((total, { amended }) => total + amended, 0),
    )
    const conflicts = this.#owners.reduce((total, { view }) => total + view.counts.conflicts, 0)
    for (const [i, reason] of problemReasons.entries())
      samples.number(
        'vigil.dead_letters',
        sum((tally) => tally.undecodable, i) + (reason === 'duplicate-conflict' ? conflicts : 0),
        {
          source: 'log',
          reason,
        },
      )
  }
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((name, i) => name === b[i]))
