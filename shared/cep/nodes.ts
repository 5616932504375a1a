import type { Draft } from './draft.ts'
import type { RunBlocks } from './run-blocks.ts'
import { headerWords, nodeCount, nodeParent, nodePosition, nodeStep, nodeWords } from './run-layout.ts'

/** Nodes by number while a draft is not written yet: older ones are in the block, those of the event in the draft. */
export class Nodes {
  private readonly blocks: RunBlocks
  private readonly draft: Draft
  private base = 0

  constructor(blocks: RunBlocks, draft: Draft) {
    this.blocks = blocks
    this.draft = draft
  }

  aim(handle: number): void {
    this.base = handle + headerWords - nodeWords
  }

  position(node: number): number {
    return this.word(node, nodePosition)
  }

  parent(node: number): number {
    return this.word(node, nodeParent)
  }

  step(node: number): number {
    return this.word(node, nodeStep)
  }

  count(node: number): number {
    return this.word(node, nodeCount)
  }

  private word(node: number, offset: number): number {
    const added = node - this.draft.nodesBefore - 1
    return added < 0
      ? this.blocks.arena.U[this.base + node * nodeWords + offset]
      : this.draft.nodes[added * nodeWords + offset]
  }
}
