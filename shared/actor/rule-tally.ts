import type { RuleFaultReason } from '#shared/domain/rule-fault'

/**
 * What rules did since the start, for metrics: plain numbers by rule, read when somebody asks. Nothing that an engine finds depends on them.
 *
 * T1 Nothing here reads a clock unless one is given, and then for one event in `stride` only: what that one takes stands for all.
 */
export class RuleTally {
  /** Events at which the condition or the runs were worked out; again where an event is judged again. */
  readonly evaluations: Float64Array
  readonly hits: Float64Array
  /** Events for which the rule failed: without fuel, and for the value of something. */
  readonly outOfFuel: Float64Array
  readonly badValue: Float64Array
  /** Milliseconds, by estimate. They never fall. */
  readonly time: Float64Array
  readonly #clock: (() => number) | undefined
  readonly #readingMs: number
  /** Whether the event being judged is one of those that are timed. */
  #isTimed = false
  #untilTimed = 1
  #since = 0

  /** @param clock milliseconds from any origin, with parts */
  constructor(rules: number, clock: (() => number) | undefined) {
    this.evaluations = new Float64Array(rules)
    this.hits = new Float64Array(rules)
    this.outOfFuel = new Float64Array(rules)
    this.badValue = new Float64Array(rules)
    this.time = new Float64Array(rules)
    this.#clock = clock
    this.#readingMs = clock === undefined ? 0 : readingMs(clock)
  }

  /** An event comes. */
  begin(): void {
    if (--this.#untilTimed > 0) return
    this.#untilTimed = stride
    this.#isTimed = this.#clock !== undefined
  }

  /** It has been judged. */
  end(): void {
    this.#isTimed = false
  }

  /** The rules of an actor are about to be judged. @returns whether this event is timed: `addTime` follows each of them */
  beginTime(): boolean {
    if (this.#isTimed) this.#since = this.#clock?.() ?? 0
    return this.#isTimed
  }

  /** What has passed since the rule before belongs to this one. */
  addTime(rule: number): void {
    const now = this.#clock?.() ?? 0
    this.time[rule] += Math.max(0, now - this.#since - this.#readingMs) * stride
    this.#since = now
  }

  faulted(rule: number, reason: RuleFaultReason | undefined): void {
    if (reason === 'out-of-fuel') this.outOfFuel[rule]++
    else this.badValue[rule]++
  }

  clear(): void {
    for (const numbers of [this.evaluations, this.hits, this.outOfFuel, this.badValue, this.time]) numbers.fill(0)
  }
}

/** Events of which one is timed. A prime, so that a stream with a rhythm of its own is met everywhere. */
const stride = 509

/** What it takes to read the clock: the least of some readings. */
function readingMs(clock: () => number): number {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 32; i++) {
    const before = clock()
    least = Math.min(least, clock() - before)
  }
  return least
}
