import type { Automaton } from '#shared/cep/automaton'
import { compile } from '#shared/cep/compile'
import { Matcher } from '#shared/cep/matcher'
import type { Sink } from '#shared/cep/sink'
import { invariant } from '#shared/domain/invariant'
import { limits } from '#shared/domain/limits'
import type { History } from '#shared/features/history'
import { readsRun } from '#shared/rule-language/analysis'
import { numberClosure } from '#shared/rule-language/evaluate'
import { operationsOnRecord } from '#shared/rule-language/operation-count'
import type { PatternBody } from '#shared/rule-language/rule-set'
import { recordLeaves } from './record-leaves.ts'
import type { RuleJudge } from './rule-judge.ts'
import type { RuleView } from './rule-view.ts'

/** A pattern rule, made ready to be stepped. */
export interface RunningPattern {
  readonly judge: RuleJudge
  /** Number among the population's patterns. */
  readonly index: number
  readonly matcher: Matcher
  readonly automaton: Automaton
  /** Predicate without which an event opens no run; undefined where that takes more than a predicate. */
  readonly opening: number | undefined
  readonly endsInAbsence: boolean
  /** Time alone is moving the runs, no event. */
  isByTime: boolean
}

interface RunningPatternOptions {
  readonly judge: RuleJudge
  readonly index: number
  readonly history: History
  /** Is told what its runs find. */
  readonly sink: Sink
}

export function runningPattern({ judge, index, history, sink }: RunningPatternOptions): RunningPattern {
  const { body } = judge.rule
  invariant(body.kind === 'pattern', 'only pattern rules have runs')
  const leaves = recordLeaves(judge.view)
  const closures = body.conditions.map((condition) => {
    const closure = numberClosure(condition, leaves)
    if (!readsRun(condition)) return closure
    // Asked for every run; the others once for an event, which the check of the rule has bounded.
    const operations = operationsOnRecord(condition)
    return () => {
      matcher.fuel.use(operations)
      return closure()
    }
  })
  const automaton = compile(body.pattern, (condition) => readsRun(body.conditions[condition]))
  const matcher: Matcher = new Matcher({
    automaton,
    arena: history.arena,
    judge: { holds: (condition) => closures[condition]() === 1 },
    sink,
    runsMax: limits.runsPerPatternMax,
    eventsMax: limits.runEventsPerPatternMax,
  })
  judge.view.actor.taken = matcher.taken
  const opening = openingOf(body, judge.view)
  // The last step of all, or of a group that is last.
  const endsInAbsence = automaton.hasPending
  return { judge, index, matcher, automaton, opening, endsInAbsence, isByTime: false }
}

/** The condition of the first step, where it must be taken and depends on the event alone. */
function openingOf({ pattern, conditions }: PatternBody, { plan }: RuleView): number | undefined {
  const [first] = pattern.steps
  if (first.kind !== 'step' || first.optional || first.where < 0) return undefined
  return plan.predicateOf(conditions[first.where])
}
