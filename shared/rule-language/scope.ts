import type { EventSchema } from '#shared/domain/event-schema'
import type { ValueType } from '#shared/domain/value-type'
import type { NamedList } from './rule-set.ts'

/** The names that an expression may use. */
export interface Scope {
  readonly events: EventSchema
  /** Indexes into `events.types` of the types the rule is `on`: a field that only some of them have may be absent. */
  readonly on: readonly number[]
  /** Type of `key`; undefined where no actor is known. */
  readonly keyType: ValueType | undefined
  /** Features that may be named, in order of their number; empty where features are not in scope (their own expressions, rule `where`). */
  readonly features: readonly { readonly name: string; readonly type: ValueType }[]
  /** Steps that may be named, in order of their number (negations hold an empty place: they take nothing); empty outside patterns. */
  readonly steps: readonly string[]
  readonly lists: readonly NamedList[]
  /** Names that the rule has but that are out of place here, with the reason: `n_1h` → "features are not yet known in `where`". */
  readonly elsewhere?: ReadonlyMap<string, string> | undefined
}
