/**
 * How often values were how large: a histogram whose buckets grow by a constant factor, four to each power of two, so that any value is known
 * to a tenth of itself. Plain numbers: noting a value costs some nanoseconds, and one object serves for a page of Prometheus, which takes the
 * powers of two as bounds, as for the exponential histogram of OpenTelemetry with scale 2.
 */
export class ExponentialCounts {
  readonly #lowest: number
  readonly counts: Float64Array
  /** By power of two: the last value there that belongs to a trace. */
  readonly exemplars: (Exemplar | undefined)[]
  count = 0
  sum = 0
  min = Number.POSITIVE_INFINITY
  max = 0

  /** Values at or below 2 ** `lowestPower` are in the first bucket, those above 2 ** `highestPower` in the last. */
  constructor(lowestPower: number, highestPower: number) {
    this.#lowest = lowestPower
    this.counts = new Float64Array((highestPower - lowestPower) * bucketsPerPower + 2)
    this.exemplars = new Array(highestPower - lowestPower + 2).fill(undefined)
  }

  /** @param times how often; @param traceId of a trace that is kept, 32 hexadecimal digits */
  add(value: number, times = 1, traceId?: string): void {
    const bucket = this.#bucketOf(value)
    this.counts[bucket] += times
    this.count += times
    this.sum += value * times
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
    if (traceId !== undefined) this.exemplars[this.#powerOf(bucket)] = { value, traceId, at: Date.now() }
  }

  /** Upper bounds, by powers of two, with how many values are at most so large. The last is Infinity. */
  cumulative(): readonly CumulativeBucket[] {
    const buckets: CumulativeBucket[] = []
    let count = this.counts[0]
    for (let power = 0; power < this.exemplars.length; power++) {
      if (power > 0) {
        const to = Math.min(this.counts.length, power * bucketsPerPower + 1)
        for (let i = (power - 1) * bucketsPerPower + 1; i < to; i++) count += this.counts[i]
      }
      const isLast = power === this.exemplars.length - 1
      const upTo = isLast ? Number.POSITIVE_INFINITY : 2 ** (this.#lowest + power)
      buckets.push({ upTo, count: isLast ? this.count : count, exemplar: this.exemplars[power] })
    }
    return buckets
  }

  /** For OpenTelemetry: the index of the second of the buckets, which begins at 2 ** (index / 4). What is in the first counts as zero. */
  get offset(): number {
    return this.#lowest * bucketsPerPower
  }

  #bucketOf(value: number): number {
    const index = Math.ceil(Math.log2(value) * bucketsPerPower) - this.#lowest * bucketsPerPower
    return index > 0 ? Math.min(index, this.counts.length - 1) : 0
  }

  #powerOf(bucket: number): number {
    return Math.ceil(bucket / bucketsPerPower)
  }
}

export interface Exemplar {
  readonly value: number
  readonly traceId: string
  /** ms since 1970. */
  readonly at: number
}

export interface CumulativeBucket {
  readonly upTo: number
  readonly count: number
  readonly exemplar: Exemplar | undefined
}

/** Scale 2 of OpenTelemetry's exponential histograms. */
export const exponentialScale = 2
const bucketsPerPower = 2 ** exponentialScale

/** Seconds, from an eighth of a millisecond to 64 s. */
export const durationCounts = (): ExponentialCounts => new ExponentialCounts(-13, 6)

/** Bytes, from 256 to 1 GiB. */
export const sizeCounts = (): ExponentialCounts => new ExponentialCounts(8, 30)
