import type { Place } from './place.ts'

/** Lines with their places, in order of these, in a form that goes cheaply from thread to thread. */
export interface LinePiece {
  /** The lines, with a line feed between two. */
  readonly lines: PackedTexts
  readonly at: Float64Array<ArrayBuffer>
  readonly ranks: Float64Array<ArrayBuffer>
  /** undefined: all are empty. */
  readonly ids: PackedTexts | undefined
  readonly keys: PackedTexts | undefined
}

/** Several texts as one, with one character between two. */
export interface PackedTexts {
  readonly text: string
  /** By text: where it ends. */
  readonly ends: Uint32Array<ArrayBuffer>
}

const textAt = (packed: PackedTexts | undefined, i: number): string => {
  if (packed === undefined) return ''
  const { text, ends } = packed
  return text.slice(i === 0 ? 0 : ends[i - 1] + 1, ends[i])
}

export const buffersOf = ({ lines, at, ranks, ids, keys }: LinePiece): ArrayBuffer[] =>
  [lines.ends, at, ranks, ids?.ends, keys?.ends].flatMap((column) => (column === undefined ? [] : [column.buffer]))

export const placeOf = ({ at, ids, ranks, keys }: LinePiece, line: number): Place => ({
  at: at[line],
  id: textAt(ids, line),
  rank: ranks[line],
  key: textAt(keys, line),
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

const pieceOf = (lines: readonly string[], places: readonly Place[]): LinePiece => ({
  lines: packed(lines),
  at: Float64Array.from(places, ({ at }) => at),
  ranks: Float64Array.from(places, ({ rank }) => rank),
  ids: unlessEmpty(places.map(({ id }) => id)),
  keys: unlessEmpty(places.map(({ key }) => key)),
})

function packed(texts: readonly string[]): PackedTexts {
  const ends = new Uint32Array(texts.length)
  let end = -1
  for (let i = 0; i < texts.length; i++) ends[i] = end += texts[i].length + 1
  return { text: texts.join('\n'), ends }
}

const unlessEmpty = (texts: readonly string[]): PackedTexts | undefined =>
  texts.every((text) => text === '') ? undefined : packed(texts)
