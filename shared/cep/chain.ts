import type { Arena } from '#shared/memory/arena'
import type { Fuel } from './fuel.ts'
import type { Taken } from './judge.ts'
import { headerWords, nodeCount, nodeParent, nodePosition, nodeStep, nodeWords } from './run-layout.ts'

/**
 * What one run of a block has taken, read from its last event back to its first. Aimed at another run before each use.
 * Each event that is passed or read on the way is one operation; none is touched without fuel.
 */
export class Chain implements Taken {
  private readonly arena: Arena
  private readonly fuel: Fuel
  /** Word of node 0, which does not exist. */
  private base = 0
  private last_ = 0

  constructor(arena: Arena, fuel: Fuel) {
    this.arena = arena
    this.fuel = fuel
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
    let word = this.lastWord(step)
    const { left } = this.fuel
    let walked = 0
    for (; word !== 0 && walked <= left; word = this.parentWord(word)) {
      if (U[word + nodeStep] === step && U[word + nodeCount] === index + 1) break
      walked++
    }
    this.fuel.use(walked)
    return word === 0 ? -1 : U[word + nodePosition]
  }

  positions(step: number, into: Uint32Array): number {
    const { U } = this.arena
    let word = this.lastWord(step)
    const count = word === 0 ? 0 : U[word + nodeCount]
    if (count > into.length) return count
    // What is handed out will be read.
    this.fuel.use(count)
    const { left } = this.fuel
    let walked = 0
    for (; word !== 0 && walked <= left; word = this.parentWord(word)) {
      if (U[word + nodeStep] === step) into[U[word + nodeCount] - 1] = U[word + nodePosition]
      walked++
    }
    this.fuel.use(walked)
    return count
  }

  /** Word of the step's last node; 0: none. */
  private lastWord(step: number): number {
    const { U } = this.arena
    const { left } = this.fuel
    let word = this.last_ === 0 ? 0 : this.base + this.last_ * nodeWords
    let walked = 0
    while (word !== 0 && U[word + nodeStep] !== step && walked <= left) {
      word = this.parentWord(word)
      walked++
    }
    this.fuel.use(walked)
    return word
  }

  private parentWord(word: number): number {
    const parent = this.arena.U[word + nodeParent]
    return parent === 0 ? 0 : this.base + parent * nodeWords
  }
}
