import type { Nodes } from './nodes.ts'
import type { Records } from './records.ts'
import { recordFirstAt, recordNode, recordNumber, recordSecondAt, recordState, recordWords } from './run-layout.ts'
import type { Match } from './sink.ts'
import { outcomeAgain } from './skipping.ts'

/** The one view through which the sink sees matches; aimed at another outcome before each report. */
export class MatchView implements Match {
  length = 0
  firstAt = 0
  at = 0
  number = 0
  isFoundAgain = false
  private readonly nodes: Nodes
  /** Numbers of the nodes, last first. */
  private path = new Uint32Array(16)

  constructor(nodes: Nodes) {
    this.nodes = nodes
  }

  aim(outcomes: Records, index: number): void {
    const { U, F } = outcomes
    const word = index * recordWords
    this.firstAt = F[word / 2 + recordFirstAt]
    this.at = F[word / 2 + recordSecondAt]
    this.number = U[word + recordNumber]
    this.isFoundAgain = U[word + recordState] >= outcomeAgain
    this.length = 0
    for (let node = U[word + recordNode]; node !== 0; node = this.nodes.parent(node)) {
      if (this.length === this.path.length) {
        const longer = new Uint32Array(this.length * 2)
        longer.set(this.path)
        this.path = longer
      }
      this.path[this.length++] = node
    }
  }

  step(index: number): number {
    return this.nodes.step(this.path[this.length - 1 - index])
  }

  position(index: number): number {
    return this.nodes.position(this.path[this.length - 1 - index])
  }
}
