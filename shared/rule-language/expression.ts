import type { ValueType } from '#shared/domain/value-type'

/**
 * A checked expression: every node has its type, names are resolved to numbers, literals are converted (`amount > 2.5` compares with 250).
 * The checker (`check-expression.ts`) makes these trees from CEL; the evaluator (`evaluate.ts`) makes closures of them.
 */
export type Expression =
  | { readonly op: 'constant'; readonly type: ValueType; readonly value: unknown }
  /** A declared field of the event; inside a step's element, of that element. Index into `EventSchema.fields`. */
  | { readonly op: 'field'; readonly type: ValueType; readonly field: number }
  | { readonly op: 'envelope'; readonly type: ValueType; readonly name: 'id' | 'at' | 'type' | 'receivedAt' }
  /** The value of the actor's key. */
  | { readonly op: 'key'; readonly type: ValueType }
  /** Index into the rule's features. */
  | { readonly op: 'feature'; readonly type: ValueType; readonly feature: number }
  /** `count(probe)`, `sum(probe.amount)`: over the events that the run has put into the step. */
  | {
      readonly op: 'step-aggregate'
      readonly type: ValueType
      readonly kind: 'count' | 'sum' | 'avg' | 'min' | 'max'
      readonly step: number
      /** What is aggregated, over each element; absent for count. */
      readonly of: Expression | undefined
    }
  /** `probe[0].amount`, `first(probe).amount`, `last(probe).amount`, `probe.amount` (the last). */
  | {
      readonly op: 'step-element'
      readonly type: ValueType
      readonly step: number
      readonly which: 'first' | 'last' | number
      readonly of: Expression
    }
  | { readonly op: 'not'; readonly type: ValueType; readonly args: readonly [Expression] }
  | { readonly op: 'and' | 'or'; readonly type: ValueType; readonly args: readonly [Expression, Expression] }
  /** Both sides have one scale: numbers of one unit, strings, bools, lists or maps of one type. */
  | { readonly op: Comparison; readonly type: ValueType; readonly args: readonly [Expression, Expression] }
  /** Exact: int, money, timestamp or duration; past ±(2^53 − 1) the rule is faulted. */
  | {
      readonly op: 'add-exact' | 'subtract-exact' | 'multiply-exact' | 'remainder'
      readonly type: ValueType
      readonly args: readonly [Expression, Expression]
    }
  /** Doubles; a result that is not finite faults the rule. Of type money only where a comparison scales a side, exact in effect (`operators.ts`). */
  | {
      readonly op: 'add' | 'subtract' | 'multiply' | 'divide'
      readonly type: ValueType
      readonly args: readonly [Expression, Expression]
    }
  | { readonly op: 'negate'; readonly type: ValueType; readonly args: readonly [Expression] }
  /** Money to a double in major units. */
  | {
      readonly op: 'major-units'
      readonly type: ValueType
      readonly args: readonly [Expression]
      readonly decimals: number
    }
  | {
      readonly op: 'conditional'
      readonly type: ValueType
      readonly args: readonly [Expression, Expression, Expression]
    }
  /** Whether the value is there: `has(merchant.country)`. Of an object, an `or` over its fields. */
  | { readonly op: 'has'; readonly type: ValueType; readonly args: readonly [Expression] }
  | { readonly op: 'in'; readonly type: ValueType; readonly args: readonly [Expression, Expression] }
  | { readonly op: 'list'; readonly type: ValueType; readonly args: readonly Expression[] }
  | { readonly op: 'index'; readonly type: ValueType; readonly args: readonly [Expression, Expression] }
  /** Name of a built-in function (`functions.ts` lists them with their signatures), `distanceKm`, or `concat`: `+` of texts or lists. */
  | { readonly op: 'call'; readonly type: ValueType; readonly name: string; readonly args: readonly Expression[] }
  /** `inList("name", value)`; index into `RuleSet.lists`. Entries expire in event time, so the caller of `evaluate.ts` says what a list holds. */
  | { readonly op: 'in-list'; readonly type: ValueType; readonly list: number; readonly args: readonly [Expression] }
  /** `text.matches("…")` by a linear-time engine; the pattern is a literal. */
  | { readonly op: 'matches'; readonly type: ValueType; readonly pattern: string; readonly args: readonly [Expression] }
  /** `tags.exists(t, t == "x")`; `variable` numbers the element for `op: 'variable'`, by the depth of nesting: equal macros are equal trees. */
  | {
      readonly op: 'exists' | 'all' | 'exists-one'
      readonly type: ValueType
      readonly variable: number
      readonly args: readonly [Expression, Expression]
    }
  | { readonly op: 'variable'; readonly type: ValueType; readonly variable: number }

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='

/** Direct sub-expressions. The element expression of a step or a macro body is one too. */
export function operands(e: Expression): readonly Expression[] {
  switch (e.op) {
    case 'constant':
    case 'field':
    case 'envelope':
    case 'key':
    case 'feature':
    case 'variable':
      return []
    case 'step-aggregate':
      return e.of === undefined ? [] : [e.of]
    case 'step-element':
      return [e.of]
    default:
      return e.args
  }
}
