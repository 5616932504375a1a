import { headersPerBlock } from '#shared/features/layout'
import type { Arena } from '#shared/memory/arena'
import { allocLastingWords } from '#shared/memory/words'

/** Where the headers of the actors of a population lie, by slot: many in one block, which never moves and is never given back. */
export class ActorHeaders {
  readonly #arena: Arena
  readonly #words: number
  /** Words where headers start, by slot / `headersPerBlock`. */
  readonly #blocks: number[] = []

  /** @param words of a header */
  constructor(arena: Arena, words: number) {
    this.#arena = arena
    this.#words = words
  }

  /** Makes room for the header of a slot. A new slot is the next one; one that is given again has its room. */
  claim(slot: number): void {
    if (slot === this.#blocks.length * headersPerBlock)
      this.#blocks.push(allocLastingWords(this.#arena, this.#words * headersPerBlock))
  }

  of(slot: number): number {
    return this.#blocks[(slot / headersPerBlock) | 0] + (slot % headersPerBlock) * this.#words
  }
}
