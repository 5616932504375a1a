import { hash52 } from '#shared/domain/hash52'
import { compareEvents, type EventMark } from './repeat-rule.ts'

/** An event that is to be compared with those that are known. */
export interface EventToJudge extends EventMark {
  readonly id: string
}

export interface KnownEvent extends EventToJudge {
  readonly offset: number
}

/** Two hashes of an id, of 52 bits each with keys of their own: what has both in common has the same id. */
export interface IdHashes {
  readonly first: number
  readonly second: number
}

/** Keys nobody outside knows, so that nobody can prepare ids that collide. */
export class IdHasher {
  readonly #keys: readonly [number, number]

  constructor(keys: readonly [number, number]) {
    this.#keys = keys
  }

  hash(id: string): IdHashes {
    return { first: hash52(id, this.#keys[0]), second: hash52(id, this.#keys[1]) }
  }
}

/**
 * The newest events of the log, by which repeats are known. A broker has no index by id that could be asked before each append.
 *
 * E1 It holds at least the last half of `entriesMax` events that were added, and at most `entriesMax` (about 60 bytes each).
 * E2 Each event is added once: that is the caller's part.
 */
export class KnownEvents {
  readonly #latenessMs: number
  readonly #hasher: IdHasher
  readonly #generationMax: number
  #newer: Generation
  #older: Generation | undefined

  constructor(options: { readonly latenessMs: number; readonly hasher: IdHasher; readonly entriesMax: number }) {
    this.#latenessMs = options.latenessMs
    this.#hasher = options.hasher
    this.#generationMax = Math.ceil(options.entriesMax / 2)
    this.#newer = new Generation()
  }

  add(event: KnownEvent): void {
    const hashes = this.#hasher.hash(event.id)
    if (this.#newer.length >= this.#generationMax) {
      this.#older = this.#newer
      this.#newer = new Generation()
    }
    this.#newer.add(hashes, event)
  }

  /** @returns the offset of the event that this one repeats; undefined: nothing stands against it */
  judge(event: EventToJudge): number | 'conflict' | undefined {
    const hashes = this.#hasher.hash(event.id)
    const older = this.#older?.judge(hashes, event, this.#latenessMs)
    if (typeof older === 'number') return older
    return this.#newer.judge(hashes, event, this.#latenessMs) ?? older
  }
}

/** A hash table that grows. A slot holds the index of its entry plus one, 0 if empty. */
class Generation {
  length = 0
  #slots = new Int32Array(2 * entriesAtFirst)
  #firsts = new Float64Array(entriesAtFirst)
  #seconds = new Float64Array(entriesAtFirst)
  #ats = new Float64Array(entriesAtFirst)
  #offsets = new Float64Array(entriesAtFirst)
  #digests = new Int32Array(entriesAtFirst)
  #partitions = new Uint16Array(entriesAtFirst)

  add({ first, second }: IdHashes, { at, offset, digest, partition }: KnownEvent): void {
    if (this.length === this.#firsts.length) this.#grow()
    const i = this.length++
    this.#firsts[i] = first
    this.#seconds[i] = second
    this.#ats[i] = at
    this.#offsets[i] = offset
    this.#digests[i] = digest
    this.#partitions[i] = partition
    this.#fillSlot(i)
  }

  judge(hashes: IdHashes, event: EventMark, latenessMs: number): number | 'conflict' | undefined {
    let hasConflict = false
    for (const i of this.#entries(hashes)) {
      const earlier = { partition: this.#partitions[i], at: this.#ats[i], digest: this.#digests[i] }
      const relation = compareEvents(earlier, event, latenessMs)
      if (relation === 'repeat') return this.#offsets[i]
      if (relation === 'conflict') hasConflict = true
    }
    return hasConflict ? 'conflict' : undefined
  }

  #entries({ first, second }: IdHashes): readonly number[] {
    const mask = this.#slots.length - 1
    let found: number[] | undefined
    for (let slot = homeSlot(first) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const i = this.#slots[slot] - 1
      if (this.#firsts[i] !== first || this.#seconds[i] !== second) continue
      found ??= []
      found.push(i)
    }
    return found ?? none
  }

  #fillSlot(i: number): void {
    const mask = this.#slots.length - 1
    let slot = homeSlot(this.#firsts[i]) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = i + 1
  }

  #grow(): void {
    const size = this.#firsts.length * 2
    const copy = <C extends Float64Array | Int32Array | Uint16Array>(old: C, next: C): C => {
      next.set(old)
      return next
    }
    this.#firsts = copy(this.#firsts, new Float64Array(size))
    this.#seconds = copy(this.#seconds, new Float64Array(size))
    this.#ats = copy(this.#ats, new Float64Array(size))
    this.#offsets = copy(this.#offsets, new Float64Array(size))
    this.#digests = copy(this.#digests, new Int32Array(size))
    this.#partitions = copy(this.#partitions, new Uint16Array(size))
    this.#slots = new Int32Array(size * 2)
    for (let i = 0; i < this.length; i++) this.#fillSlot(i)
  }
}

const none: readonly number[] = []
const entriesAtFirst = 1024

/** The low 32 bits, which the multiplication spreads; `hash52` has mixed them already. */
const homeSlot = (hash: number): number => {
  const mixed = Math.imul(hash | 0, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
