/**
 * Who acts next: a priority queue of (time, agent), earliest first, the lower agent number at equal times.
 * A 4-ary heap in typed arrays: half the levels of a binary one, and four children share a cache line.
 */
export class Agenda {
  #at: Float64Array
  #agent: Int32Array
  #length = 0

  constructor(capacity = 1024) {
    this.#at = new Float64Array(capacity)
    this.#agent = new Int32Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** Time of the next act in ms; Infinity when nobody waits. */
  get at(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : this.#at[0]
  }

  /** The agent that acts next. */
  get agent(): number {
    return this.#agent[0]
  }

  add(at: number, agent: number): void {
    if (this.#length === this.#at.length) this.#grow()
    this.#siftUp(this.#length++, at, agent)
  }

  /** Puts the agent that just acted back at a later time: one pass instead of remove and add. */
  replace(at: number): void {
    this.#siftDown(at, this.#agent[0])
  }

  /** Takes the agent that just acted off the agenda. */
  remove(): void {
    this.#length--
    if (this.#length > 0) this.#siftDown(this.#at[this.#length], this.#agent[this.#length])
  }

  #siftUp(from: number, at: number, agent: number): void {
    let i = from
    while (i > 0) {
      const parent = (i - 1) >> 2
      if (!this.#isBefore(at, agent, parent)) break
      this.#move(parent, i)
      i = parent
    }
    this.#at[i] = at
    this.#agent[i] = agent
  }

  #siftDown(at: number, agent: number): void {
    let i = 0
    for (;;) {
      const first = 4 * i + 1
      if (first >= this.#length) break
      const end = Math.min(first + 4, this.#length)
      let least = first
      for (let child = first + 1; child < end; child++)
        if (this.#isBefore(this.#at[child], this.#agent[child], least)) least = child
      if (this.#isBefore(at, agent, least)) break
      this.#move(least, i)
      i = least
    }
    this.#at[i] = at
    this.#agent[i] = agent
  }

  #isBefore(at: number, agent: number, other: number): boolean {
    return at < this.#at[other] || (at === this.#at[other] && agent < this.#agent[other])
  }

  #move(from: number, to: number): void {
    this.#at[to] = this.#at[from]
    this.#agent[to] = this.#agent[from]
  }

  #grow(): void {
    const at = new Float64Array(this.#at.length * 2)
    const agent = new Int32Array(this.#agent.length * 2)
    at.set(this.#at)
    agent.set(this.#agent)
    this.#at = at
    this.#agent = agent
  }
}
