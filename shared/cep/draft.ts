import { Records } from './records.ts'
import { nodeCount, nodeParent, nodePosition, nodeStep, nodeWords } from './run-layout.ts'

/**
 * The next state of one pattern for one actor while it is worked out beside the present one, which stays as it is until all is
 * decided. One per matcher, used again for every event.
 */
export class Draft {
  /** Open runs, of which those before `runsFrom` have been skipped. */
  readonly runs = new Records()
  runsFrom = 0
  /** Matches found or held back, of which those before `heldFrom` have been decided. */
  readonly held = new Records()
  heldFrom = 0
  /** Events taken now; their numbers follow those in the block. */
  nodes = new Uint32Array(16 * nodeWords)
  nodesAdded = 0
  nodesBefore = 0
  nextNumber = 1

  clear(nodesBefore: number, nextNumber: number): void {
    this.runs.length = 0
    this.runsFrom = 0
    this.held.length = 0
    this.heldFrom = 0
    this.nodesAdded = 0
    this.nodesBefore = nodesBefore
    this.nextNumber = nextNumber
  }

  /** @returns the node's number; twice the same event in the same place is one node */
  addNode(position: number, parent: number, step: number, count: number): number {
    const last = (this.nodesAdded - 1) * nodeWords
    if (last >= 0 && this.nodes[last + nodeParent] === parent && this.nodes[last + nodeStep] === step)
      return this.nodesBefore + this.nodesAdded
    const word = last + nodeWords
    if (word === this.nodes.length) {
      const grown = new Uint32Array(word * 2)
      grown.set(this.nodes)
      this.nodes = grown
    }
    const { nodes } = this
    nodes[word + nodePosition] = position
    nodes[word + nodeParent] = parent
    nodes[word + nodeStep] = step
    nodes[word + nodeCount] = count
    this.nodesAdded++
    return this.nodesBefore + this.nodesAdded
  }

  get isEmpty(): boolean {
    return this.runsFrom === this.runs.length && this.heldFrom === this.held.length
  }
}
