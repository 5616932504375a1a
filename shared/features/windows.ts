import { invariant } from '#shared/domain/invariant'
import { addSquare, addSquareToExpansion, addToExpansion } from './exact-sum.ts'
import type { Extremes } from './extremes.ts'
import type { History } from './history.ts'
import { blockHalf, capacityHalf, filterBit, firstHalf, headHalf } from './layout.ts'
import type { Links } from './links.ts'
import { type AccumulatorKind, noCursor, noFilter, type Plan } from './plan.ts'

/**
 * Sliding windows over one history per actor: cursors that records enter and leave by, and the accumulators that follow.
 * Cost: each record enters and leaves each window once, whatever the window's length.
 *
 * W1 Entering and leaving are exact inverses: after `retreat` every accumulator is what it was, to the last bit.
 * W2 Going on, a window's end is moved before its start, going back its start before its end; so start ≤ end at every instant (cursors
 *    ascend in distance).
 * W3 An accumulator is a function of the records in its window alone, not of the way it got there; so a poisoned sum (NaN) may be made afresh.
 */
export class Windows {
  readonly #history: History
  readonly #links: Links
  readonly #extremes: Extremes
  readonly #cursors: Plan['cursors']
  readonly #operations: readonly Operation[]
  /** By cursor: operations of the windows that start there, and of those that end there. */
  readonly #startingAt: readonly (readonly Operation[])[]
  readonly #endingAt: readonly (readonly Operation[])[]
  readonly #endingAtHead: readonly Operation[]
  readonly #compound: readonly { cursor: number; time: number; count: number; high: number }[]
  /** Those whose window ends before the head. */
  readonly #delayed: readonly { cursor: number; delayMs: number }[]
  readonly #counts: readonly CountCursor[]
  readonly #times: readonly { cursor: number; backMs: number }[]

  constructor(history: History, links: Links, extremes: Extremes, plan: Plan) {
    this.#history = history
    this.#links = links
    this.#extremes = extremes
    this.#cursors = plan.cursors
    this.#operations = plan.accumulators.map((accumulator, i) => {
      const filter = accumulator.kind === 'distinct' ? plan.links[accumulator.source].filter : accumulator.filter
      return {
        ...accumulator,
        word: history.layout.accumulatorWord[i],
        column: history.layout.columnsWord + accumulator.source,
        low: accumulator.window.low,
        high: accumulator.window.high,
        filter,
        ...filterBit(filter),
        departedWord: history.layout.departedWord[i],
      }
    })
    this.#startingAt = plan.cursors.map((_, c) => this.#operations.filter(({ low }) => low === c))
    this.#endingAt = plan.cursors.map((_, c) => this.#operations.filter(({ high }) => high === c))
    this.#endingAtHead = this.#operations.filter(({ high }) => high === noCursor)
    const withIndex = plan.cursors.map((cursor, i) => ({ ...cursor, cursor: i }))
    this.#times = withIndex.flatMap((c) => (c.kind === 'time' ? [c] : []))
    this.#counts = withIndex.flatMap((c) => (c.kind === 'count' ? [{ ...c, word: this.#counterOf(c) }] : []))
    this.#compound = withIndex.flatMap((c) => (c.kind === 'both' ? [c] : []))
    this.#delayed = this.#compound.flatMap(({ cursor, high }) => {
      const end = high === noCursor ? undefined : this.#times.find((time) => time.cursor === high)
      return end === undefined ? [] : [{ cursor, delayMs: end.backMs }]
    })
  }

  /** An actor without records; the first will have this position. */
  open(h: number, position = 1): void {
    for (let c = 0; c < this.#cursors.length; c++) this.#setCursor(h, c, position)
  }

  cursor(h: number, cursor: number): number {
    return cursor === noCursor
      ? this.#history.start(h)
      : this.#history.arena.U[h * 2 + this.#history.layout.cursorsHalf + cursor]
  }

  /** End of a window: the cursor, or the head. */
  end(h: number, high: number): number {
    return high === noCursor ? this.#history.head(h) : this.cursor(h, high)
  }

  /** Time moves on to `at`: records leave windows, and enter those that lag behind. */
  advance(h: number, at: number): void {
    const { arena, layout } = this.#history
    const { F, U } = arena
    const head = U[h * 2 + headHalf]
    const block = U[h * 2 + blockHalf]
    const first = U[h * 2 + firstHalf]
    const capacity = U[h * 2 + capacityHalf]
    for (let i = 0; i < this.#times.length; i++) {
      const { cursor, backMs } = this.#times[i]
      const limit = at - backMs
      for (let position = U[h * 2 + layout.cursorsHalf + cursor]; position < head; position++) {
        const place = position - first
        if (F[block + (place < capacity ? place : place - capacity) * layout.recordWords] > limit) break
        this.#moveForward(h, cursor, position)
      }
    }
    if (this.#compound.length > 0) this.#alignCompound(h)
  }

  /** Reads the records at the cursors, which the next `advance` will look at. @returns something to add up */
  prefetch(h: number): number {
    const { arena, layout } = this.#history
    const { F, U } = arena
    let sum = 0
    for (let i = 0; i < this.#times.length; i++)
      sum += F[this.#history.record(h, U[h * 2 + layout.cursorsHalf + this.#times[i].cursor])]
    return sum
  }

  /** The newest record, just appended and linked, enters all windows that end at the head. */
  enter(h: number): void {
    const position = this.#history.head(h) - 1
    const record = this.#history.record(h, position)
    for (let i = 0; i < this.#endingAtHead.length; i++) this.#enterAtEnd(h, this.#endingAtHead[i], position, record)
    if (this.#extremes.endsAt(noCursor)) this.#extremes.push(h, noCursor, position)
    for (const count of this.#counts) {
      if (this.#countedFrom(h, count) <= count.events) continue
      let p = this.cursor(h, count.cursor)
      while (!this.#history.passes(h, p, count.filter)) this.#moveForward(h, count.cursor, p++)
      this.#moveForward(h, count.cursor, p)
    }
    this.#alignCompound(h)
  }

  /**
   * Takes the newest record out of all windows that end at the head, and time back to `previousAt`.
   * The caller then unlinks and removes the record.
   */
  retreat(h: number): void {
    const position = this.#history.head(h) - 1
    for (const count of this.#counts) {
      const { cursor, filter } = count
      if (this.#countedFrom(h, count) < count.events || !this.#history.passes(h, position, filter)) continue
      let p = this.cursor(h, cursor) - 1
      while (p >= this.#history.start(h) && !this.#history.passes(h, p, filter)) p--
      // Where no older one is left, all that is left is in the window: the cursor must not stay behind records that go next.
      const low = Math.max(p, this.#history.start(h))
      for (let q = this.cursor(h, cursor) - 1; q >= low; q--) this.#moveBack(h, cursor, q)
    }
    this.#alignCompound(h)
    const record = this.#history.record(h, position)
    for (const operation of this.#endingAtHead) this.#leaveAtEnd(h, operation, position, record)
  }

  /** Time goes back to `at`, the one of the record that is now the newest. */
  rewindTime(h: number, at: number): void {
    // The ends of windows are about to go back: starts go first.
    for (const { cursor, delayMs } of this.#delayed) {
      const end = this.#history.firstAfter(h, at - delayMs)
      for (let position = this.cursor(h, cursor); position > end; ) this.#moveBack(h, cursor, --position)
    }
    for (let i = this.#times.length - 1; i >= 0; i--) {
      const { cursor, backMs } = this.#times[i]
      const limit = at - backMs
      const start = this.#history.start(h)
      let position = this.cursor(h, cursor)
      while (position > start && this.#history.at(h, position - 1) > limit) this.#moveBack(h, cursor, --position)
    }
    this.#alignCompound(h)
  }

  /** The oldest record is about to leave the history: it leaves every window that still holds it. */
  depart(h: number): void {
    const oldest = this.#history.start(h)
    for (const { cursor } of this.#times) if (this.cursor(h, cursor) === oldest) this.#moveForward(h, cursor, oldest)
    for (const { cursor } of this.#counts) if (this.cursor(h, cursor) === oldest) this.#moveForward(h, cursor, oldest)
    for (const { cursor } of this.#compound) if (this.cursor(h, cursor) === oldest) this.#moveForward(h, cursor, oldest)
    const { F } = this.#history.arena
    for (const { departedWord, filter, word } of this.#operations) {
      if (departedWord < 0 || !this.#history.passes(h, oldest, filter)) continue
      F[h + departedWord] = this.#history.at(h, oldest)
      if (F[h + word] === oldest) F[h + word] = 0
    }
  }

  /** Counted records from the cursor to the head. */
  #countedFrom(h: number, { cursor, word }: CountCursor): number {
    return word < 0 ? this.#history.head(h) - this.cursor(h, cursor) : this.#history.arena.F[h + word]
  }

  #counterOf({ cursor, filter }: { cursor: number; filter: number }): number {
    if (filter === noFilter) return -1
    const isCounter = (o: Operation): boolean =>
      o.kind === 'count' && o.filter === filter && o.low === cursor && o.high === noCursor
    const counter = this.#operations.find(isCounter)
    invariant(counter !== undefined, 'a filtered count cursor has its counter in the plan')
    return counter.word
  }

  #alignCompound(h: number): void {
    for (const { cursor, time, count, high } of this.#compound) {
      const target = Math.min(Math.max(this.cursor(h, time), this.cursor(h, count)), this.end(h, high))
      let position = this.cursor(h, cursor)
      while (position < target) this.#moveForward(h, cursor, position++)
      while (position > target) this.#moveBack(h, cursor, --position)
    }
  }

  #setCursor(h: number, cursor: number, position: number): void {
    this.#history.arena.U[h * 2 + this.#history.layout.cursorsHalf + cursor] = position
  }

  #moveForward(h: number, cursor: number, position: number): void {
    const record = this.#history.record(h, position)
    const entered = this.#endingAt[cursor]
    for (let i = 0; i < entered.length; i++) this.#enterAtEnd(h, entered[i], position, record)
    if (this.#extremes.endsAt(cursor)) this.#extremes.push(h, cursor, position)
    const left = this.#startingAt[cursor]
    for (let i = 0; i < left.length; i++) this.#leaveAtStart(h, left[i], position, record)
    this.#setCursor(h, cursor, position + 1)
  }

  #moveBack(h: number, cursor: number, position: number): void {
    this.#setCursor(h, cursor, position)
    const record = this.#history.record(h, position)
    for (const operation of this.#startingAt[cursor]) this.#enterAtStart(h, operation, position, record)
    for (const operation of this.#endingAt[cursor]) this.#leaveAtEnd(h, operation, position, record)
  }

  #enterAtEnd(h: number, operation: Operation, position: number, record: number): void {
    const { F, U } = this.#history.arena
    if ((U[record * 2 + operation.bitHalf] & operation.bitMask) !== operation.bitMask) return
    const word = h + operation.word
    switch (operation.kind) {
      case 'distinct':
        if (this.#links.previous(h, operation.source, position) < this.cursor(h, operation.low)) F[word]++
        return
      case 'first':
        if (F[word] === 0) F[word] = position
        return
      case 'last':
        F[word] = position
        return
      default:
        this.#add(h, operation, record, 1)
    }
  }

  #leaveAtEnd(h: number, operation: Operation, position: number, record: number): void {
    const { F, U } = this.#history.arena
    if ((U[record * 2 + operation.bitHalf] & operation.bitMask) !== operation.bitMask) return
    const word = h + operation.word
    switch (operation.kind) {
      case 'distinct':
        if (this.#links.previous(h, operation.source, position) < this.cursor(h, operation.low)) F[word]--
        return
      case 'first':
        if (F[word] === position) F[word] = 0
        return
      case 'last': {
        if (F[word] !== position) return
        let p = position - 1
        const low = this.cursor(h, operation.low)
        while (p >= low && !this.#history.passes(h, p, operation.filter)) p--
        F[word] = p >= low ? p : 0
        return
      }
      default:
        this.#add(h, operation, record, -1)
    }
  }

  #leaveAtStart(h: number, operation: Operation, position: number, record: number): void {
    const { F, U } = this.#history.arena
    if ((U[record * 2 + operation.bitHalf] & operation.bitMask) !== operation.bitMask) return
    const word = h + operation.word
    switch (operation.kind) {
      case 'distinct':
        if (this.#isLastOfItsValue(h, operation, position)) F[word]--
        return
      case 'first': {
        if (F[word] !== position) return
        const end = this.end(h, operation.high)
        let p = position + 1
        while (p < end && !this.#history.passes(h, p, operation.filter)) p++
        F[word] = p < end ? p : 0
        return
      }
      case 'last':
        if (F[word] === position) F[word] = 0
        return
      default:
        this.#add(h, operation, record, -1)
    }
  }

  #enterAtStart(h: number, operation: Operation, position: number, record: number): void {
    const { F, U } = this.#history.arena
    if ((U[record * 2 + operation.bitHalf] & operation.bitMask) !== operation.bitMask) return
    const word = h + operation.word
    switch (operation.kind) {
      case 'distinct':
        if (this.#isLastOfItsValue(h, operation, position)) F[word]++
        return
      case 'first':
        F[word] = position
        return
      case 'last':
        if (F[word] === 0) F[word] = position
        return
      default:
        this.#add(h, operation, record, 1)
    }
  }

  #isLastOfItsValue(h: number, operation: Operation, position: number): boolean {
    const next = this.#links.next(h, operation.source, position)
    return next === 0 || next >= this.end(h, operation.high)
  }

  #add(h: number, operation: Operation, record: number, sign: 1 | -1): void {
    const { F } = this.#history.arena
    const word = h + operation.word
    if (operation.kind === 'count') {
      F[word] += sign
      return
    }
    const value = F[record + operation.column]
    switch (operation.kind) {
      case 'sum': {
        const sum = F[word] + sign * value
        F[word] = sum > Number.MAX_SAFE_INTEGER || sum < Number.MIN_SAFE_INTEGER ? Number.NaN : sum
        return
      }
      case 'squares':
        addSquare(F, word, value, sign)
        return
      case 'expansion':
        addToExpansion(F, word, sign * value)
        return
      case 'expansion-squares':
        addSquareToExpansion(F, word, value, sign)
    }
  }
}

interface CountCursor {
  readonly cursor: number
  readonly filter: number
  readonly events: number
  /** Accumulator that counts from the cursor to the head; −1 where every record counts. */
  readonly word: number
}

interface Operation {
  readonly kind: AccumulatorKind
  readonly filter: number
  /** The filter's bit in a record; mask 0 where every record counts. */
  readonly bitHalf: number
  readonly bitMask: number
  /** Link, for distinct. */
  readonly source: number
  /** Word of the value in a record. */
  readonly column: number
  readonly word: number
  readonly low: number
  readonly high: number
  readonly departedWord: number
}
