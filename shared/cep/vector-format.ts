import type { Contiguity, Inner } from './pattern.ts'

/** One reference vector: events, a pattern, and what a test states about them. Its fields are described beside the vectors. */
export interface Vector {
  readonly name: string
  readonly pattern: VectorPattern
  readonly keyBy?: string
  readonly events: readonly VectorEvent[]
  readonly eventTime?: { readonly tie: string; readonly late?: readonly number[] }
  readonly feed?: readonly { readonly event?: number; readonly watermark?: number | 'max' }[]
  readonly advanceTo?: number
}

export interface VectorEvent {
  readonly id: number
  readonly type: string
  readonly name: string
  readonly price: number
  readonly volume?: number
  readonly attrId: number
  readonly ts: number | null
  readonly now?: number
}

export interface VectorPattern {
  readonly steps: readonly VectorStep[]
  readonly within?: VectorWithin
  readonly skip?: { readonly strategy: string; readonly step?: string; readonly onMiss?: string }
}

export interface VectorStep {
  readonly name?: string
  readonly group?: readonly VectorStep[]
  readonly contiguity?: Contiguity
  readonly where?: string
  readonly times?: { readonly from: number; readonly to: number | null; readonly withinMs?: number }
  readonly inner?: Inner
  readonly optional?: boolean
  readonly greedy?: boolean
  readonly until?: string
  readonly within?: VectorWithin
}

export interface VectorWithin {
  readonly ms: number
  readonly kind: 'first-last' | 'previous-current'
}

/** Ids of events by the name of the step that took them, in the order taken; steps that took nothing are left out. */
export type StepIds = Readonly<Record<string, readonly number[]>>

export interface VectorAnswer {
  readonly matches: readonly StepIds[]
  readonly timeouts: readonly { readonly match: StepIds; readonly at: number }[]
  /** Ids of events that were dropped as late. */
  readonly late: readonly number[]
  readonly openPartials: number
  readonly error: string | undefined
}
