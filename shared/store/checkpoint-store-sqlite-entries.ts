import type { ActorName } from '#shared/actor/actor-state'
import type { ActorEntry, MarkedActor } from '#shared/protocol/commit'

/**
 * Actor entries as a few buffers, which go from thread to thread without a copy and into the index of a segment as they are.
 *
 * Words of an entry: bytes of its payload; flags; its name; with `deadline` two words of a double.
 * Words of a name: population; twice the key's length in UTF-16 units, plus 1 where a unit needs two bytes; the units, the last word
 * filled up with zeros. Equal names have equal words and no others.
 */
export interface PackedActors {
  readonly generation: number
  readonly count: number
  readonly words: Int32Array<ArrayBuffer>
  /** Payloads, one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

export const entryFlags = { appended: 1, book: 2, deadline: 4 } as const

/** Words of an entry beside its name and deadline. */
const entryHeadWords = 2

/** One per generation. The order of an actor's entries stays. */
export function packActors(actors: readonly ActorEntry[]): PackedActors[] {
  if (actors.length === 0) return []
  const { generation } = actors[0]
  if (actors.every((entry) => entry.generation === generation)) return [packGeneration(generation, actors)]
  const groups = Map.groupBy(actors, (entry) => entry.generation)
  return [...groups].map(([each, entries]) => packGeneration(each, entries))
}

function packGeneration(generation: number, actors: readonly ActorEntry[]): PackedActors {
  let bytesLength = 0
  let wordsMax = 0
  for (const entry of actors) {
    bytesLength += entry.bytes.length
    wordsMax += entryHeadWords + nameWordsMax(entry.key) + 2
  }
  const words = new Int32Array(wordsMax)
  const bytes = new Uint8Array(bytesLength)
  let at = 0
  let offset = 0
  for (const entry of actors) {
    const { deadline, bytes: payload } = entry
    const hasDeadline = deadline !== Number.POSITIVE_INFINITY
    words[at] = payload.length
    words[at + 1] =
      (entry.form === 'appended' ? entryFlags.appended : 0) |
      (entry.hasBook ? entryFlags.book : 0) |
      (hasDeadline ? entryFlags.deadline : 0)
    at = writeName(words, at + entryHeadWords, entry)
    if (hasDeadline) at = writeDouble(words, at, deadline)
    bytes.set(payload, offset)
    offset += payload.length
  }
  return { generation, count: actors.length, words: words.subarray(0, at), bytes }
}

/** Names alone, one after the other. */
export function packNames(names: readonly ActorName[]): Int32Array<ArrayBuffer> {
  const words = new Int32Array(names.reduce((sum, { key }) => sum + nameWordsMax(key), 0))
  let at = 0
  for (const name of names) at = writeName(words, at, name)
  return words
}

/** Names with a column for each other field. */
export interface PackedMarks {
  readonly words: Int32Array<ArrayBuffer>
  readonly deadlines: Float64Array<ArrayBuffer>
  readonly hasBook: Uint8Array<ArrayBuffer>
}

export function unpackMarks({ words, deadlines, hasBook }: PackedMarks): MarkedActor[] {
  const actors: MarkedActor[] = []
  let at = 0
  for (let i = 0; i < deadlines.length; i++) {
    actors.push({ population: words[at], key: readKey(words, at), deadline: deadlines[i], hasBook: hasBook[i] === 1 })
    at = nameEnd(words, at)
  }
  return actors
}

/** Goes from entry to entry of the words without making an object for each. */
export class EntryCursor {
  /** Bytes of the payload. */
  length = 0
  flags = 0
  deadline = 0
  /** The name is in words [name, nameEnd). */
  name = 0
  nameEnd = 0

  /** @returns where the next entry starts */
  read(words: Int32Array, at: number): number {
    this.length = words[at]
    this.flags = words[at + 1]
    this.name = at + entryHeadWords
    this.nameEnd = nameEnd(words, this.name)
    if ((this.flags & entryFlags.deadline) === 0) {
      this.deadline = Number.POSITIVE_INFINITY
      return this.nameEnd
    }
    halves[0] = words[this.nameEnd]
    halves[1] = words[this.nameEnd + 1]
    this.deadline = double[0]
    return this.nameEnd + 2
  }
}

/** Where the name ends that starts at a word. */
export function nameEnd(words: Int32Array, name: number): number {
  const header = words[name + 1]
  const length = header >>> 1
  return name + 2 + (header & 1 ? (length + 1) >>> 1 : (length + 3) >>> 2)
}

/** @returns where the next word goes */
export function writeDouble(words: Int32Array, at: number, value: number): number {
  double[0] = value
  words[at] = halves[0]
  words[at + 1] = halves[1]
  return at + 2
}

const double = new Float64Array(1)
const halves = new Int32Array(double.buffer)

const nameWordsMax = (key: string): number => 2 + ((key.length + 1) >>> 1)

function writeName(words: Int32Array, at: number, { population, key }: ActorName): number {
  const { length } = key
  words[at] = population
  words[at + 1] = length * 2
  let to = at + 2
  let word = 0
  for (let i = 0; i < length; i++) {
    const unit = key.charCodeAt(i)
    if (unit > 0xff) return writeWideKey(words, at, key)
    word |= unit << ((i & 3) << 3)
    if ((i & 3) === 3) {
      words[to++] = word
      word = 0
    }
  }
  if ((length & 3) !== 0) words[to++] = word
  return to
}

function writeWideKey(words: Int32Array, at: number, key: string): number {
  const { length } = key
  words[at + 1] = length * 2 + 1
  let to = at + 2
  for (let i = 0; i < length; i += 2) {
    const second = i + 1 < length ? key.charCodeAt(i + 1) : 0
    words[to++] = key.charCodeAt(i) | (second << 16)
  }
  return to
}

function readKey(words: Int32Array, name: number): string {
  const header = words[name + 1]
  const length = header >>> 1
  const isWide = (header & 1) === 1
  let key = ''
  for (let i = 0; i < length; i++)
    key += String.fromCharCode(
      isWide
        ? (words[name + 2 + (i >>> 1)] >>> ((i & 1) << 4)) & 0xffff
        : (words[name + 2 + (i >>> 2)] >>> ((i & 3) << 3)) & 0xff,
    )
  return key
}
