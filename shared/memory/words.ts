import { type Arena, arenaWords } from './arena.ts'

/** The bound on the memory of all actors is reached: fewer accounts, shorter windows or a larger bound. */
export class ArenaFullError extends Error {
  override readonly name = 'ArenaFullError'

  /** @param bytesMax the bound */
  constructor(bytesMax: number) {
    super(`the state of all accounts has reached its bound of ${bytesMax} bytes`)
  }
}

/**
 * A block of 8-byte words for an owner that counts in doubles.
 * @returns index of its first word in `arena.F`; twice that is its first half in `arena.U`
 * Throws ArenaFullError.
 */
export function allocWords(arena: Arena, words: number): number {
  const handle = arena.alloc(words * 2)
  if (handle === 0) throw new ArenaFullError(arena.F.byteLength)
  return handle / 2
}

/** How many 8-byte words the block has that was asked for with `words`. */
export const wordsOfBlock = (words: number): number => arenaWords(words * 2) / 2

/** As `allocWords`, for what is never released: exactly so many words are taken. Throws ArenaFullError. */
export function allocLastingWords(arena: Arena, words: number): number {
  const handle = arena.allocLasting(words * 2)
  if (handle === 0) throw new ArenaFullError(arena.F.byteLength)
  return handle / 2
}

/** As `Arena.moved`. */
export const movedWords = (arena: Arena, start: number, words: number): number => arena.moved(start * 2, words * 2) / 2

export function releaseWords(arena: Arena, start: number, words: number): void {
  arena.release(start * 2, words * 2)
}
