import type { Manifest } from '#shared/protocol/commit'
import { ActorTable } from './checkpoint-store-sqlite-actors.ts'
import type { Segment } from './checkpoint-store-sqlite-segments.ts'

/** A segment with entries of commits. */
export interface LiveSegment extends Segment {
  readonly generation: number
}

/** A part of a coming commit. */
export interface StagedPart {
  /** Names it in the database. */
  readonly stage: number
  readonly epoch: number
  readonly segments: readonly LiveSegment[]
}

/**
 * What the worker knows of a partition: where its actors lie, and which segments there are.
 *
 * P1 Between `begin` and `keep` all changes can be undone. What goes to `staged`, `epoch` and `manifest` is set only after a transaction.
 * P2 Of one generation, segments stand in the order of their entries, so the base of a chain is never behind the rest of it.
 */
export class PartitionState {
  epoch = Number.NEGATIVE_INFINITY
  manifest: Manifest | undefined
  readonly generations = new Map<number, ActorTable>()
  readonly staged = new Map<string, Map<number, StagedPart>>()
  /** Of commits, oldest first. */
  readonly segments = new Queue<LiveSegment>()
  /** To be deleted. */
  readonly dead = new Queue<Segment>()
  /** What the segments take. */
  occupiedBytes = 0
  /** No segment of a commit has a higher number. */
  highest = -1
  readonly #hashMask: number
  #begun = { occupiedBytes: 0, highest: -1 }

  constructor(hashMask: number) {
    this.#hashMask = hashMask
  }

  get liveBytes(): number {
    let bytes = 0
    for (const table of this.generations.values()) bytes += table.liveBytes
    return bytes
  }

  /** The actors of a generation; made where there are none yet. */
  actors(generation: number): ActorTable {
    let table = this.generations.get(generation)
    if (table === undefined) {
      table = new ActorTable(this.#hashMask)
      table.begin()
      this.generations.set(generation, table)
    }
    return table
  }

  addSegment(segment: LiveSegment): void {
    this.segments.push(segment)
    this.occupiedBytes += occupied(segment)
    this.highest = Math.max(this.highest, segment.number)
  }

  /** Takes the oldest segment out. */
  shiftSegment(): void {
    const segment = this.segments.shift()
    if (segment !== undefined) this.occupiedBytes -= occupied(segment)
  }

  /** After a transaction: forgets a generation, whose segments are to be deleted. */
  dropGeneration(generation: number): void {
    this.generations.delete(generation)
    for (const segment of this.segments.take((each) => each.generation === generation)) {
      this.occupiedBytes -= occupied(segment)
      this.dead.push(segment)
    }
  }

  begin(): void {
    for (const table of this.generations.values()) table.begin()
    this.segments.begin()
    this.dead.begin()
    this.#begun = { occupiedBytes: this.occupiedBytes, highest: this.highest }
  }

  keep(): void {
    for (const table of this.generations.values()) table.keep()
    this.segments.keep()
    this.dead.keep()
  }

  undo(): void {
    for (const table of this.generations.values()) table.undo()
    this.segments.undo()
    this.dead.undo()
    this.occupiedBytes = this.#begun.occupiedBytes
    this.highest = this.#begun.highest
  }
}

/** The rows of a small segment and its place in memory are not free: a million of them must count for something. */
const occupied = ({ bytes }: Segment): number => Math.max(bytes, 4_096)

/** First in, first out; what happened since `begin` can be undone. */
class Queue<T> {
  #items: T[] = []
  #head = 0
  #lengthAtBegin = 0
  #headAtBegin = 0

  get first(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    return this.#head < this.#items.length ? this.#items[this.#head++] : undefined
  }

  /** Takes out all that match; not between `begin` and `keep`. */
  take(matches: (item: T) => boolean): readonly T[] {
    const items = this.#items.slice(this.#head)
    this.#items = items.filter((item) => !matches(item))
    this.#head = 0
    return items.filter(matches)
  }

  begin(): void {
    this.#lengthAtBegin = this.#items.length
    this.#headAtBegin = this.#head
  }

  keep(): void {
    if (2 * this.#head < this.#items.length) return
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }

  undo(): void {
    this.#items.length = this.#lengthAtBegin
    this.#head = this.#headAtBegin
  }
}
