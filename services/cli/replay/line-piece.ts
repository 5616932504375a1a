import type { Place } from './place.ts'

/** Lines with their places, in order of these, in a form that goes cheaply from thread to thread. */
export interface LinePiece {
  /** The lines, with a line feed between two. */
  readonly text: string
  /** By line: where it ends in the text. */
  readonly ends: Uint32Array<ArrayBuffer>
  readonly at: Float64Array<ArrayBuffer>
  readonly ranks: Float64Array<ArrayBuffer>
  /** undefined: all are empty. */
  readonly ids: readonly string[] | undefined
  readonly keys: readonly string[] | undefined
}

export const buffersOf = ({ ends, at, ranks }: LinePiece): ArrayBuffer[] => [ends.buffer, at.buffer, ranks.buffer]

export const placeOf = ({ at, ids, ranks, keys }: LinePiece, line: number): Place => ({
  at: at[line],
  id: ids?.[line] ?? '',
  rank: ranks[line],
  key: keys?.[line] ?? '',
})

/** Lines that wait to be sent. They come in order of their places. */
export class LineGatherer {
  #lines: string[] = []
  #places: Place[] = []
  #taken = 0

  add(line: string, place: Place): void {
    this.#lines.push(line)
    this.#places.push(place)
  }

  /** Of the next line to be taken; undefined: there is none. */
  get nextPlace(): Place | undefined {
    return this.#places[this.#taken]
  }

  /** Takes lines of so many characters together, and at least one where there is any. */
  take(charactersMax: number): LinePiece | undefined {
    const from = this.#taken
    let to = from
    let characters = 0
    while (to < this.#lines.length && (to === from || characters + this.#lines[to].length < charactersMax))
      characters += this.#lines[to++].length + 1
    if (to === from) return undefined
    const piece = pieceOf(this.#lines.slice(from, to), this.#places.slice(from, to))
    this.#taken = to
    if (to === this.#lines.length) {
      this.#lines = []
      this.#places = []
      this.#taken = 0
    }
    return piece
  }
}

function pieceOf(lines: readonly string[], places: readonly Place[]): LinePiece {
  const ends = new Uint32Array(lines.length)
  let end = -1
  for (let i = 0; i < lines.length; i++) ends[i] = end += lines[i].length + 1
  return {
    text: lines.join('\n'),
    ends,
    at: Float64Array.from(places, ({ at }) => at),
    ranks: Float64Array.from(places, ({ rank }) => rank),
    ids: unlessEmpty(places.map(({ id }) => id)),
    keys: unlessEmpty(places.map(({ key }) => key)),
  }
}

const unlessEmpty = (texts: readonly string[]): readonly string[] | undefined =>
  texts.every((text) => text === '') ? undefined : texts
