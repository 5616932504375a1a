/**
 * Counts the events of one partition that this process has put into the log, and that wait to be judged. Offsets alone do not tell: on a broker they rise
 * by thousands from one request to the next.
 */
export class AppendedLag {
  /** Highest offset first seen, and how many events there were up to it; oldest first. */
  readonly #marks: { offset: number; total: number }[] = []
  #total = 0
  #judged = 0
  #last = 0

  /** @param offset of an event that was answered; one that was known before counts once */
  appended(offset: number): void {
    if (offset <= this.#last) return
    this.#last = offset
    this.#total++
    const mark = this.#marks.at(-1)
    if (mark === undefined || this.#total - this.#beforeLast() > eventsPerMark)
      this.#marks.push({ offset, total: this.#total })
    else {
      mark.offset = offset
      mark.total = this.#total
    }
  }

  /**
   * @param position of the owner, which never goes back within a life; a new life may begin lower
   * @returns events, up to `eventsPerMark` too many; 0 only where all are judged
   */
  at(position: number): number {
    let reached = 0
    while (reached < this.#marks.length && this.#marks[reached].offset <= position) reached++
    if (reached > 0) {
      this.#judged = this.#marks[reached - 1].total
      this.#marks.splice(0, reached)
    }
    return this.#total - this.#judged
  }

  #beforeLast(): number {
    return this.#marks.at(-2)?.total ?? this.#judged
  }
}

/** So that 200,000 events are some hundred marks. */
const eventsPerMark = 256
