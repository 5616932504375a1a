import type { Draft } from './draft.ts'
import type { Fuel } from './fuel.ts'
import type { Nodes } from './nodes.ts'
import type { Records } from './records.ts'
import { recordNode, recordNumber, recordStart, recordState, recordWords } from './run-layout.ts'

/**
 * Notes in runs that what they have taken was found as a match. A run that waits in a loop before a closing `notNext` completes its match
 * at every event that it passes over, and so do its branches; and what an event has completed, time may complete again in a branch that
 * waits for an absence. By the note the later ones are known to be the same match.
 *
 * N1 Of the runs that have taken the same events in the same steps, all have the note or none.
 */
export class FoundMatches {
  private readonly nodes: Nodes
  private readonly fuel: Fuel
  /** By node: 1 where it is the last one of a match that was just completed. All 0 between two calls. */
  private isFound = new Uint8Array(64)
  /** Of the last nodes so marked: the lowest and the highest position. Only a run whose last event lies between them can be one of the matches. */
  private oldest = 0
  private newest = 0

  constructor(nodes: Nodes, fuel: Fuel) {
    this.nodes = nodes
    this.fuel = fuel
  }

  /**
   * Notes the matches that the event, or time, has completed.
   * @param from where they begin among the draft's matches; they are sorted by their start, as the runs are
   */
  note(draft: Draft, from: number): void {
    const { runs, held } = draft
    this.mark(draft, from)
    if (this.newest < 0) return
    for (let run = 0; run < runs.length; run++)
      if (this.isFound[nodeOf(runs, run)] === 1) runs.U[run * recordWords + recordNumber] = 1
    for (let match = from; match < held.length; match++) this.isFound[nodeOf(held, match)] = 0
    let first = from
    for (let run = 0; run < runs.length; run++) {
      const number = run * recordWords + recordNumber
      const position = this.nodes.position(nodeOf(runs, run))
      // Most have the note, or have just taken an event that no match has, or ended on one before all of them.
      if (runs.U[number] !== 0 || position > this.newest || position < this.oldest) continue
      while (first < held.length && startOf(held, first) < startOf(runs, run)) first++
      if (this.hasMatch(held, first, runs, run)) runs.U[number] = 1
    }
  }

  /** Marks the last nodes of matches that were not found before. Without any, `newest` is below 0. */
  private mark({ held, nodesBefore, nodesAdded }: Draft, from: number): void {
    this.oldest = Number.POSITIVE_INFINITY
    this.newest = -1
    if (this.isFound.length <= nodesBefore + nodesAdded) this.isFound = new Uint8Array(2 * (nodesBefore + nodesAdded))
    for (let match = from; match < held.length; match++) {
      if (held.U[match * recordWords + recordState] !== 0) continue
      const node = nodeOf(held, match)
      const position = this.nodes.position(node)
      this.isFound[node] = 1
      this.oldest = Math.min(this.oldest, position)
      this.newest = Math.max(this.newest, position)
    }
  }

  /** Whether one of the matches that begin at `first` has taken what the run has. Branches may have taken one event each for itself. */
  private hasMatch(held: Records, first: number, runs: Records, run: number): boolean {
    const start = startOf(runs, run)
    for (let match = first; match < held.length && startOf(held, match) === start; match++)
      if (this.areSame(nodeOf(held, match), nodeOf(runs, run))) return true
    return false
  }

  /** Each event that is compared is one operation. */
  private areSame(one: number, other: number): boolean {
    let a = one
    let b = other
    while (a !== b) {
      this.fuel.use(1)
      if (a === 0 || b === 0 || !this.areSameEvent(a, b)) return false
      a = this.nodes.parent(a)
      b = this.nodes.parent(b)
    }
    return true
  }

  private areSameEvent(a: number, b: number): boolean {
    return this.nodes.position(a) === this.nodes.position(b) && this.nodes.step(a) === this.nodes.step(b)
  }
}

function nodeOf(records: Records, index: number): number {
  return records.U[index * recordWords + recordNode]
}

function startOf(records: Records, index: number): number {
  return records.U[index * recordWords + recordStart]
}
