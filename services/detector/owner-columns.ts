import type { ActorName } from '#shared/actor/actor-state'
import { packTraces, type TraceRuns, unpackTraces } from '#shared/log/trace-runs'
import type { ActorEntry, MarkedActor, OutboxEntry, SavedActor } from '#shared/protocol/commit'
import type { LogBlock } from '#shared/protocol/log-record'
import { type PackedList, packList, unpackList } from '#shared/store/checkpoint-store-sqlite-messages'

/**
 * What goes between threads by the thousand, as a few buffers and one text: each object and each buffer of a message costs about a
 * microsecond on either side. All buffers are made for the message, so that they may go over without a copy.
 */
export interface PackedNames {
  readonly populations: Uint32Array<ArrayBuffer>
  /** All keys, one after the other, and the length of each. */
  readonly keys: string
  readonly keyLengths: Uint32Array<ArrayBuffer>
}

export interface PackedMarks extends PackedNames {
  readonly deadlines: Float64Array<ArrayBuffer>
  readonly hasBook: Uint8Array<ArrayBuffer>
}

export interface PackedEntries extends PackedMarks {
  readonly generations: Float64Array<ArrayBuffer>
  readonly isAppended: Uint8Array<ArrayBuffer>
  readonly list: PackedList
}

/** Saved actors: how many pieces of each, from the base on; 0: never saved. */
export interface PackedSaved {
  readonly counts: Uint32Array<ArrayBuffer>
  readonly list: PackedList
}

export interface PackedOutbox {
  readonly numbers: Float64Array<ArrayBuffer>
  readonly list: PackedList
}

export interface PackedBlock extends Omit<LogBlock, 'traceparents'> {
  readonly traces: TraceRuns
}

export function packNames(names: readonly ActorName[]): PackedNames {
  const populations = new Uint32Array(names.length)
  const keyLengths = new Uint32Array(names.length)
  const keys: string[] = []
  for (const [i, { population, key }] of names.entries()) {
    populations[i] = population
    keyLengths[i] = key.length
    keys.push(key)
  }
  return { populations, keys: keys.join(''), keyLengths }
}

export function unpackNames({ populations, keys, keyLengths }: PackedNames): ActorName[] {
  const names: ActorName[] = []
  let at = 0
  for (const [i, population] of populations.entries()) {
    const start = at
    at += keyLengths[i]
    names.push({ population, key: keys.slice(start, at) })
  }
  return names
}

export function packMarks(actors: readonly MarkedActor[]): PackedMarks {
  const deadlines = new Float64Array(actors.length)
  const hasBook = new Uint8Array(actors.length)
  for (const [i, actor] of actors.entries()) {
    deadlines[i] = actor.deadline
    hasBook[i] = Number(actor.hasBook)
  }
  return { ...packNames(actors), deadlines, hasBook }
}

export const unpackMarks = (packed: PackedMarks): MarkedActor[] =>
  unpackNames(packed).map(({ population, key }, i) => ({
    population,
    key,
    deadline: packed.deadlines[i],
    hasBook: packed.hasBook[i] === 1,
  }))

export function packEntries(entries: readonly ActorEntry[]): PackedEntries {
  const generations = new Float64Array(entries.length)
  const isAppended = new Uint8Array(entries.length)
  for (const [i, { generation, form }] of entries.entries()) {
    generations[i] = generation
    isAppended[i] = Number(form === 'appended')
  }
  return { ...packMarks(entries), generations, isAppended, list: packList(entries.map(({ bytes }) => bytes)) }
}

export function unpackEntries(packed: PackedEntries): ActorEntry[] {
  const pieces = unpackList(packed.list)
  return unpackNames(packed).map(({ population, key }, i) => ({
    population,
    key,
    deadline: packed.deadlines[i],
    hasBook: packed.hasBook[i] === 1,
    generation: packed.generations[i],
    form: packed.isAppended[i] === 1 ? 'appended' : 'base',
    bytes: pieces[i],
  }))
}

export function packSaved(actors: readonly (SavedActor | undefined)[]): PackedSaved {
  const pieces = actors.map((actor) => (actor === undefined ? [] : [actor.base, ...actor.appended]))
  return { counts: Uint32Array.from(pieces, ({ length }) => length), list: packList(pieces.flat()) }
}

export function unpackSaved({ counts, list }: PackedSaved): (SavedActor | undefined)[] {
  const pieces = unpackList(list)
  let at = 0
  return Array.from(counts, (count) => {
    const [base, ...appended] = pieces.slice(at, at + count)
    at += count
    return count === 0 ? undefined : { base, appended }
  })
}

export const packOutbox = (entries: readonly OutboxEntry[]): PackedOutbox => ({
  numbers: Float64Array.from(entries, ({ number }) => number),
  list: packList(entries.map(({ bytes }) => bytes)),
})

export const unpackOutbox = ({ numbers, list }: PackedOutbox): OutboxEntry[] =>
  unpackList(list).map((bytes, i) => ({ number: numbers[i], bytes }))

/** Copies the block: what a log gives away it may still hold. */
export function packBlock({ length, traceparents, ...block }: LogBlock): PackedBlock {
  return {
    length,
    offsets: new Float64Array(block.offsets),
    kinds: new Uint8Array(block.kinds),
    receivedAt: new Float64Array(block.receivedAt),
    traces: packTraces(traceparents.slice(0, length)),
    bytes: block.bytes.slice(),
    starts: new Uint32Array(block.starts),
    ends: new Uint32Array(block.ends),
  }
}

export const unpackBlock = ({ traces, ...columns }: PackedBlock): LogBlock => ({
  ...columns,
  traceparents: unpackTraces(traces),
})
