import type { RuleSet } from '#shared/rule-language/rule-set'
import type { Format } from '#shared/wire/input-format'
import type { LinePiece } from './line-piece.ts'
import type { ReplayPart, ReplayState } from './replay.ts'
import type { Share } from './share.ts'
import type { Summary } from './summary.ts'

/** What a thread is made for. */
export interface ThreadOrder extends Pick<ReplayPart, 'emit' | 'order' | 'latenessMs' | 'memoryBytesMax'> {
  readonly ruleSet: RuleSet
  readonly share: Share
  readonly files: readonly string[]
  readonly format: Format | undefined
  readonly map: MapText | undefined
  readonly keepsDeadLetters: boolean
}

export interface MapText {
  readonly name: string
  readonly text: string
}

/** The bytes of the input, in order. */
export type InputMessage =
  | { readonly kind: 'chunk'; readonly number: number; readonly bytes: SharedArrayBuffer; readonly length: number }
  | { readonly kind: 'end-of-file' }
  /** Reading has failed: there is no more. */
  | { readonly kind: 'broken' }

export type ToThread =
  | InputMessage
  /** What was sent has been taken: so much less is under way. */
  | { readonly kind: 'taken'; readonly weight: number }
  /** All have read, and may go on. */
  | { readonly kind: 'judge' }
  /** Time has come so far in another share. */
  | { readonly kind: 'time'; readonly at: number }
  /** The same, and no share has anything left to apply. */
  | { readonly kind: 'end'; readonly at: number }

export type FromThread =
  | { readonly kind: 'released'; readonly number: number }
  /** Everything is read and nothing is judged. */
  | {
      readonly kind: 'read'
      /** Hashes of the events' (at, id), in order, where they matter. */
      readonly events: Float64Array<ArrayBuffer>
      /** Lines so far. */
      readonly deadLetters: number
    }
  | Found
  /** Nothing of its own is left to apply. */
  | { readonly kind: 'arrived' }
  /** The share is done. */
  | { readonly kind: 'done'; readonly summary: Summary }
  /** It has met the end of an input that broke off. */
  | { readonly kind: 'broken' }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** What was found since the last one, and how far the thread is. */
export interface Found {
  readonly kind: 'found'
  readonly results: LinePiece | undefined
  readonly deadLetters: LinePiece | undefined
  readonly state: ReplayState
  /** How far time has come. */
  readonly now: number
  readonly weight: number
}

/** An error that goes from thread to thread. */
export interface Failure {
  readonly kind: 'arena-full' | 'input-refused' | 'input-changed' | 'other'
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
}
