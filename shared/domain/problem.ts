/**
 * Why a row was not taken. The order is the order in which they are looked for: a row has the first that fits.
 * Contract: these names appear in dead letters and in HTTP errors.
 */
export const problemReasons = [
  'too-large',
  'bad-encoding',
  'bad-json',
  'not-an-object',
  'too-deep',
  'unknown-type',
  'missing-field',
  'bad-value',
  'duplicate-conflict',
] as const

export type ProblemReason = (typeof problemReasons)[number]

/** A bad row as a value: it stops nothing. */
export interface Problem {
  readonly reason: ProblemReason
  /** Path of the field, where the reason concerns one. */
  readonly field?: string
  readonly message: string
}
