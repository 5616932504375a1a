import type { Arena } from './arena.ts'
import { allocLastingWords } from './words.ts'

/**
 * Places of 16 bytes in the arena, a quarter of its smallest block: for what actors have by the million. They are taken in pages that stay,
 * and used again; those that are free count as free.
 */
export class Cells {
  readonly #arena: Arena
  /** Index in `F` of a free one; each holds the next in its first half. 0: none. */
  #free = 0

  constructor(arena: Arena) {
    this.#arena = arena
  }

  /** @returns index of its first word in `F`; the content is anything. Throws ArenaFullError. */
  alloc(): number {
    if (this.#free === 0) this.#addPage()
    const cell = this.#free
    this.#free = this.#arena.U[cell * 2]
    this.#arena.usedWords += cellWords * 2
    return cell
  }

  release(cell: number): void {
    this.#arena.U[cell * 2] = this.#free
    this.#free = cell
    this.#arena.usedWords -= cellWords * 2
  }

  #addPage(): void {
    const page = allocLastingWords(this.#arena, cellsPerPage * cellWords)
    // Backwards, so that they are used from the front.
    for (let cell = page + (cellsPerPage - 1) * cellWords; cell >= page; cell -= cellWords) this.release(cell)
  }
}

const cellWords = 2
const cellsPerPage = 256
