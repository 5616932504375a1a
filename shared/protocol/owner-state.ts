import { ByteReader, ByteWriter } from '#shared/checkpoint/bytes'

/** What a commit keeps of the owner beside its actors. */
export interface OwnerState {
  /** Oldest first; the last is in force. */
  readonly generations: readonly GenerationState[]
  /** Number of the next outbox entry. */
  readonly nextEntry: number
  /** When the record that moved time last reached the log, ms since 1970. */
  readonly movedAt: number
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
  if (reader.uint() !== formatVersion) return undefined
  const generations = reader.list(4, () => ({
    number: reader.uint(),
    from: reader.number(),
    upTo: reader.number(),
    partition: reader.block(),
  }))
  const state = { generations, nextEntry: reader.uint(), movedAt: reader.number() }
  reader.end()
  return state
}

const formatVersion = 1
