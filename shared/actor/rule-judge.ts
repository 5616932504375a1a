import { invariant } from '#shared/domain/invariant'
import { RuleFault } from '#shared/domain/rule-fault'
import type { FeatureReader } from '#shared/features/feature-reader'
import { reservedBits } from '#shared/features/layout'
import { noFilter } from '#shared/features/plan'
import type { PlannedRule } from '#shared/features/plan-population'
import { dependsOnEventOnly, mayFault } from '#shared/rule-language/analysis'
import { formatValue, numberClosure, textClosure } from '#shared/rule-language/evaluate'
import type { Expression } from '#shared/rule-language/expression'
import type { Rule } from '#shared/rule-language/rule-set'
import { recordLeaves } from './record-leaves.ts'
import { type RuleView, textOf } from './rule-view.ts'

/** One rule of a population, compiled: what it sees, when it holds, what it says. */
export class RuleJudge {
  /** Index into `RuleSet.rules`. */
  readonly index: number
  readonly rule: Rule
  readonly planned: PlannedRule
  readonly view: RuleView
  readonly #reader: FeatureReader
  /** What the rule sees, as bits that must be set. */
  readonly #seen: readonly RequiredBits[]
  /** The same and the event-only parts of its condition. */
  readonly #required: readonly RequiredBits[]
  readonly #condition: (() => number) | undefined
  readonly #message: readonly (string | (() => string))[] | undefined

  constructor(index: number, rule: Rule, planned: PlannedRule, view: RuleView, reader: FeatureReader) {
    this.index = index
    this.rule = rule
    this.planned = planned
    this.view = view
    this.#reader = reader
    const leaves = recordLeaves(view)
    const sees = planned.sees === noFilter ? [] : [planned.sees]
    const parts = rule.body.kind === 'condition' ? conjuncts(rule.body.when) : []
    const guards = guardsOf(parts)
    this.#seen = requiredBits(sees)
    this.#required = requiredBits([...sees, ...guards.map((guard) => predicateOf(guard, view))])
    const rest = parts.filter((part) => !guards.includes(part)).map((part) => numberClosure(part, leaves))
    this.#condition = rest.length === 0 ? undefined : rest.length === 1 ? rest[0] : allOf(rest)
    this.#message = rule.message?.map((part) => (typeof part === 'string' ? part : formatter(part, view)))
  }

  /** Whether the rule sees the record in the registers. */
  get sees(): boolean {
    return hasAll(this.view.registers.X, this.#seen)
  }

  /** Whether the condition holds for the record in the registers. May throw a RuleFault. */
  holds(): boolean {
    return hasAll(this.view.registers.X, this.#required) && (this.#condition === undefined || this.#condition() === 1)
  }

  /** Whether something that the rule needs could not be computed for the record in the registers. */
  isFaulted(): boolean {
    const { registers, plan } = this.view
    if (this.planned.faults.length > 0)
      for (const fault of this.planned.faults) if (registers.hasFault(plan, fault)) return true
    // What the reader says is about the newest record; that the runs are stepped by may be an older one, which has a bit for it.
    return (
      !this.view.isStepped &&
      this.#reader.faults.size > 0 &&
      this.planned.features.some((f) => this.#reader.faults.has(f))
    )
  }

  /** Values of the rule's features in memory form. */
  featureValues(): (number | string | undefined)[] {
    const { registers, history, plan } = this.view
    return this.planned.features.map((feature) => {
      const value = registers.R[registers.featuresBase + feature]
      if (plan.features[feature].isText) return textOf(history, value)
      return !Number.isNaN(value) ? value : undefined
    })
  }

  /** The message of a hit, with the values of the record in the registers and of the run in the view. */
  message(): string | undefined {
    return this.#message?.map((part) => (typeof part === 'string' ? part : part())).join('')
  }
}

const isEventOnly = (e: Expression): boolean => e.op !== 'constant' && dependsOnEventOnly(e) && !mayFault(e)

/** Bits of one word of a record that must be set. */
interface RequiredBits {
  readonly word: number
  readonly mask: number
}

function requiredBits(predicates: readonly number[]): readonly RequiredBits[] {
  const masks = new Map<number, number>()
  for (const predicate of predicates) {
    const bit = predicate + reservedBits
    masks.set(bit >> 5, ((masks.get(bit >> 5) ?? 0) | (1 << (bit & 31))) >>> 0)
  }
  return [...masks].map(([word, mask]) => ({ word, mask }))
}

function hasAll(X: Uint32Array, required: readonly RequiredBits[]): boolean {
  for (let i = 0; i < required.length; i++)
    if ((X[required[i].word] & required[i].mask) >>> 0 !== required[i].mask) return false
  return true
}

/** The operands of a chain of `&&`, from left to right, down to those that the plan keeps as one bit. */
function conjuncts(e: Expression): readonly Expression[] {
  return e.op === 'and' && !isEventOnly(e) ? e.args.flatMap(conjuncts) : [e]
}

/** Parts that depend on the event alone are tested first, but none across a part that may fault: whether that is reached can be seen. */
function guardsOf(parts: readonly Expression[]): readonly Expression[] {
  const fallible = parts.findIndex(mayFault)
  return parts.slice(0, fallible < 0 ? parts.length : fallible).filter(isEventOnly)
}

function predicateOf(guard: Expression, { plan }: RuleView): number {
  const predicate = plan.predicateOf(guard)
  invariant(predicate !== undefined, 'every event-only condition of a rule has a predicate')
  return predicate
}

const allOf = (closures: readonly (() => number)[]) => (): number => {
  for (const closure of closures) if (closure() !== 1) return 0
  return 1
}

/** A part of a message that cannot be judged reads as absent: a message never costs a hit. */
function formatter(part: Expression, view: RuleView): () => string {
  const leaves = recordLeaves(view)
  const read: () => number | string | undefined =
    part.type.kind === 'string' ? textClosure(part, leaves) : numberClosure(part, leaves)
  return () => {
    try {
      return formatValue(read(), part.type)
    } catch (fault) {
      if (!(fault instanceof RuleFault)) throw fault
      return formatValue(undefined, part.type)
    }
  }
}
