import type { Arena } from '#shared/memory/arena'
import { arenaWords } from '#shared/memory/arena'
import { ArenaFullError } from '#shared/memory/words'
import type { Draft } from './draft.ts'
import type { Records } from './records.ts'
import {
  headerHeld,
  headerNextNumber,
  headerNodes,
  headerRuns,
  headerWords,
  nodeParent,
  nodesMask,
  nodeWords,
  recordNode,
  recordStart,
  recordWords,
  sizeShift,
} from './run-layout.ts'

/**
 * Run blocks in an arena: reading their header, replacing them by what a draft says, copying them.
 * Boundary: knows nothing of automata and time. The layout and its invariants R1–R4 are in `run-layout.ts`.
 */
export class RunBlocks {
  readonly arena: Arena
  /** By node: its number once dead nodes are dropped, 0 if it is dead. Written by `mark`. */
  private moved = new Uint32Array(64)
  /** −1: no node moves. */
  private nodesKept = 0
  /** Of the block last allocated. */
  private freshWords = 0

  constructor(arena: Arena) {
    this.arena = arena
  }

  runs(handle: number): number {
    return handle === 0 ? 0 : this.arena.U[handle + headerRuns]
  }

  held(handle: number): number {
    return handle === 0 ? 0 : this.arena.U[handle + headerHeld]
  }

  nodes(handle: number): number {
    return handle === 0 ? 0 : this.arena.U[handle + headerNodes] & nodesMask
  }

  nextNumber(handle: number): number {
    return handle === 0 ? 1 : this.arena.U[handle + headerNextNumber]
  }

  words(handle: number): number {
    return 16 << (this.arena.U[handle + headerNodes] >>> sizeShift)
  }

  /** First word of record `index`; those of matches held back follow those of runs. */
  record(handle: number, index: number): number {
    return handle + this.words(handle) - (index + 1) * recordWords
  }

  /** The lowest position that a run or a match held back refers to; Infinity without any. */
  oldestPosition(handle: number): number {
    const { U } = this.arena
    const runs = this.runs(handle)
    const run = runs > 0 ? U[this.record(handle, 0) + recordStart] : Infinity
    return this.held(handle) > 0 ? Math.min(run, U[this.record(handle, runs) + recordStart]) : run
  }

  /** How many runs have begun before `position`. They are sorted by their start, so they come first. */
  runsBefore(handle: number, position: number): number {
    const runs = this.runs(handle)
    let index = 0
    while (index < runs && this.arena.U[this.record(handle, index) + recordStart] < position) index++
    return index
  }

  release(handle: number): void {
    if (handle !== 0) this.arena.release(handle, this.words(handle))
  }

  /** As `Arena.moved`. */
  movedBlock(handle: number): number {
    return handle === 0 ? 0 : this.arena.moved(handle, this.words(handle))
  }

  copy(handle: number): number {
    if (handle === 0) return 0
    const words = this.words(handle)
    const copy = this.alloc(words)
    this.arena.U.copyWithin(copy, handle, handle + words)
    return copy
  }

  /** Begins a draft that holds what the block holds, less the runs. */
  begin(handle: number, draft: Draft): void {
    draft.clear(this.nodes(handle), this.nextNumber(handle))
    const { U, F } = this.arena
    const runs = this.runs(handle)
    for (let index = 0; index < this.held(handle); index++) draft.held.pushFrom(U, F, this.record(handle, runs + index))
  }

  /** Appends the runs from index `from` to before `to`. */
  takeRuns(handle: number, from: number, to: number, draft: Draft): void {
    const { U, F } = this.arena
    for (let index = from; index < to; index++) draft.runs.pushFrom(U, F, this.record(handle, index))
  }

  /**
   * Finds room for the draft. Throws `ArenaFullError`, and nothing has changed.
   * @returns the block to be replaced itself, or a fresh one; 0 if the draft is empty
   */
  reserve(handle: number, draft: Draft): number {
    if (draft.isEmpty) return 0
    const words = this.needed(draft, draft.nodesBefore + draft.nodesAdded)
    if (handle !== 0 && words <= this.words(handle) && (words <= 64 || words * 8 > this.words(handle))) {
      this.nodesKept = -1
      return handle
    }
    this.mark(handle, draft)
    const least = this.needed(draft, this.nodesKept)
    // Room for a quarter more, as a block that is full once would be full at every event; but the smallest states stay small.
    const size = arenaWords(least <= 32 ? least : least + (least >>> 2))
    return handle !== 0 && size === this.words(handle) ? handle : this.alloc(size)
  }

  /**
   * Replaces the state by the draft.
   * @param room what `reserve` has answered for this draft
   */
  replace(handle: number, room: number, draft: Draft): void {
    if (room !== 0) {
      const size = room === handle ? this.arena.U[handle + headerNodes] >>> sizeShift : this.freshSize()
      this.fill(this.arena.U, room, 16 << size, handle, draft)
      this.arena.U[room + headerNodes] += size * 2 ** sizeShift
    }
    if (room !== handle) this.release(handle)
  }

  /** The block's state without dead nodes, as a block of exactly the words that it needs. */
  packed(handle: number, draft: Draft): Uint32Array<ArrayBuffer> {
    this.begin(handle, draft)
    this.takeRuns(handle, 0, this.runs(handle), draft)
    this.mark(handle, draft)
    const words = new Uint32Array(this.needed(draft, this.nodesKept))
    this.fill(words, 0, words.length, handle, draft)
    return words
  }

  /** A block with the content of `packed`. Throws `ArenaFullError`. */
  unpacked(words: Uint32Array): number {
    const handle = this.alloc(arenaWords(words.length))
    const { U } = this.arena
    const front = headerWords + words[headerNodes] * nodeWords
    U.set(words.subarray(0, front), handle)
    U.set(words.subarray(front), handle + this.freshWords - (words.length - front))
    U[handle + headerNodes] += this.freshSize() * 2 ** sizeShift
    return handle
  }

  /** Drops dead nodes and leaves the rest as it is. */
  compact(handle: number, draft: Draft): void {
    this.begin(handle, draft)
    this.takeRuns(handle, 0, this.runs(handle), draft)
    this.mark(handle, draft)
    this.replace(handle, handle, draft)
  }

  private alloc(words: number): number {
    const handle = this.arena.alloc(words)
    if (handle === 0) throw new ArenaFullError(this.arena.F.byteLength)
    this.freshWords = words
    return handle
  }

  private freshSize(): number {
    return 31 - Math.clz32(this.freshWords >>> 4)
  }

  private needed(draft: Draft, nodes: number): number {
    const records = draft.runs.length - draft.runsFrom + draft.held.length - draft.heldFrom
    return headerWords + nodes * nodeWords + records * recordWords
  }

  /** Gives new numbers to the nodes that the draft's records reach, in the order of the old ones. */
  private mark(handle: number, draft: Draft): void {
    const nodes = draft.nodesBefore + draft.nodesAdded
    if (this.moved.length <= nodes) this.moved = new Uint32Array(2 * nodes)
    this.moved.fill(0, 0, nodes + 1)
    this.markFrom(handle, draft, draft.runs, draft.runsFrom)
    this.markFrom(handle, draft, draft.held, draft.heldFrom)
    let number = 0
    for (let node = 1; node <= nodes; node++) if (this.moved[node] !== 0) this.moved[node] = ++number
    this.nodesKept = number
  }

  private markFrom(handle: number, draft: Draft, records: Records, from: number): void {
    const { U } = this.arena
    const { moved } = this
    for (let index = from; index < records.length; index++) {
      let node = records.U[index * recordWords + recordNode]
      while (node !== 0 && moved[node] === 0) {
        moved[node] = 1
        const added = node - draft.nodesBefore - 1
        node =
          added < 0
            ? U[handle + headerWords + (node - 1) * nodeWords + nodeParent]
            : draft.nodes[added * nodeWords + nodeParent]
      }
    }
  }

  /** Writes the draft as a block of so many words into other or the same words. */
  private fill(to: Uint32Array, at: number, words: number, handle: number, draft: Draft): void {
    const { moved } = this
    const isMoving = this.nodesKept >= 0
    const { nodesBefore } = draft
    const nodes = nodesBefore + draft.nodesAdded
    const nodesTo = at + headerWords
    for (let node = isMoving ? 1 : nodesBefore + 1; node <= nodes; node++) {
      const number = isMoving ? moved[node] : node
      if (number === 0) continue
      const isOld = node <= nodesBefore
      const from = isOld ? this.arena.U : draft.nodes
      const word = isOld ? handle + headerWords + (node - 1) * nodeWords : (node - nodesBefore - 1) * nodeWords
      const target = nodesTo + (number - 1) * nodeWords
      for (let i = 0; i < nodeWords; i++) to[target + i] = from[word + i]
      if (isMoving) to[target + nodeParent] = moved[to[target + nodeParent]]
    }
    const runs = draft.runs.length - draft.runsFrom
    const held = draft.held.length - draft.heldFrom
    to[at + headerRuns] = runs
    to[at + headerHeld] = held
    to[at + headerNodes] = isMoving ? this.nodesKept : nodes
    to[at + headerNextNumber] = held === 0 ? 1 : draft.nextNumber
    const end = at + words
    this.fillRecords(to, end, draft.runs, draft.runsFrom, isMoving)
    this.fillRecords(to, end - runs * recordWords, draft.held, draft.heldFrom, isMoving)
  }

  private fillRecords(to: Uint32Array, end: number, records: Records, from: number, isMoving: boolean): void {
    let target = end
    for (let index = from; index < records.length; index++) {
      target -= recordWords
      const word = index * recordWords
      for (let i = 0; i < recordWords; i++) to[target + i] = records.U[word + i]
      if (isMoving) to[target + recordNode] = this.moved[records.U[word + recordNode]]
    }
  }
}
