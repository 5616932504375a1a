/** From when to when something was done to a record, ms since 1970. */
export interface Passage {
  readonly start: number
  readonly end: number
}

/**
 * When each offset of a partition was passed, as a curve: one point for all that was passed at once, whatever their number, so that an
 * event costs nothing of its own. Bounded: the oldest half of the points goes when there is no more room.
 *
 * F1 Points rise in offset. An offset was passed with the first point at or above it; nobody knows when where that point has no time.
 * F2 Of offsets up to `#unknownUpTo` nothing is known: they were passed before the curve begins.
 */
export class PassedOffsets {
  readonly #pointsMax: number
  #offsets = new Float64Array(pointsMin)
  #starts = new Float64Array(pointsMin)
  #ends = new Float64Array(pointsMin)
  #length = 0
  #unknownUpTo = Number.POSITIVE_INFINITY
  #hasBegun = false
  /** Index of the first point that `save` has not given out as it is. */
  #unsavedFrom = 0

  /** @param pointsMax 256 at least */
  constructor(pointsMax: number) {
    this.#pointsMax = pointsMax
  }

  /** A point that `save` of an earlier process gave out. All of them come before anything else, in their order. */
  restore(offset: number, start: number, end: number): void {
    const last = this.#length - 1
    // The last point of a save may have grown until the next one.
    if (last >= 0 && this.#ends[last] === end) this.#offsets[last] = Math.max(this.#offsets[last], offset)
    else if (last < 0 || offset > this.#offsets[last]) this.#push(offset, start, end)
    this.#unsavedFrom = this.#length
  }

  /** Everything up to an offset that is not restored was passed at times that nobody knows. Counts once, before anything is passed. */
  begin(offset: number): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    // A point too, so that the next process knows where the first passage began.
    if (this.#length === 0 || offset > this.#offsets[this.#length - 1]) this.#push(offset, Number.NaN, Number.NaN)
  }

  /** All offsets up to this one have been passed. An offset that was passed before is left as it is. */
  pass(offset: number, start: number, end: number): void {
    this.begin(offset - 1)
    const last = this.#length - 1
    if (offset <= (last < 0 ? this.#unknownUpTo : this.#offsets[last])) return
    // In the same millisecond; or the clock was set back, and time stands still until it is there again.
    if (last >= 0 && this.#ends[last] >= end) {
      this.#offsets[last] = offset
      this.#unsavedFrom = Math.min(this.#unsavedFrom, last)
    } else this.#push(offset, start, end)
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
    const [start, end] = [this.#starts[low], this.#ends[low]]
    return Number.isNaN(end) ? undefined : { start, end }
  }

  /** Gives out all points that are new or have grown since the last call. */
  save(write: (offset: number, start: number, end: number) => void): void {
    for (let i = this.#unsavedFrom; i < this.#length; i++) write(this.#offsets[i], this.#starts[i], this.#ends[i])
    this.#unsavedFrom = this.#length
  }

  #push(offset: number, start: number, end: number): void {
    if (this.#length === 0 && this.#unknownUpTo === Number.POSITIVE_INFINITY) this.#unknownUpTo = offset - 1
    if (this.#length === this.#offsets.length) this.#makeRoom()
    this.#offsets[this.#length] = offset
    this.#starts[this.#length] = start
    this.#ends[this.#length] = end
    this.#length++
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
    this.#unsavedFrom = Math.max(0, this.#unsavedFrom - gone)
  }
}

const pointsMin = 256
