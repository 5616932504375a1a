import type { Pattern } from '../pattern.ts'
import { numberedSteps } from '../pattern.ts'
import type { Holds, TakenEvent } from './oracle.ts'
import type { Script } from './scripts.ts'
import { scriptsOf } from './scripts.ts'

export interface ScriptAnswer {
  /** Matches that are final. */
  readonly matches: readonly (readonly TakenEvent[])[]
  /** What runs out of time, each distinct one once. */
  readonly timeouts: readonly { readonly taken: readonly TakenEvent[]; readonly at: number }[]
  /** The first event of the oldest run or waiting match that is left; Infinity: none. */
  readonly oldest: number
}

interface Complete {
  readonly taken: readonly TakenEvent[]
  /** The event that completes it, or the instant. */
  readonly event: number
  readonly instant: number
}

/** A run that waits, from just after its last event to just before the event that ends it, unless time does. */
interface Waiting {
  readonly taken: readonly TakenEvent[]
  readonly endsAt: number
  readonly timesOut: boolean
}

/**
 * Finds matches by trying every script of the pattern on every choice of events: a second oracle, written from the definitions, which
 * knows neither places nor ways on. It judges the first one on patterns that `isPlain`.
 * @param until time goes on to here after the last event
 * @returns null where a skip strategy chooses among matches that have one start, which is a matter of taste
 */
export function scriptOracle(
  pattern: Pattern,
  ats: readonly number[],
  until: number,
  holds: Holds,
): ScriptAnswer | null {
  const scripts = scriptsOf(pattern, ats.length + 1)
  const windowMs = (pattern.withinMs ?? 0) > 0 ? pattern.withinMs! : Infinity
  const lays = ats.map((_, start) => new Lays(scripts, ats, start, windowMs, holds))
  return new Timeline(pattern, lays, ats, until, windowMs).run()
}

/** All ways to lay the scripts on the events from one first event on. */
class Lays {
  readonly complete: Complete[] = []
  readonly waiting: Waiting[] = []
  private readonly ats: readonly number[]
  private readonly limit: number
  private readonly holds: Holds

  constructor(scripts: readonly Script[], ats: readonly number[], start: number, windowMs: number, holds: Holds) {
    this.ats = ats
    this.limit = ats[start] + windowMs
    this.holds = (condition, event, taken) => condition < 0 || holds(condition, event, taken)
    for (const script of scripts) {
      const [first] = script.slots
      if (first === undefined || !this.fits(script, [], start)) continue
      this.after(script, [{ step: first.step, event: start }])
    }
  }

  private after(script: Script, taken: readonly TakenEvent[]): void {
    const { slots, end } = script
    if (taken.length < slots.length) this.wait(script, taken)
    else if (end.kind === 'at-once') this.finish(taken, taken[taken.length - 1].event)
    else if (end.kind === 'next') this.waitForOne(taken, end.not)
    else this.waitForTime(taken, end.not)
  }

  private wait(script: Script, taken: readonly TakenEvent[]): void {
    const { slots, end } = script
    const slot = slots[taken.length]
    const last = taken[taken.length - 1].event
    let event = last + 1
    for (; event < this.ats.length && this.ats[event] < this.limit; event++) {
      const any = (conditions: readonly number[]): boolean =>
        conditions.some((condition) => this.holds(condition, event, taken))
      if (event === last + 1 && any(slot.notNext)) break
      const next = [...taken, { step: slot.step, event }]
      const fits = this.fits(script, taken, event)
      if (any(slot.forbidden)) {
        if (fits && next.length === slots.length && end.kind === 'at-once') this.finish(next, event)
        break
      }
      if (fits) this.after(script, next)
      const mayPass = slot.pass === 'any' || (slot.pass === 'relaxed' && !this.holds(slot.where, event, taken))
      if (!mayPass || any(slot.notPassed)) break
    }
    this.waiting.push({ taken, endsAt: this.isOut(event) ? Infinity : event, timesOut: true })
  }

  private waitForOne(taken: readonly TakenEvent[], not: number): void {
    const event = taken[taken.length - 1].event + 1
    this.waiting.push({ taken, endsAt: this.isOut(event) ? Infinity : event, timesOut: true })
    if (!this.isOut(event) && !this.holds(not, event, taken)) this.finish(taken, event)
  }

  private waitForTime(taken: readonly TakenEvent[], not: number): void {
    let event = taken[taken.length - 1].event + 1
    while (!this.isOut(event) && !this.holds(not, event, taken)) event++
    const isHeard = !this.isOut(event)
    this.waiting.push({ taken, endsAt: isHeard ? event : Infinity, timesOut: false })
    if (!isHeard) this.complete.push({ taken, event: -1, instant: this.limit })
  }

  private isOut(event: number): boolean {
    return event >= this.ats.length || this.ats[event] >= this.limit
  }

  private fits({ slots }: Script, taken: readonly TakenEvent[], event: number): boolean {
    const slot = slots[taken.length]
    if (!this.holds(slot.where, event, taken)) return false
    return !slot.notTaken.some((condition) => this.holds(condition, event, taken))
  }

  private finish(taken: readonly TakenEvent[], event: number): void {
    this.complete.push({ taken, event, instant: this.ats[event] })
  }
}

/** Goes through time, and lets the skip strategy decide what becomes of matches and runs. */
class Timeline {
  private readonly dropped = new Set<number>()
  private readonly matches: (readonly TakenEvent[])[] = []
  private readonly timeouts = new Map<string, ScriptAnswer['timeouts'][number]>()
  private waiting: Complete[] = []
  private isUndecided = false
  private readonly pattern: Pattern
  private readonly lays: readonly Lays[]
  private readonly ats: readonly number[]
  private readonly until: number
  private readonly windowMs: number

  constructor(pattern: Pattern, lays: readonly Lays[], ats: readonly number[], until: number, windowMs: number) {
    this.pattern = pattern
    this.lays = lays
    this.ats = ats
    this.until = until
    this.windowMs = windowMs
  }

  run(): ScriptAnswer | null {
    let before = -Infinity
    this.ats.forEach((at, event) => {
      this.pass(before, at, event)
      this.settle(({ event: by }) => by === event, event + 1, at)
      before = at
    })
    this.pass(before, this.until, this.ats.length)
    const open = this.openStarts(this.ats.length, this.until)
    const oldest = Math.min(...open, ...this.waiting.map(({ taken }) => taken[0].event))
    return this.isUndecided ? null : { matches: this.matches, timeouts: [...this.timeouts.values()], oldest }
  }

  /** Time goes from one instant to the next, before the event is judged. */
  private pass(before: number, now: number, event: number): void {
    this.lays.forEach(({ waiting }, start) => {
      const limit = this.ats[start] + this.windowMs
      if (limit <= before || limit > now || this.dropped.has(start)) return
      for (const { taken, endsAt, timesOut } of waiting)
        if (timesOut && endsAt >= event && taken[taken.length - 1].event < event)
          this.timeouts.set(JSON.stringify(taken), { taken, at: limit })
    })
    this.settle(({ event: by, instant }) => by < 0 && instant > before && instant <= now, event, now)
  }

  private settle(isNew: (match: Complete) => boolean, event: number, now: number): void {
    this.lays.forEach(({ complete }, start) => {
      if (!this.dropped.has(start)) this.waiting.push(...complete.filter(isNew))
    })
    this.waiting.sort((a, b) => a.taken[0].event - b.taken[0].event)
    const isSkipping = this.pattern.skip.strategy !== 'none'
    for (let match = this.waiting[0]; match !== undefined; match = this.waiting[0]) {
      const start = match.taken[0].event
      if (isSkipping && this.openStarts(event, now).some((open) => open < start)) return
      this.waiting.shift()
      this.matches.push(match.taken)
      const upTo = this.skippedUpTo(match.taken)
      const rivals = this.waiting.filter(({ taken }) => taken[0].event === start)
      if (rivals.length > 0 && [match, ...rivals].some(({ taken }) => this.skippedUpTo(taken) >= start))
        this.isUndecided = true
      for (let skipped = 0; skipped <= upTo; skipped++) this.dropped.add(skipped)
      this.waiting = this.waiting.filter(({ taken }) => taken[0].event > upTo)
    }
  }

  /** First events of the runs that wait just before `event`, at time `now`. */
  private openStarts(event: number, now: number): readonly number[] {
    return [...this.lays.keys()].filter(
      (start) =>
        !this.dropped.has(start) &&
        this.ats[start] + this.windowMs > now &&
        this.lays[start].waiting.some(({ taken, endsAt }) => taken[taken.length - 1].event < event && endsAt >= event),
    )
  }

  private skippedUpTo(taken: readonly TakenEvent[]): number {
    const { skip } = this.pattern
    if (skip.strategy === 'none') return -1
    if (skip.strategy === 'next') return taken[0].event
    if (!('step' in skip)) return taken[taken.length - 1].event
    const { step: name } = skip
    const number = numberedSteps(this.pattern).findIndex((step) => step.name === name)
    const inStep = taken.filter(({ step }) => step === number)
    if (inStep.length === 0) return -1
    return inStep[skip.strategy === 'to-first' ? 0 : inStep.length - 1].event - 1
  }
}
