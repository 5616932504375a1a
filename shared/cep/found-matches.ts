import type { Draft } from './draft.ts'
import type { Fuel } from './fuel.ts'
import type { Nodes } from './nodes.ts'
import { recordNode, recordNumber, recordStart, recordState, recordWords } from './run-layout.ts'

/**
 * Notes in runs that what they have taken was found as a match. A run that waits in a loop before a closing `notNext` completes its match
 * at every event that it passes over, and so do its branches: by the note the later ones are known to be the same match.
 *
 * N1 Of the runs that have taken the same events in the same steps, all have the note or none.
 */
export class FoundMatches {
  private readonly nodes: Nodes
  private readonly fuel: Fuel

  constructor(nodes: Nodes, fuel: Fuel) {
    this.nodes = nodes
    this.fuel = fuel
  }

  /**
   * Notes the matches that the event has completed. Each event that is compared is one operation.
   * @param from where they begin among the draft's matches; they are sorted by their start, as the runs are
   */
  note({ runs, held }: Draft, from: number): void {
    let first = 0
    for (let index = from; index < held.length; index++) {
      const match = index * recordWords
      if (held.U[match + recordState] !== 0) continue
      const start = held.U[match + recordStart]
      while (first < runs.length && runs.U[first * recordWords + recordStart] < start) first++
      for (let run = first; run < runs.length; run++) {
        const word = run * recordWords
        if (runs.U[word + recordStart] !== start) break
        if (this.areSame(held.U[match + recordNode], runs.U[word + recordNode])) runs.U[word + recordNumber] = 1
      }
    }
  }

  /** Branches may have taken one event each for itself, in the same step. */
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
