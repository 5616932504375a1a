/**
 * A value for each slot, where slots are numbered from 0 without gaps. In pieces: one array that grows is copied as a whole, which takes
 * milliseconds at a million, and one with gaps becomes a dictionary.
 */
export class SlotList<T> {
  readonly #pieces: (T | undefined)[][] = []

  get(slot: number): T | undefined {
    return this.#pieces[slot >>> pieceLog2]?.[slot & pieceMask]
  }

  set(slot: number, value: T | undefined): void {
    const piece = slot >>> pieceLog2
    while (this.#pieces.length <= piece) this.#pieces.push(new Array<T | undefined>(pieceMask + 1).fill(undefined))
    this.#pieces[piece][slot & pieceMask] = value
  }
}

const pieceLog2 = 12
const pieceMask = (1 << pieceLog2) - 1
