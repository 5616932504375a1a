import {
  addSquare,
  addSquareToExpansion,
  addToExpansion,
  expansionTerms,
  roundExpansion,
  squaresToBigInt,
  standardDeviation,
  standardDeviationOfDoubles,
  standardDeviationOfValues,
  sumExactly,
} from './exact-sum.ts'
import type { Extremes } from './extremes.ts'
import type { History } from './history.ts'
import type { Plan, PlannedFeature } from './plan.ts'
import type { Windows } from './windows.ts'

/**
 * Reads features into registers: R[base + feature], NaN where absent; a text feature gives the handle of its text, 0 where absent.
 * `faults` names the features whose exact value does not fit their type.
 */
export class FeatureReader {
  readonly #history: History
  readonly #windows: Windows
  readonly #extremes: Extremes
  readonly #plan: Plan
  readonly #before: readonly number[]
  readonly #after: readonly number[]
  readonly faults = new Set<number>()

  constructor(history: History, windows: Windows, extremes: Extremes, plan: Plan) {
    this.#history = history
    this.#windows = windows
    this.#extremes = extremes
    this.#plan = plan
    const indexes = plan.features.map((_, i) => i)
    this.#before = indexes.filter((i) => plan.features[i].excludeCurrent)
    this.#after = indexes.filter((i) => !plan.features[i].excludeCurrent)
  }

  /** Features that leave the current event out: time stands at it, but it is not in the history yet. */
  readBefore(h: number, at: number, R: Float64Array, base: number): void {
    if (this.faults.size > 0) this.faults.clear()
    for (const i of this.#before) R[base + i] = this.#read(h, i, at)
  }

  readAfter(h: number, at: number, R: Float64Array, base: number): void {
    for (const i of this.#after) R[base + i] = this.#read(h, i, at)
  }

  #read(h: number, index: number, at: number): number {
    const feature = this.#plan.features[index]
    const { F } = this.#history.arena
    switch (feature.kind) {
      case 'count':
        return this.#count(h, feature)
      case 'distinct':
        return F[h + this.#word(feature.source)]
      case 'sum':
        return this.#sum(h, index, feature)
      case 'avg':
        // An empty window gives 0 / 0: absent. Sum and divisor are exact, so the quotient is correctly rounded.
        return this.#sum(h, index, feature) / (this.#count(h, feature) * feature.scale)
      case 'share': {
        const counted = this.#count(h, feature)
        return counted === 0 ? 0 : F[h + this.#word(feature.source)] / counted
      }
      case 'extreme':
        return this.#extremes.read(h, feature.source, this.#windows.cursor(h, feature.window.low))
      case 'at-position': {
        const position = F[h + this.#word(feature.source)]
        return position === 0 ? absent(feature) : this.#columnAt(h, feature.column, position)
      }
      case 'elapsed':
        return this.#elapsed(h, feature, at)
      case 'stddev':
        return this.#deviation(h, index, feature)
      case 'double-sum':
        return this.#doubleSum(h, index, feature)
      case 'double-avg':
        return this.#doubleSum(h, index, feature) / this.#count(h, feature)
      case 'double-stddev':
        return this.#doubleDeviation(h, feature)
    }
  }

  #count(h: number, { count, window }: PlannedFeature): number {
    if (count >= 0) return this.#history.arena.F[h + this.#word(count)]
    return this.#windows.end(h, window.high) - this.#windows.cursor(h, window.low)
  }

  #sum(h: number, index: number, feature: PlannedFeature): number {
    const word = h + this.#word(feature.source)
    const sum = this.#history.arena.F[word]
    if (!Number.isNaN(sum)) return sum
    // The running sum left the exact range for a while; the window's records decide what it is now.
    let total = 0n
    this.#forEachCounted(h, feature, (value) => {
      total += BigInt(value)
    })
    if (total > BigInt(Number.MAX_SAFE_INTEGER) || total < -BigInt(Number.MAX_SAFE_INTEGER)) {
      this.faults.add(index)
      return Number.NaN
    }
    this.#history.arena.F[word] = Number(total)
    return Number(total)
  }

  #deviation(h: number, index: number, feature: PlannedFeature): number {
    const counted = this.#count(h, feature)
    if (counted === 0) return Number.NaN
    const sum = this.#sum(h, index, feature)
    if (Number.isNaN(sum)) return sum
    const word = h + this.#word(feature.squares)
    const { F } = this.#history.arena
    if (Number.isNaN(F[word])) {
      // Where the sum of squares left its range for a while, it may be back.
      F.fill(0, word, word + 2)
      this.#forEachCounted(h, feature, (value) => addSquare(F, word, value, 1))
    }
    let squares = 0n
    if (!Number.isNaN(F[word])) squares = squaresToBigInt(F[word], F[word + 1])
    else
      this.#forEachCounted(h, feature, (value) => {
        squares += BigInt(value) * BigInt(value)
      })
    return standardDeviation(counted, BigInt(sum), squares, feature.scale)
  }

  #doubleSum(h: number, index: number, feature: PlannedFeature): number {
    const { F } = this.#history.arena
    const word = h + this.#word(feature.source)
    this.#mend(h, feature, word, (value) => addToExpansion(F, word, value))
    const sum = Number.isNaN(F[word]) ? sumExactly(this.#counted(h, feature)) : roundExpansion(F, word)
    if (Number.isFinite(sum)) return sum
    this.faults.add(index)
    return Number.NaN
  }

  #doubleDeviation(h: number, feature: PlannedFeature): number {
    const counted = this.#count(h, feature)
    if (counted === 0) return Number.NaN
    const { F } = this.#history.arena
    const sumWord = h + this.#word(feature.source)
    const squaresWord = h + this.#word(feature.squares)
    this.#mend(h, feature, sumWord, (value) => addToExpansion(F, sumWord, value))
    this.#mend(h, feature, squaresWord, (value) => addSquareToExpansion(F, squaresWord, value, 1))
    if (Number.isNaN(F[sumWord]) || Number.isNaN(F[squaresWord]))
      return standardDeviationOfValues(this.#counted(h, feature))
    const terms = (word: number): number[] => Array.from(F.subarray(word, word + expansionTerms))
    return standardDeviationOfDoubles(counted, terms(sumWord), terms(squaresWord))
  }

  /** An expansion that did not hold its sum for a while may hold that of the window's present records. */
  #mend(h: number, feature: PlannedFeature, word: number, add: (value: number) => void): void {
    const { F } = this.#history.arena
    if (!Number.isNaN(F[word])) return
    F.fill(0, word, word + expansionTerms)
    this.#forEachCounted(h, feature, add)
  }

  #elapsed(h: number, feature: PlannedFeature, at: number): number {
    const { F } = this.#history.arena
    const position = F[h + this.#word(feature.source)]
    const previousAt =
      position === 0 ? F[h + this.#history.layout.departedWord[feature.source]] : this.#history.at(h, position)
    const elapsed = at - previousAt
    return elapsed < feature.withinMs ? elapsed : Number.NaN
  }

  #counted(h: number, feature: PlannedFeature): number[] {
    const values: number[] = []
    this.#forEachCounted(h, feature, (value) => values.push(value))
    return values
  }

  #forEachCounted(h: number, feature: PlannedFeature, visit: (value: number) => void): void {
    const { filter } = this.#plan.accumulators[feature.source]
    const end = this.#windows.end(h, feature.window.high)
    for (let p = this.#windows.cursor(h, feature.window.low); p < end; p++)
      if (this.#history.passes(h, p, filter)) visit(this.#columnAt(h, feature.column, p))
  }

  #columnAt(h: number, column: number, position: number): number {
    return this.#history.arena.F[this.#history.record(h, position) + this.#history.layout.columnsWord + column]
  }

  #word(accumulator: number): number {
    return this.#history.layout.accumulatorWord[accumulator]
  }
}

const absent = ({ isText }: PlannedFeature): number => (isText ? 0 : Number.NaN)
