import type { Element } from '#shared/cep/pattern'
import { limits } from '#shared/domain/limits'
import { formatDuration } from '#shared/domain/time'
import { bool } from '#shared/domain/value-type'
import { type PopulationPlan, planPopulation } from '#shared/features/plan-population'
import type { Expression } from '#shared/rule-language/expression'
import { operationsOf } from '#shared/rule-language/operation-count'
import type { Feature, Rule, RuleSet, SourcePosition, StepPlaces } from '#shared/rule-language/rule-set'
import { elementAt, type PatternCost, pathsOf, patternCost, type StepPath, withPlain } from './pattern-cost.ts'
import { type StateBytes, stateBytes } from './state-bytes.ts'

/** What one rule costs, for each account (or other key) and for each event, if it stood alone: rules share what they have in common. */
export interface RuleCost {
  readonly rule: Rule
  readonly bytesPerAccount: StateBytes & {
    /** Events in its windows that `atEvents` and all below are about. */
    readonly events: number
    /** What its open runs may take besides, if each of these events does its worst. */
    readonly openRuns: number
  }
  /** The last of these events, if each does its worst. */
  readonly workPerEvent: {
    /** As fuel counts them; no event costs more than `limits.operationsPerEventMax`. */
    readonly operations: number
    /** Those that do not depend on open runs. */
    readonly withoutRuns: number
    /** Open runs and matches, as if no bound were put on them; 0 for a condition. */
    readonly runs: number
    readonly matches: number
  }
  /** The part that takes the largest share of what a rule may cost, in bytes or operations. */
  readonly dearest: Construct
  /** Its open runs, by the element that makes them dear; undefined: it is no pattern. */
  readonly runs: Construct | undefined
  /** The dearest in bytes without open runs, and the dearest in operations without them. */
  readonly dearestBytes: Construct
  readonly dearestWork: Construct
}

/** A part of a rule, and what it adds to its cost. */
export interface Construct {
  readonly kind: 'where' | 'feature' | 'when' | 'steps' | 'runs' | 'message'
  /** As people call it: `feature "usual" (avg over 30d)`. */
  readonly name: string
  readonly place: SourcePosition
  readonly bytes: number
  readonly operations: number
  /** Of runs: how the element that makes them would make fewer. */
  readonly remedy?: string
}

/** A busy account in a month. */
export const costedEvents = 20

/** Costs of all rules, in their order. Pure; takes a few milliseconds for a rule. */
export const costOf = (ruleSet: RuleSet): readonly RuleCost[] => ruleSet.rules.map((rule) => ruleCost(ruleSet, rule))

function ruleCost(ruleSet: RuleSet, rule: Rule): RuleCost {
  const planned = new Planned(ruleSet, rule)
  const state = planned.bytes(rule)
  const runs = rule.body.kind === 'pattern' ? patternCost(rule.body, costedEvents) : undefined
  const ofState = stateful(planned, rule)
  const ofPattern = runs && ofRuns(rule, runs)
  const withoutRuns = sum(ofState.map(({ operations }) => operations))
  return {
    rule,
    bytesPerAccount: { ...state, events: costedEvents, openRuns: runs?.bytes ?? 0 },
    workPerEvent: {
      operations: withoutRuns + (runs?.operations ?? 0),
      withoutRuns,
      runs: runs?.runs ?? 0,
      matches: runs?.matches ?? 0,
    },
    dearest: most(ofPattern === undefined ? ofState : [...ofState, ofPattern], shareOf),
    runs: ofPattern,
    dearestBytes: most(ofState, ({ bytes }) => bytes),
    dearestWork: most(ofState, ({ operations }) => operations),
  }
}

const shareOf = ({ bytes, operations }: Construct): number =>
  Math.max(bytes / limits.bytesPerAccountMax, operations / limits.operationsPerEventMax)

function most(constructs: readonly Construct[], of: (construct: Construct) => number): Construct {
  return constructs.reduce((best, construct) => (of(construct) > of(best) ? construct : best))
}

/** Plans parts of one rule as if they stood alone. */
class Planned {
  readonly #ruleSet: RuleSet
  readonly #types: readonly number[]

  constructor(ruleSet: RuleSet, rule: Rule) {
    this.#ruleSet = ruleSet
    this.#types = ruleSet.events.types.flatMap(({ keys }, type) =>
      keys.some(({ key }) => key === rule.by) ? [type] : [],
    )
  }

  plan(rule: Rule): PopulationPlan {
    return planPopulation({ events: this.#ruleSet.events, key: rule.by, types: this.#types, rules: [rule] })
  }

  bytes(rule: Rule): StateBytes {
    return stateBytes(this.plan(rule), rule.body.kind === 'pattern' ? 1 : 0, costedEvents)
  }

  /** Bytes at so many events, before they are rounded. */
  exactBytes(rule: Rule): number {
    const { perEvent } = this.bytes(rule)
    return perEvent * costedEvents + this.plan(rule).accumulators.length * 8
  }
}

/** Parts of a rule other than its runs. Their bytes are what each adds to those before it. */
function stateful(planned: Planned, rule: Rule): readonly Construct[] {
  const { places } = rule
  const bare: Rule = { ...rule, where: undefined, features: [], body: holdsAlways, message: undefined }
  const none = planned.exactBytes(bare)
  const withFeatures: Rule = { ...bare, where: rule.where, features: rule.features }
  const withBody: Rule = { ...withFeatures, body: rule.body }
  const constructs: Construct[] = [
    ...rule.features.map((feature, i): Construct => {
      const alone = { ...bare, where: rule.where, features: [feature] }
      return {
        kind: 'feature',
        name: `feature "${feature.name}" (${featureText(feature)})`,
        place: places.features[i],
        bytes: planned.exactBytes(alone) - none,
        operations: operationsIn([feature.where, feature.of]) + windowOperations(planned.plan(alone)),
      }
    }),
  ]
  if (rule.where !== undefined && places.where !== undefined)
    constructs.push({
      kind: 'where',
      name: 'where',
      place: places.where,
      bytes: planned.exactBytes({ ...bare, where: rule.where }) - none,
      operations: operationsOf(rule.where),
    })
  constructs.push({
    kind: rule.body.kind === 'pattern' ? 'steps' : 'when',
    name: rule.body.kind === 'pattern' ? 'what its steps ask of events' : 'when',
    place: places.body,
    bytes: planned.exactBytes(withBody) - planned.exactBytes(withFeatures),
    operations: operationsIn(rule.body.kind === 'pattern' ? rule.body.conditions : [rule.body.when]),
  })
  if (rule.message !== undefined && places.message !== undefined)
    constructs.push({
      kind: 'message',
      name: 'message',
      place: places.message,
      bytes: planned.exactBytes(rule) - planned.exactBytes(withBody),
      operations: operationsIn(rule.message.map((part) => (typeof part === 'string' ? undefined : part))),
    })
  return constructs
}

const holdsAlways: Rule['body'] = { kind: 'condition', when: { op: 'constant', type: bool, value: true } }

const operationsIn = (expressions: readonly (Expression | undefined)[]): number =>
  sum(expressions.map((e) => (e === undefined ? 0 : operationsOf(e))))

/** The event enters each window, and all others may leave it at once. */
const windowOperations = ({ accumulators, extremes, links }: PopulationPlan): number =>
  (accumulators.length + extremes.length + links.length) * (costedEvents + 1)

/** The element of the pattern without whose repetition the runs would cost least stands for all. */
function ofRuns(rule: Rule, { bytes, operations }: PatternCost): Construct {
  const { places, body } = rule
  const cost = { bytes, operations }
  const path = body.kind === 'pattern' ? dearestElement(body) : undefined
  if (body.kind !== 'pattern' || path === undefined)
    return { kind: 'runs', name: 'open runs of the pattern', place: places.body, ...cost }
  const at = placesAt(places.steps, path)
  const element = elementAt(body.pattern, path)
  return {
    kind: 'runs',
    name: `runs by ${elementText(element)}`,
    place: at.times ?? at.step,
    ...cost,
    remedy: remedyOf(element),
  }
}

function dearestElement(body: Rule['body'] & { kind: 'pattern' }): StepPath | undefined {
  let best: { path: StepPath; operations: number } | undefined
  for (const path of pathsOf(body.pattern.steps)) {
    const pattern = withPlain(body.pattern, path)
    if (pattern === undefined) continue
    const { operations } = patternCost({ ...body, pattern }, costedEvents)
    if (best === undefined || operations < best.operations) best = { path, operations }
  }
  return best?.path
}

function placesAt(steps: readonly StepPlaces[], [index, ...rest]: StepPath): StepPlaces {
  return rest.length === 0 ? steps[index] : placesAt(steps[index].steps, rest)
}

function elementText({ kind, name, contiguity, times, inner, optional }: Element): string {
  const ways = [
    contiguity === 'followedByAny' ? 'followedByAny' : undefined,
    times === null
      ? undefined
      : `times: ${times.from}${times.to === null ? '+' : times.to === times.from ? '' : `..${times.to}`}`,
    inner === 'any' ? 'inner: any' : undefined,
    optional ? 'optional' : undefined,
  ].filter((way) => way !== undefined)
  return `${kind} "${name}" (${ways.join(', ')})`
}

function remedyOf({ contiguity, times, inner, optional }: Element): string {
  const ways = [
    inner === 'any' ? 'leave out "inner: any"' : undefined,
    contiguity === 'followedByAny' ? 'write followedBy in place of followedByAny' : undefined,
    optional ? 'leave out "optional"' : undefined,
    times?.to === null ? 'give "times" an upper end' : undefined,
  ].filter((way) => way !== undefined)
  return ways.length === 0 ? 'lower "times"' : ways.join(', or ')
}

function featureText({ kind, overMs, events }: Feature): string {
  const over = overMs === undefined ? '' : ` over ${formatDuration(overMs)}`
  return `${kind}${over}${events === undefined ? '' : `, last ${events} events`}`
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
