import { ByteReader, ByteWriter } from '#shared/checkpoint/bytes'

/** What a commit keeps of the owner beside its actors. */
export interface OwnerState {
  /** Oldest first; the last is in force. */
  readonly generations: readonly GenerationState[]
  /** Number of the next outbox entry. */
  readonly nextEntry: number
  /** When the record that moved time last reached the log, ms since 1970. */
  readonly movedAt: number
  /** Of states that are read: whether they were written in format 1, in which the digest of the last record leaves out its moment. */
  readonly isTimeless?: boolean
}

interface GenerationState {
  readonly number: number
  readonly from: number
  readonly upTo: number
  readonly partition: Uint8Array
}

export function encodeOwnerState({ generations, nextEntry, movedAt }: OwnerState): Uint8Array {
  const writer = new ByteWriter()
  writer.uint(formatVersion)
  writer.uint(generations.length)
  for (const { number, from, upTo, partition } of generations) {
    writer.uint(number)
    writer.number(from)
    writer.number(upTo)
    writer.block(partition)
  }
  writer.uint(nextEntry)
  writer.number(movedAt)
  return writer.bytes.slice(0, writer.length)
}

/** @returns undefined: written by a later version. Throws BadStateError. */
export function decodeOwnerState(bytes: Uint8Array): OwnerState | undefined {
  const reader = new ByteReader(bytes, 0, bytes.length)
  const version = reader.uint()
  if (version !== 1 && version !== formatVersion) return undefined
  const generations = reader.list(4, () => ({
    number: reader.uint(),
    from: reader.number(),
    upTo: reader.number(),
    partition: reader.block(),
  }))
  const state = { generations, nextEntry: reader.uint(), movedAt: reader.number(), isTimeless: version === 1 }
  reader.end()
  return state
}

/** What a commit says of the owner while a snapshot comes into the store: if nothing follows, its actors are of no use. */
export function encodeRestoring(generations: readonly number[]): Uint8Array {
  const writer = new ByteWriter()
  writer.uint(restoringVersion)
  writer.uint(generations.length)
  for (const number of generations) writer.uint(number)
  return writer.bytes.slice(0, writer.length)
}

/** @returns the generations of which there may be actors; undefined: it is no such state. Throws BadStateError. */
export function decodeRestoring(bytes: Uint8Array): readonly number[] | undefined {
  const reader = new ByteReader(bytes, 0, bytes.length)
  if (reader.uint() !== restoringVersion) return undefined
  const generations = reader.list(1, () => reader.uint())
  reader.end()
  return generations
}

const formatVersion = 2
/** No version of the other format. */
const restoringVersion = 0
