import type { EventSchema } from '#shared/domain/event-schema'
import { invariant } from '#shared/domain/invariant'
import { powerOfTen } from '#shared/domain/money'
import { dependsOnEventOnly, expressionKey, mayFault } from '#shared/rule-language/analysis'
import { type Expression, operands } from '#shared/rule-language/expression'
import type { Feature, Rule } from '#shared/rule-language/rule-set'
import { Interner } from './interner.ts'
import {
  type Accumulator,
  type AccumulatorKind,
  type Column,
  type Cursor,
  type Extreme,
  type Fallible,
  type Link,
  noCursor,
  noFilter,
  type Plan,
  type PlannedFeature,
  type Predicate,
  type Window,
} from './plan.ts'

/** Where the parts of one rule ended up in the plan. */
export interface PlannedRule {
  /** Predicate "the rule sees the event", or noFilter. */
  readonly sees: number
  /** By number of the rule's feature: the planned feature. */
  readonly features: readonly number[]
  /**
   * Faults (indexes into `Plan.faults`) that fault the rule for an event, whatever else it is judged by. Those of columns do not: a
   * condition that stops before it reads the column is not faulted, and what a feature does not count is not asked for its value.
   */
  readonly faults: readonly number[]
}

export interface PopulationPlan extends Plan {
  readonly rules: readonly PlannedRule[]
  /** Predicate of an event-only condition inside a rule's expressions. */
  predicateOf(condition: Expression): number | undefined
  /** Column of an event-only value. */
  columnOf(kind: 'number' | 'hash' | 'text', of: Expression): number | undefined
  /** Fault (index into `Plan.faults`) that a column has where it could not be computed; undefined: it always can. */
  faultOfColumn(column: number): number | undefined
  /** Column that keeps a planned feature's value. */
  featureColumnOf(feature: number): number | undefined
}

/**
 * Plans the population of one key for the rules that are kept by it.
 * @param types event types that reach the population
 */
export function planPopulation(options: {
  events: EventSchema
  key: number
  types: readonly number[]
  rules: readonly Rule[]
}): PopulationPlan {
  return new Planner(options.events, options.key, options.types).plan(options.rules)
}

class Planner {
  readonly #events: EventSchema
  readonly #key: number
  readonly #types: readonly number[]
  readonly #predicates = new Interner<Predicate>()
  readonly #columns = new Interner<Column>()
  readonly #cursors = new Interner<Cursor>()
  readonly #accumulators = new Interner<Accumulator>()
  readonly #links = new Interner<Link>()
  readonly #extremes = new Interner<Extreme>()
  readonly #features = new Interner<PlannedFeature>()
  readonly #faults = new Interner<Fallible>()
  /** Those of the rule being planned. */
  #ruleFaults = new Set<number>()

  constructor(events: EventSchema, key: number, types: readonly number[]) {
    this.#events = events
    this.#key = key
    this.#types = types
  }

  plan(rules: readonly Rule[]): PopulationPlan {
    this.#internTimeCursors(rules)
    const planned = rules.map((rule) => this.#planRule(rule))
    return {
      events: this.#events,
      key: this.#key,
      predicates: this.#predicates.items,
      columns: this.#columns.items,
      faults: this.#faults.items,
      cursors: this.#cursors.items,
      accumulators: this.#accumulators.items,
      links: this.#links.items,
      extremes: this.#extremes.items,
      features: this.#features.items,
      reachMs: Math.max(0, ...this.#cursors.items.map((c) => (c.kind === 'time' ? c.backMs : 0))),
      rules: planned,
      predicateOf: (condition) => this.#predicates.find(predicateKey(undefined, [condition], undefined)),
      columnOf: (kind, of) => this.#columns.find(`${kind} ${expressionKey(of)}`),
      faultOfColumn: (column) => this.#faults.find(`column ${column}`),
      featureColumnOf: (feature) => this.#columns.find(`feature ${feature}`),
    }
  }

  /** Time cursors first, in ascending distance, so that moving them in order moves each window's end before its start. */
  #internTimeCursors(rules: readonly Rule[]): void {
    const distances = new Set<number>()
    for (const { features } of rules)
      for (const { overMs, delayMs } of features) {
        if (delayMs > 0) distances.add(delayMs)
        if (overMs !== undefined) distances.add(delayMs + overMs)
      }
    for (const backMs of [...distances].sort((a, b) => a - b)) this.#timeCursor(backMs)
  }

  #planRule(rule: Rule): PlannedRule {
    this.#ruleFaults = new Set()
    const types = this.#types.every((type) => rule.on.includes(type)) ? undefined : new Set(rule.on)
    const where = rule.where === undefined ? [] : [rule.where]
    const sees = this.#predicate(types, where, undefined)
    const features = rule.features.map((feature) => this.#planFeature(rule, feature, types, where))
    const isStepped = rule.body.kind === 'pattern'
    if (isStepped)
      for (const feature of features)
        if (overflowing.has(this.#features.items[feature].kind)) this.#ruleFaults.add(this.#fault('feature', feature))
    const expressions = rule.body.kind === 'condition' ? [rule.body.when] : rule.body.conditions
    for (const expression of expressions) this.#planExpression(expression, features, isStepped)
    for (const part of rule.message ?? []) if (typeof part !== 'string') this.#planExpression(part, features, false)
    return {
      sees,
      features,
      faults: [...this.#ruleFaults],
    }
  }

  #planFeature(
    rule: Rule,
    feature: Feature,
    types: ReadonlySet<number> | undefined,
    where: readonly Expression[],
  ): number {
    const { of, kind } = feature
    const conditions = feature.where === undefined ? where : [...where, feature.where]
    const present =
      of !== undefined && kind !== 'share' && (mayFault(of) || this.#canBeAbsent(of, rule.on)) ? of : undefined
    const filter = this.#predicate(types, conditions, present)
    const window = this.#window(feature, filter)
    const planned = { ...this.#valueOf(feature, { types, conditions, filter, window }), window }
    return this.#features.intern(JSON.stringify(planned), () => planned)
  }

  #valueOf(
    feature: Feature,
    counted: {
      types: ReadonlySet<number> | undefined
      conditions: readonly Expression[]
      filter: number
      window: Window
    },
  ): PlannedFeature {
    const { of, kind } = feature
    const { filter, window } = counted
    const base = {
      window,
      count: -1,
      source: -1,
      squares: -1,
      column: -1,
      isText: false,
      scale: of?.type.kind === 'money' ? powerOfTen[of.type.decimals] : 1,
      excludeCurrent: feature.excludeCurrent,
      withinMs: Number.POSITIVE_INFINITY,
    }
    const count = (): number => (filter === noFilter ? -1 : this.#accumulator('count', filter, -1, window))
    const isDouble = of?.type.kind === 'double'
    switch (kind) {
      case 'count':
        return { ...base, kind: 'count', count: count() }
      case 'share': {
        const holds = this.#predicate(counted.types, [...counted.conditions, required(of)], undefined)
        return { ...base, kind: 'share', count: count(), source: this.#accumulator('count', holds, -1, window) }
      }
      case 'sum':
      case 'avg': {
        const column = this.#column('number', required(of))
        const source = this.#accumulator(isDouble ? 'expansion' : 'sum', filter, column, window)
        return { ...base, kind: isDouble ? `double-${kind}` : kind, count: count(), source, column }
      }
      case 'stddev': {
        const column = this.#column('number', required(of))
        const source = this.#accumulator(isDouble ? 'expansion' : 'sum', filter, column, window)
        const squares = this.#accumulator(isDouble ? 'expansion-squares' : 'squares', filter, column, window)
        return { ...base, kind: isDouble ? 'double-stddev' : 'stddev', count: count(), source, squares, column }
      }
      case 'distinct': {
        const column = this.#column(required(of).type.kind === 'string' ? 'hash' : 'number', required(of))
        const link = this.#links.intern(`${filter} ${column}`, () => ({ filter, column }))
        return { ...base, kind: 'distinct', source: this.#accumulator('distinct', filter, link, window) }
      }
      case 'min':
      case 'max': {
        const extreme: Extreme = {
          filter,
          column: this.#column('number', required(of)),
          sign: kind === 'max' ? 1 : -1,
          high: window.high,
        }
        return { ...base, kind: 'extreme', source: this.#extremes.intern(JSON.stringify(extreme), () => extreme) }
      }
      case 'first':
      case 'last': {
        const isText = required(of).type.kind === 'string'
        const column = this.#column(isText ? 'text' : 'number', required(of))
        return { ...base, kind: 'at-position', source: this.#accumulator(kind, filter, -1, window), column, isText }
      }
      case 'elapsed': {
        const source = this.#accumulator('last', filter, -1, { low: noCursor, high: noCursor })
        const withinMs = feature.overMs ?? Number.POSITIVE_INFINITY
        return { ...base, kind: 'elapsed', source, excludeCurrent: true, withinMs }
      }
    }
  }

  #window(feature: Feature, filter: number): Window {
    const { overMs, delayMs, events } = feature
    const high = delayMs === 0 ? noCursor : this.#timeCursor(delayMs)
    const time = overMs === undefined ? noCursor : this.#timeCursor(delayMs + overMs)
    if (events === undefined) return { low: time, high }
    const count = this.#cursors.intern(`count ${filter} ${events}`, () => ({ kind: 'count', filter, events }))
    if (filter !== noFilter) this.#accumulator('count', filter, -1, { low: count, high: noCursor })
    if (time === noCursor) return { low: count, high }
    const low = this.#cursors.intern(`both ${time} ${count} ${high}`, () => ({ kind: 'both', time, count, high }))
    return { low, high }
  }

  #timeCursor(backMs: number): number {
    return this.#cursors.intern(`time ${backMs}`, () => ({ kind: 'time', backMs }))
  }

  #accumulator(kind: AccumulatorKind, filter: number, source: number, window: Window): number {
    const accumulator: Accumulator = { kind, filter, source, window }
    return this.#accumulators.intern(JSON.stringify(accumulator), () => accumulator)
  }

  #predicate(
    types: ReadonlySet<number> | undefined,
    conditions: readonly Expression[],
    present: Expression | undefined,
  ): number {
    if (types === undefined && conditions.length === 0 && present === undefined) return noFilter
    const index = this.#predicates.intern(predicateKey(types, conditions, present), () => ({
      types,
      conditions,
      present,
    }))
    if (conditions.some(mayFault) || (present !== undefined && mayFault(present)))
      this.#ruleFaults.add(this.#fault('predicate', index))
    return index
  }

  #fault(part: Fallible['part'], index: number): number {
    return this.#faults.intern(`${part} ${index}`, () => ({ part, index }))
  }

  #column(kind: 'number' | 'hash' | 'text', of: Expression): number {
    const index = this.#columns.intern(`${kind} ${expressionKey(of)}`, () => ({ kind, of }))
    if (mayFault(of)) this.#fault('column', index)
    return index
  }

  /**
   * Gives every part of a judged expression its place: maximal event-only conditions become predicates, event-only leaves become columns.
   * Parts that may fault stay closures, since they must be judged in their order.
   */
  #planExpression(e: Expression, features: readonly number[], isStepped: boolean): void {
    if (e.op === 'constant') return
    if (e.type.kind === 'bool' && dependsOnEventOnly(e) && !mayFault(e)) {
      this.#predicate(undefined, [e], undefined)
      return
    }
    if (e.op === 'and') {
      // A chain is judged operand by operand, so each has its own place.
      for (const operand of e.args) this.#planExpression(operand, features, isStepped)
      return
    }
    if (e.op === 'feature') {
      if (isStepped)
        this.#columns.intern(`feature ${features[e.feature]}`, () => ({
          kind: 'feature',
          feature: features[e.feature],
        }))
      return
    }
    if (e.op === 'field' || e.op === 'envelope' || (dependsOnEventOnly(e) && hasCollection(e))) {
      this.#leafColumn(e)
      return
    }
    if (e.op === 'step-aggregate') {
      if (e.of !== undefined) this.#column('number', e.of)
      return
    }
    if (e.op === 'step-element') {
      this.#leafColumn(e.of)
      return
    }
    for (const operand of operands(e)) this.#planExpression(operand, features, isStepped)
  }

  /** Times and ids stand in every record; other leaves need a column of their own. */
  #leafColumn(leaf: Expression): void {
    if (leaf.op === 'envelope' && (leaf.name === 'at' || leaf.name === 'id')) return
    this.#column(leaf.type.kind === 'string' ? 'text' : 'number', leaf)
  }

  #canBeAbsent(e: Expression, on: readonly number[]): boolean {
    switch (e.op) {
      case 'constant':
      case 'key':
        return false
      case 'envelope':
        return e.name === 'receivedAt'
      case 'field':
        return on.some(
          (type) => this.#events.types[type].fields.find(({ field }) => field === e.field)?.optional ?? true,
        )
      case 'call':
      case 'index':
      case 'variable':
        return true
      default:
        return operands(e).some((operand) => this.#canBeAbsent(operand, on))
    }
  }
}

/** Kinds whose exact sum may leave the range of its type. */
const overflowing: ReadonlySet<PlannedFeature['kind']> = new Set(['sum', 'avg', 'stddev', 'double-sum', 'double-avg'])

function predicateKey(
  types: ReadonlySet<number> | undefined,
  conditions: readonly Expression[],
  present: Expression | undefined,
): string {
  const typesKey = types === undefined ? '' : [...types].join()
  return `${typesKey} | ${conditions.map(expressionKey).join(' && ')} | ${present === undefined ? '' : expressionKey(present)}`
}

/** Lists and maps are not kept in records: what is computed from them is. */
const hasCollection = (e: Expression): boolean =>
  e.type.kind === 'list' || e.type.kind === 'map' || operands(e).some(hasCollection)

function required(of: Expression | undefined): Expression {
  invariant(of !== undefined, 'a feature that aggregates names what it aggregates')
  return of
}
