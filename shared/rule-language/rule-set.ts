import type { Pattern } from '#shared/cep/pattern'
import type { EventSchema } from '#shared/domain/event-schema'
import type { ValueType } from '#shared/domain/value-type'
import type { Expression } from './expression.ts'

/** A rule set that was checked in full: everything the engine needs, nothing that it has to check again. Immutable. */
export interface RuleSet {
  /** Hash of the content of all files that decide results, hex. */
  readonly hash: string
  readonly events: EventSchema
  readonly lists: readonly NamedList[]
  readonly rules: readonly Rule[]
  readonly scenarios: readonly Scenario[]
}

export interface NamedList {
  readonly name: string
  readonly type: ValueType
  readonly entries: readonly { readonly value: string | number; readonly untilMs: number | undefined }[]
}

export const severities = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof severities)[number]

export interface Rule {
  readonly name: string
  /** First 12 hex digits of the hash of the rule's content. */
  readonly version: string
  readonly title: string
  /** Index into `EventSchema.keys`. */
  readonly by: number
  /** Indexes into `EventSchema.types`. */
  readonly on: readonly number[]
  /** Events that the rule sees at all. */
  readonly where: Expression | undefined
  readonly features: readonly Feature[]
  readonly body: Condition | PatternBody
  /** The condition or pattern in one line, as its author wrote it. */
  readonly written: string
  readonly score: number
  readonly severity: Severity
  readonly reason: string | undefined
  /** 0: none. */
  readonly cooldownMs: number
  readonly message: readonly (string | Expression)[] | undefined
  /** Index into `RuleSet.scenarios`; undefined: in none. */
  readonly scenario: number | undefined
  /** No part of its content: a rule may move within its file and stays the same. */
  readonly places: RulePlaces
}

export interface RulePlaces {
  /** Path relative to the rule set's folder. */
  readonly file: string
  readonly rule: SourcePosition
  readonly where: SourcePosition | undefined
  /** By number of the feature. */
  readonly features: readonly SourcePosition[]
  /** Of `when` or `pattern`. */
  readonly body: SourcePosition
  /** As `Pattern.steps`. */
  readonly steps: readonly StepPlaces[]
  readonly message: SourcePosition | undefined
}

export interface StepPlaces {
  /** Its name. */
  readonly step: SourcePosition
  readonly times: SourcePosition | undefined
  readonly where: SourcePosition | undefined
  readonly until: SourcePosition | undefined
  /** Of a group. */
  readonly steps: readonly StepPlaces[]
}

/** From 1; columns count characters. */
export interface SourcePosition {
  readonly line: number
  readonly column: number
}

export interface Condition {
  readonly kind: 'condition'
  readonly when: Expression
}

export interface PatternBody {
  readonly kind: 'pattern'
  readonly pattern: Pattern
  /** Names of all steps in order of their number, groups' inner steps included; negations too. Expressions number steps so. */
  readonly steps: readonly string[]
  /** Conditions of the pattern by number (`where`, `until`). */
  readonly conditions: readonly Expression[]
}

export type FeatureKind =
  | 'count'
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'stddev'
  | 'distinct'
  | 'first'
  | 'last'
  | 'share'
  | 'elapsed'

export interface Feature {
  readonly name: string
  readonly kind: FeatureKind
  /** What is aggregated, on the counted event; for `share` its condition; undefined for `count` and `elapsed`. */
  readonly of: Expression | undefined
  /** What is counted, after the rule's own `where`. */
  readonly where: Expression | undefined
  /** Length of the window; undefined: not bounded in time. */
  readonly overMs: number | undefined
  /** The window ends this long before the event. */
  readonly delayMs: number
  /** The last so many counted events; undefined: not bounded in number. */
  readonly events: number | undefined
  readonly excludeCurrent: boolean
  readonly type: ValueType
}

export interface Scenario {
  readonly name: string
  readonly title: string
  readonly rules: readonly number[]
  readonly typologies: readonly string[]
  readonly combine: 'sum' | 'max'
  readonly alertThreshold: number
  /** By rising gravity; reached when the score is at least this. Thresholds that are not given are left out. */
  readonly outcomes: readonly { readonly outcome: Outcome; readonly threshold: number }[]
}

/** From the mildest to the gravest. */
export const outcomes = ['allow', 'challenge', 'review', 'hold', 'decline'] as const
export type Outcome = (typeof outcomes)[number]
