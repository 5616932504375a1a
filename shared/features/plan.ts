import type { EventSchema } from '#shared/domain/event-schema'
import type { Expression } from '#shared/rule-language/expression'

/**
 * What the actors of one key hold and compute: the outcome of `plan-population.ts`, immutable, shared by all actors of that key.
 * All parts are shared by structure: two rules that ask for the same thing get the same bit, column, cursor or accumulator.
 *
 * Words: a *position* numbers the records of one actor's history, from 1, growing by one; 0 is none.
 * A *cursor* is a position that divides the history: records before it have left a window, those from it on are inside.
 */
export interface Plan {
  readonly events: EventSchema
  /** Index into `EventSchema.keys`. */
  readonly key: number
  readonly predicates: readonly Predicate[]
  readonly columns: readonly Column[]
  /** What may fault while it is computed; each has a bit in the record that says whether it did. */
  readonly faults: readonly Fallible[]
  /** Ascending in distance from the event; compound cursors last. A window's end is thus moved before its start. */
  readonly cursors: readonly Cursor[]
  readonly accumulators: readonly Accumulator[]
  readonly links: readonly Link[]
  readonly extremes: readonly Extreme[]
  readonly features: readonly PlannedFeature[]
  /** Longest distance of a time cursor: how far back a record may still be seen. */
  readonly reachMs: number
}

/** A truth about one event alone (and the actor's key), kept as one bit of its record. */
export interface Predicate {
  /** Event types for which it can hold; undefined: all that reach the population. */
  readonly types: ReadonlySet<number> | undefined
  /** All of them hold. */
  readonly conditions: readonly Expression[]
  /** This expression has a value. */
  readonly present: Expression | undefined
}

/** A feature is listed where runs are stepped by its rule: they are stepped again over old records, when its value is gone. */
export interface Fallible {
  readonly part: 'predicate' | 'column' | 'feature'
  readonly index: number
}

/** A value of each record. */
export type Column =
  | { readonly kind: 'number'; readonly of: Expression }
  /** 52-bit keyed hash of a text: equal texts, equal numbers. */
  | { readonly kind: 'hash'; readonly of: Expression }
  /** The text itself, in the arena. */
  | { readonly kind: 'text'; readonly of: Expression }
  /** The value a feature had at this record, kept since pattern conditions ask for it when runs are stepped again. */
  | { readonly kind: 'feature'; readonly feature: number }

export type Cursor =
  /** First record younger than `backMs` before the newest event. */
  | { readonly kind: 'time'; readonly backMs: number }
  /** Start of the last `events` counted records, the newest included. */
  | { readonly kind: 'count'; readonly filter: number; readonly events: number }
  /** The later of two cursors, but never beyond the end of its window (`high`, a time cursor or noCursor). */
  | { readonly kind: 'both'; readonly time: number; readonly count: number; readonly high: number }

/** A window: from cursor `low` (noCursor: the oldest record) to before cursor `high` (noCursor: up to the newest record). */
export interface Window {
  readonly low: number
  readonly high: number
}

export const noCursor = -1
/** In place of a predicate: every record counts. */
export const noFilter = -1

export type AccumulatorKind =
  | 'count'
  /** Integers, exact; NaN where it left ±(2^53 − 1), to be summed afresh. */
  | 'sum'
  /** Sum of squares of integers: two limbs. */
  | 'squares'
  /** Doubles, as an exact expansion of four terms. */
  | 'expansion'
  | 'expansion-squares'
  | 'distinct'
  /** Position of the first or last counted record of the window. */
  | 'first'
  | 'last'

/** A number per actor that entering and leaving records keep up to date, exactly and invertibly. */
export interface Accumulator {
  readonly kind: AccumulatorKind
  /** Predicate or noFilter. */
  readonly filter: number
  /** Column summed; for distinct the link. */
  readonly source: number
  readonly window: Window
}

/** For each counted record the previous and next one with an equal value. */
export interface Link {
  readonly filter: number
  readonly column: number
}

/** A monotonic queue of positions for min (`sign` −1) or max (1), shared by all windows with the same end. */
export interface Extreme {
  readonly filter: number
  readonly column: number
  readonly sign: 1 | -1
  readonly high: number
}

export interface PlannedFeature {
  readonly kind:
    | 'count'
    | 'sum'
    | 'avg'
    | 'stddev'
    | 'double-sum'
    | 'double-avg'
    | 'double-stddev'
    | 'distinct'
    | 'share'
    | 'extreme'
    | 'at-position'
    | 'elapsed'
  readonly window: Window
  /** Number of counted records: accumulator, or −1 for "all of the window". */
  readonly count: number
  /** The accumulator that holds the value; for `extreme` the queue. */
  readonly source: number
  /** Accumulator of squares, for stddev. */
  readonly squares: number
  /** Column that `at-position` reads. */
  readonly column: number
  /** Whether the value is a text. */
  readonly isText: boolean
  /** Divisor that turns minor units into major ones. */
  readonly scale: number
  /** Read before the event enters its windows. */
  readonly excludeCurrent: boolean
  /** For `elapsed`: the previous event must be younger than this; Infinity where unbounded. */
  readonly withinMs: number
}
