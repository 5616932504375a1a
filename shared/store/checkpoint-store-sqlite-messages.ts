import type { ClaimResult, Commit, CommitResult, Stage } from '#shared/protocol/commit'
import type { AsOf } from './checkpoint-store.ts'
import type { PackedActors, PackedMarks } from './checkpoint-store-sqlite-entries.ts'
import type { Failure } from './checkpoint-store-sqlite-failure.ts'

/** Byte strings as two buffers. */
export interface PackedList {
  readonly lengths: Uint32Array<ArrayBuffer>
  /** One after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface PackedOutbox {
  readonly numbers: Float64Array<ArrayBuffer>
  readonly list: PackedList
}

export interface PackedStage extends Omit<Stage, 'actors'> {
  readonly actors: readonly PackedActors[]
}

export interface PackedCommit extends Omit<Commit, 'actors' | 'outbox'> {
  readonly actors: readonly PackedActors[]
  readonly outbox: PackedOutbox
}

/** What is saved of actors: how many pieces of each, from the base on; 0: never saved. */
export interface PackedChains {
  readonly counts: Uint32Array<ArrayBuffer>
  readonly pieces: PackedList
}

/** Marks and chains of the same actors. */
export interface PackedPage {
  readonly marks: PackedMarks
  readonly chains: PackedChains
  /** Number of the next actor; undefined: there is none. */
  readonly next: number | undefined
}

/** What the worker is asked, and what it answers. */
export interface Calls {
  readonly claim: { readonly ask: { readonly partition: number; readonly epoch: number }; readonly answer: ClaimResult }
  readonly stage: { readonly ask: PackedStage; readonly answer: 'staged' | 'fenced' }
  readonly commit: { readonly ask: PackedCommit; readonly answer: CommitResult }
  readonly load: {
    readonly ask: {
      readonly partition: number
      readonly generation: number
      readonly names: Int32Array<ArrayBuffer>
      readonly count: number
    }
    readonly answer: PackedChains & AsOf
  }
  readonly marked: {
    readonly ask: { readonly partition: number; readonly generation: number }
    readonly answer: PackedMarks & AsOf
  }
  readonly outbox: { readonly ask: { readonly partition: number }; readonly answer: PackedOutbox & AsOf }
  readonly page: {
    readonly ask: { readonly partition: number; readonly generation: number; readonly from: number }
    readonly answer: PackedPage & AsOf
  }
  readonly close: { readonly ask: undefined; readonly answer: undefined }
}

export type Request = {
  readonly [Kind in keyof Calls]: { readonly kind: Kind; readonly ask: Calls[Kind]['ask'] }
}[keyof Calls]

export type Answer = Calls[keyof Calls]['answer']

/** In the order of requests. */
export type Response = { readonly answer: Answer } | { readonly failure: Failure }

export function packList(pieces: readonly Uint8Array[]): PackedList {
  const lengths = Uint32Array.from(pieces, (piece) => piece.length)
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return { lengths, bytes }
}

/** A view of piece `i`, which starts at an offset. */
export const pieceOf = ({ lengths, bytes }: PackedList, i: number, offset: number): Uint8Array =>
  bytes.subarray(offset, offset + lengths[i])

/** Views of one buffer, which lives as long as any of them. */
export function unpackList(list: PackedList): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let offset = 0
  for (let i = 0; i < list.lengths.length; i++) {
    pieces.push(pieceOf(list, i, offset))
    offset += list.lengths[i]
  }
  return pieces
}

/** The buffers of a message, which go to the other thread without a copy: the sender has made them for this message alone. */
export function buffersOf(message: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  const visit = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) {
      if (value.buffer instanceof ArrayBuffer) buffers.add(value.buffer)
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit)
  }
  visit(message)
  return [...buffers]
}
