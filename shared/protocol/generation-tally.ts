import type { AlertRevision, DecisionRevision } from '#shared/actor/alert'
import { alertStatuses } from '#shared/actor/alert'
import type { Engine } from '#shared/actor/engine'
import { type ProblemReason, problemReasons } from '#shared/domain/problem'
import { outcomes, type RuleSet } from '#shared/rule-language/rule-set'

/**
 * What one rule set found since it came into force here or since the start, for metrics, as data that may go to another thread. Arrays
 * by rule and scenario are in the order of the names; a second index runs fastest.
 */
export interface TallyView {
  readonly rules: readonly string[]
  readonly scenarios: readonly string[]
  readonly evaluations: Float64Array
  readonly hits: Float64Array
  readonly outOfFuel: Float64Array
  readonly badValue: Float64Array
  /** Milliseconds, by estimate. */
  readonly time: Float64Array
  /** Things that a bound refused; kept over restarts. */
  readonly refused: Float64Array
  /** By rule and `alertStatuses`. */
  readonly alerts: Float64Array
  /** By `outcomes`: first decisions on events that were judged. */
  readonly decisions: Float64Array
  /** By scenario and `outcomes`: what each scenario alone says of the events that it scored and were decided on. */
  readonly scenarioOutcomes: Float64Array
  /** Decisions that changed after they were told. */
  readonly amended: number
  /** By `problemReasons`: records that hold no event. */
  readonly undecodable: Float64Array
  readonly passivated: number
  readonly loaded: number
  readonly truncatedRecords: number
}

/** Counts what a generation tells. Nothing that it finds depends on it. */
export class GenerationTally {
  passivated = 0
  loaded = 0
  readonly #ruleSet: RuleSet
  readonly #rules: readonly string[]
  readonly #scenarios: readonly string[]
  readonly #scenarioNumbers: ReadonlyMap<string, number>
  readonly #alerts: Float64Array
  readonly #decisions = new Float64Array(outcomes.length)
  readonly #scenarioOutcomes: Float64Array
  readonly #undecodable = new Float64Array(problemReasons.length)
  #amended = 0

  constructor(ruleSet: RuleSet) {
    this.#ruleSet = ruleSet
    this.#rules = ruleSet.rules.map(({ name }) => name)
    this.#scenarios = ruleSet.scenarios.map(({ name }) => name)
    this.#scenarioNumbers = new Map(this.#scenarios.map((name, scenario) => [name, scenario]))
    this.#alerts = new Float64Array(this.#rules.length * alertStatuses.length)
    this.#scenarioOutcomes = new Float64Array(this.#scenarios.length * outcomes.length)
  }

  alert({ hit, status }: AlertRevision): void {
    this.#alerts[hit.rule * alertStatuses.length + alertStatuses.indexOf(status)]++
  }

  decision({ decision, revision }: DecisionRevision): void {
    if (revision > 1) {
      this.#amended++
      return
    }
    this.#decisions[(outcomes as readonly string[]).indexOf(decision.outcome)]++
    for (const [name, score] of Object.entries(decision.scenarios)) {
      const scenario = this.#scenarioNumbers.get(name)
      if (scenario !== undefined) this.#scenarioOutcomes[scenario * outcomes.length + this.#gravest(scenario, score)]++
    }
  }

  undecodable(reason: ProblemReason): void {
    this.#undecodable[problemReasons.indexOf(reason)]++
  }

  /** What came before no longer counts: the generation comes into force. */
  clear(engine: Engine): void {
    engine.tally.clear()
    for (const numbers of [this.#alerts, this.#decisions, this.#scenarioOutcomes, this.#undecodable]) numbers.fill(0)
    this.#amended = this.passivated = this.loaded = 0
  }

  /** Arrays are those that go on counting: another thread is sent copies. */
  view({ tally, ruleCounts, truncatedRecords }: Engine): TallyView {
    return {
      rules: this.#rules,
      scenarios: this.#scenarios,
      evaluations: tally.evaluations,
      hits: tally.hits,
      outOfFuel: tally.outOfFuel,
      badValue: tally.badValue,
      time: tally.time,
      refused: Float64Array.from(ruleCounts, ({ refused }) => refused),
      alerts: this.#alerts,
      decisions: this.#decisions,
      scenarioOutcomes: this.#scenarioOutcomes,
      amended: this.#amended,
      undecodable: this.#undecodable,
      passivated: this.passivated,
      loaded: this.loaded,
      truncatedRecords,
    }
  }

  #gravest(scenario: number, score: number): number {
    const reached = this.#ruleSet.scenarios[scenario].outcomes.findLast(({ threshold }) => score >= threshold)
    return reached === undefined ? 0 : outcomes.indexOf(reached.outcome)
  }
}
