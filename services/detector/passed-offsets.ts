/** From when to when something was done to a record, ms since 1970. */
export interface Passage {
  readonly start: number
  readonly end: number
}

/**
 * When each offset of a partition was passed, as a curve: one point for all that was passed at once, whatever their number, so that an
 * event costs nothing of its own. Bounded: the oldest half of the points goes when there is no more room.
 *
 * F1 Points rise in offset and in end. An offset was passed with the first point at or above it.
 * F2 Of offsets up to `#unknownUpTo` nothing is known: they were passed before the curve begins.
 */
export class PassedOffsets {
  readonly #pointsMax: number
  #offsets = new Float64Array(pointsMin)
  #starts = new Float64Array(pointsMin)
  #ends = new Float64Array(pointsMin)
  #length = 0
  #unknownUpTo = Number.POSITIVE_INFINITY

  /** @param pointsMax 256 at least */
  constructor(pointsMax: number) {
    this.#pointsMax = pointsMax
  }

  /** Everything up to an offset was passed by others, or at times that nobody knows. Counts once, before anything is passed. */
  begin(offset: number): void {
    if (this.#unknownUpTo === Number.POSITIVE_INFINITY) this.#unknownUpTo = offset
  }

  /** All offsets up to this one have been passed. An offset that was passed before is left as it is. */
  pass(offset: number, start: number, end: number): void {
    if (this.#unknownUpTo === Number.POSITIVE_INFINITY) this.#unknownUpTo = offset - 1
    const last = this.#length - 1
    if (offset <= (last < 0 ? this.#unknownUpTo : this.#offsets[last])) return
    if (last >= 0 && this.#ends[last] >= end) {
      // In the same millisecond; or the clock was set back, and time stands still until it is there again.
      this.#offsets[last] = offset
      return
    }
    if (this.#length === this.#offsets.length) this.#makeRoom()
    this.#offsets[this.#length] = offset
    this.#starts[this.#length] = start
    this.#ends[this.#length] = end
    this.#length++
  }

  /** @returns undefined: not passed yet, or nobody knows when */
  of(offset: number): Passage | undefined {
    if (offset <= this.#unknownUpTo || this.#length === 0 || offset > this.#offsets[this.#length - 1]) return undefined
    let low = 0
    let high = this.#length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#offsets[middle] >= offset) high = middle
      else low = middle + 1
    }
    return { start: this.#starts[low], end: this.#ends[low] }
  }

  #makeRoom(): void {
    const columns = [this.#offsets, this.#starts, this.#ends]
    if (this.#length < this.#pointsMax) {
      const [offsets, starts, ends] = columns.map((column) => {
        const larger = new Float64Array(Math.min(this.#pointsMax, 2 * column.length))
        larger.set(column)
        return larger
      })
      this.#offsets = offsets
      this.#starts = starts
      this.#ends = ends
      return
    }
    const gone = this.#length >> 1
    this.#unknownUpTo = this.#offsets[gone - 1]
    for (const column of columns) column.copyWithin(0, gone, this.#length)
    this.#length -= gone
  }
}

const pointsMin = 256
