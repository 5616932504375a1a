import type { ValueType } from './value-type.ts'

/**
 * What `events.yaml` declares. Nested objects are flattened: `merchant: { id: string }` is the field `merchant.id`.
 * Fields are numbered once for the whole schema, so that an event batch keeps one column for each.
 */
export interface EventSchema {
  /** All fields of all types. Two types share a field when path and type are the same. */
  readonly fields: readonly Field[]
  readonly types: readonly EventType[]
  /** Names of all keys of all types, in order of first appearance: each is a population of actors. */
  readonly keys: readonly string[]
}

export interface Field {
  /** `amount`, `merchant.id` */
  readonly path: string
  readonly type: ValueType
}

export interface EventType {
  readonly name: string
  readonly fields: readonly DeclaredField[]
  /** The first is the home key. */
  readonly keys: readonly EventKey[]
}

export interface DeclaredField {
  /** Index into `EventSchema.fields`. */
  readonly field: number
  readonly optional: boolean
}

export interface EventKey {
  /** Index into `EventSchema.keys`. */
  readonly key: number
  /** Fields (indexes into `EventSchema.fields`) of type string or int; an event reaches the actor of each distinct value once. */
  readonly fields: readonly number[]
}

/** Every event has these beside its declared fields; `events.yaml` may not redeclare them. */
export const envelopeFields = ['id', 'at', 'type', 'receivedAt'] as const
