import { type LinePiece, placeOf } from './line-piece.ts'
import { comparePlaces, firstPlace, type Place } from './place.ts'

/**
 * Puts the lines of several threads in order.
 *
 * M1 Each thread gives its lines in order of their places, and says up to which place it has given all.
 * M2 A line is written once no thread can give one before it.
 * M3 Lines of different threads have different places.
 */
export class LineMerge {
  readonly #threads: Thread[]
  readonly #write: (lines: string) => void

  /** @param write takes one line or several, with a line feed between two */
  constructor(threads: number, write: (lines: string) => void) {
    this.#threads = Array.from({ length: threads }, () => ({ pieces: [], line: 0, completeBefore: firstPlace }))
    this.#write = write
  }

  /** @param completeBefore the thread gives no more lines before this place */
  add(thread: number, piece: LinePiece | undefined, completeBefore: Place): void {
    if (piece !== undefined) this.#threads[thread].pieces.push(piece)
    this.#threads[thread].completeBefore = completeBefore
  }

  /** Writes all lines that no other can precede any more. */
  flush(): void {
    const before = this.#threads
      .map(({ completeBefore }) => completeBefore)
      .reduce((a, b) => (comparePlaces(b, a) < 0 ? b : a))
    for (let next = this.#first(); next !== undefined; next = this.#first()) if (!this.#writeRun(next, before)) return
  }

  /** The thread with the first line. */
  #first(): Thread | undefined {
    let first: Thread | undefined
    for (const thread of this.#threads)
      if (thread.pieces.length > 0 && (first === undefined || compareHeads(thread, first) < 0)) first = thread
    return first
  }

  /**
   * Writes the thread's lines up to the next one of another thread, or to the end of the piece.
   * @returns false: its first line must wait
   */
  #writeRun(thread: Thread, before: Place): boolean {
    const [piece] = thread.pieces
    const from = thread.line
    const others = this.#threads.filter((other) => other !== thread && other.pieces.length > 0)
    while (
      thread.line < piece.at.length &&
      isBefore(piece, thread.line, before) &&
      others.every((other) => compareHeads(thread, other) < 0)
    )
      thread.line++
    const to = thread.line
    if (to === from) return false
    const { text, ends } = piece.lines
    this.#write(text.slice(from === 0 ? 0 : ends[from - 1] + 1, ends[to - 1]))
    if (to === piece.at.length) {
      thread.pieces.shift()
      thread.line = 0
    }
    return true
  }
}

const isBefore = (piece: LinePiece, line: number, place: Place): boolean =>
  piece.at[line] === place.at ? comparePlaces(placeOf(piece, line), place) < 0 : piece.at[line] < place.at

interface Thread {
  readonly pieces: LinePiece[]
  /** The first line of the first piece that was not written. */
  line: number
  completeBefore: Place
}

/** As `comparePlaces`; mostly without objects, as there are as many comparisons as lines. */
function compareHeads(a: Thread, b: Thread): number {
  const [p] = a.pieces
  const [q] = b.pieces
  const i = a.line
  const k = b.line
  if (p.at[i] !== q.at[k]) return p.at[i] - q.at[k]
  return comparePlaces(placeOf(p, i), placeOf(q, k))
}
