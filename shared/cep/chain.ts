import type { Arena } from '#shared/memory/arena'
import type { Taken } from './judge.ts'
import { headerWords, nodeCount, nodeParent, nodePosition, nodeStep, nodeWords } from './run-layout.ts'

/** What one run of a block has taken, read from its last event back to its first. Aimed at another run before each use. */
export class Chain implements Taken {
  private readonly arena: Arena
  /** Word of node 0, which does not exist. */
  private base = 0
  private last_ = 0

  constructor(arena: Arena) {
    this.arena = arena
  }

  /** @param node number of the run's last node, 0: it has taken nothing */
  aim(handle: number, node: number): void {
    this.base = handle + headerWords - nodeWords
    this.last_ = node
  }

  count(step: number): number {
    const word = this.lastWord(step)
    return word === 0 ? 0 : this.arena.U[word + nodeCount]
  }

  first(step: number): number {
    return this.position(step, 0)
  }

  last(step: number): number {
    const word = this.lastWord(step)
    return word === 0 ? -1 : this.arena.U[word + nodePosition]
  }

  position(step: number, index: number): number {
    const { U } = this.arena
    for (let word = this.lastWord(step); word !== 0; word = this.parentWord(word))
      if (U[word + nodeStep] === step && U[word + nodeCount] === index + 1) return U[word + nodePosition]
    return -1
  }

  positions(step: number, into: Uint32Array): number {
    const { U } = this.arena
    let word = this.lastWord(step)
    const count = word === 0 ? 0 : U[word + nodeCount]
    if (count <= into.length)
      for (; word !== 0; word = this.parentWord(word))
        if (U[word + nodeStep] === step) into[U[word + nodeCount] - 1] = U[word + nodePosition]
    return count
  }

  /** Word of the step's last node; 0: none. */
  private lastWord(step: number): number {
    const { U } = this.arena
    let word = this.last_ === 0 ? 0 : this.base + this.last_ * nodeWords
    while (word !== 0 && U[word + nodeStep] !== step) word = this.parentWord(word)
    return word
  }

  private parentWord(word: number): number {
    const parent = this.arena.U[word + nodeParent]
    return parent === 0 ? 0 : this.base + parent * nodeWords
  }
}
