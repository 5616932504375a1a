import type { StateKind } from './state-kind.ts'

/** Turns a state's content of one version into that of the next. Pure; throws BadStateError for what cannot be. */
export type Upcaster = (kind: StateKind, content: Uint8Array) => Uint8Array

/** By the version that it reads. Bytes go through all from their version to the present one; none is ever taken away. */
export const upcasters: ReadonlyMap<number, Upcaster> = new Map()
