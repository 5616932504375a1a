import type { Pattern } from '../pattern.ts'
import { numberedSteps } from '../pattern.ts'
import type { Place, Way } from './places.ts'
import { placesOf } from './places.ts'

/** An event in a step, by the index of the event. */
export interface TakenEvent {
  readonly step: number
  readonly event: number
}

/** What was told of a match or run, in the words of the matcher's sink. */
export interface Report {
  readonly what: 'matched' | 'raised' | 'stands' | 'withdrawn' | 'missed' | 'timed out'
  readonly taken: readonly TakenEvent[]
  /** In ms: the time of its last event, or the instant at which the time of an absence had passed; or when it ran out of time. */
  readonly at: number
  /** A match whose events were a match in the same steps before this event, or before time passed. */
  readonly isFoundAgain: boolean
}

export interface OracleAnswer {
  /** What is told before each event, at it, and after the last one: two lists for each event and one more. */
  readonly reports: readonly (readonly Report[])[]
  /** Runs that are open after each event, and in the end. */
  readonly open: readonly number[]
  /** Matches that were raised and not decided on, as an older run is still open. */
  readonly held: readonly (readonly TakenEvent[])[]
  /** The first event of the oldest run or waiting match that is left; Infinity: none. */
  readonly oldest: number
  /** The next instant at which time alone makes a match; Infinity: none. */
  readonly deadline: number
}

/** Does condition `condition` hold for event `event`, seen from a run that has taken these? */
export type Holds = (condition: number, event: number, taken: readonly TakenEvent[]) => boolean

/** The most runs that the oracle follows; it gives up beyond. Small, so that a test of many cases ends. */
const runsMax = 2_000

/**
 * Finds matches by keeping a list of runs and trying, for each event and run, every way on from the run's place. Slow, and written to be
 * compared with the definitions: runs are lists, conditions are asked again each time, and nothing is shared with the matcher.
 * @param until time goes on to here after the last event
 * @param time  `jumps`: in one step to each event and to `until`, as in Flink. `stops`: also at each instant at which an absence comes
 *              true, and after the last event nowhere else, as in the engine
 * @returns null where there are too many runs
 */
export function oracle(
  pattern: Pattern,
  ats: readonly number[],
  until: number,
  holds: Holds,
  time: 'jumps' | 'stops' = 'jumps',
): OracleAnswer | null {
  const account = new Account(pattern, holds)
  const open: number[] = []
  const reports: (readonly Report[])[] = []
  const pass = (now: number): void => {
    while (time === 'stops' && account.deadline() <= now) account.pass(account.deadline())
  }
  for (const [event, at] of ats.entries()) {
    pass(at)
    account.pass(at)
    reports.push(account.news())
    account.see(event, at)
    reports.push(account.news())
    open.push(account.runs.length)
    if (account.runs.length > runsMax) return null
  }
  pass(until)
  if (time === 'jumps') account.pass(until)
  reports.push(account.news())
  open.push(account.runs.length)
  const held = account.waiting.map(({ taken }) => taken)
  return { reports, open, held, oldest: account.oldest(), deadline: account.deadline() }
}

interface Run {
  readonly place: Place
  readonly taken: readonly TakenEvent[]
  readonly firstAt: number
  readonly lastAt: number
}

interface Complete {
  readonly taken: readonly TakenEvent[]
  readonly at: number
  readonly isFoundAgain: boolean
  isRaised: boolean
}

class Account {
  runs: Run[] = []
  /** Complete, but an older run is still open. */
  waiting: Complete[] = []
  private told: Report[] = []
  /** By what was taken, as text: the turn at which it was a match first. An event is a turn, and so is time that passes. */
  private readonly foundAt = new Map<string, number>()
  private turn = 0
  private readonly begin: Place
  private readonly pattern: Pattern
  private readonly windowMs: number
  private readonly holds: Holds

  constructor(pattern: Pattern, holds: Holds) {
    this.pattern = pattern
    this.holds = holds
    this.begin = placesOf(pattern)
    this.windowMs = (pattern.withinMs ?? 0) > 0 ? pattern.withinMs! : Infinity
  }

  /** Time comes to `now`. Limits are half open: at the limit a run is out. */
  pass(now: number): void {
    this.turn++
    const out = this.runs.filter((run) => this.limits(run).some((limit) => limit <= now))
    this.runs = this.runs.filter((run) => !out.includes(run))
    for (const run of out) {
      const { byWindow, byGap } = this.limitsOf(run)
      if (run.place.kind === 'silent') this.complete(run.taken, Math.min(byWindow, byGap))
      // As in Flink, a gap that has passed is named even where the window had passed before it.
      else this.tell('timed out', { taken: run.taken, at: byGap <= now ? byGap : byWindow, isFoundAgain: false })
    }
    this.decide()
  }

  /** One event: every run goes on in all ways, and a new one begins. */
  see(event: number, at: number): void {
    this.turn++
    const before = this.runs
    this.runs = []
    for (const run of before) this.goOn(run, event, at)
    this.goOn({ place: this.begin, taken: [], firstAt: at, lastAt: at }, event, at)
    this.decide()
  }

  /** What was told since the last call. */
  news(): readonly Report[] {
    return this.told.splice(0)
  }

  oldest(): number {
    return Math.min(...[...this.runs, ...this.waiting].map(startOf), Infinity)
  }

  deadline(): number {
    const silent = this.runs.filter(({ place }) => place.kind === 'silent')
    return Math.min(...silent.flatMap((run) => this.limits(run)), Infinity)
  }

  private goOn(run: Run, event: number, at: number): void {
    const holds = (condition: number): boolean => this.holds(condition, event, run.taken)
    const ways = waysFrom(run.place, holds)
    const next: Run[] = []
    for (const { way, from } of ways) {
      const isTaken = way.kind === 'take'
      // Before it begins a run passes over nothing.
      if (from.kind === 'forbidden' || (!isTaken && run.taken.length === 0)) continue
      const taken = isTaken ? [...run.taken, { step: from.step, event }] : run.taken
      const after = { ...run, place: way.to, taken, lastAt: isTaken ? at : run.lastAt }
      if (way.to.kind !== 'end') next.push(after)
      // With what it has it may be complete: all that would follow can be left out. That is asked of the same event, not yet taken.
      if (way.to.kind === 'end' || (isTaken && canEnd(way.to, holds))) this.complete(taken, after.lastAt)
    }
    const isStopped = ways.some(({ from }) => from.kind === 'forbidden')
    if (!isStopped) this.runs.push(...next)
  }

  private complete(taken: readonly TakenEvent[], at: number): void {
    const name = taken.map(({ step, event }) => `${step} ${event}`).join()
    const first = this.foundAt.get(name) ?? this.turn
    this.foundAt.set(name, first)
    this.waiting.push({ taken, at, isFoundAgain: first < this.turn, isRaised: false })
  }

  /** With a skip strategy a match is final when no older run is open any more, and drops runs and waiting matches. */
  private decide(): void {
    const { strategy } = this.pattern.skip
    this.waiting = sortedBy(this.waiting, startOf)
    while (this.waiting.length > 0) {
      const [match] = this.waiting
      if (strategy !== 'none' && this.runs.some((run) => startOf(run) < startOf(match))) break
      this.waiting.shift()
      this.settle(match)
    }
    for (const match of this.waiting) {
      if (match.isRaised) continue
      match.isRaised = true
      this.tell('raised', match)
    }
  }

  private settle(match: Complete): void {
    const upTo = this.skippedUpTo(match.taken)
    if (upTo === 'missed') {
      this.tell('missed', match)
      return
    }
    this.tell(match.isRaised ? 'stands' : 'matched', match)
    this.runs = this.runs.filter((run) => startOf(run) > upTo)
    const isSkipped = (other: Complete): boolean => startOf(other) <= upTo
    for (const other of this.waiting.filter(isSkipped)) if (other.isRaised) this.tell('withdrawn', other)
    this.waiting = this.waiting.filter((other) => !isSkipped(other))
  }

  /** All that began with this event or before it is dropped. */
  private skippedUpTo(taken: readonly TakenEvent[]): number | 'missed' {
    const { skip } = this.pattern
    const first = taken[0].event
    if (skip.strategy === 'none') return -1
    if (skip.strategy === 'next') return first
    if (!('step' in skip)) return taken[taken.length - 1].event
    const { step: name, onMissError } = skip
    const number = numberedSteps(this.pattern).findIndex((step) => step.name === name)
    const inStep = taken.filter(({ step }) => step === number)
    if (inStep.length === 0) return onMissError ? 'missed' : -1
    const { event } = inStep[skip.strategy === 'to-first' ? 0 : inStep.length - 1]
    return onMissError && event === first ? 'missed' : event - 1
  }

  private limits(run: Run): readonly number[] {
    return Object.values(this.limitsOf(run))
  }

  private limitsOf({ firstAt, lastAt, place }: Run): { readonly byWindow: number; readonly byGap: number } {
    return { byWindow: firstAt + this.windowMs, byGap: lastAt + place.limitMs }
  }

  private tell(what: Report['what'], { taken, at, isFoundAgain }: Omit<Complete, 'isRaised'>): void {
    this.told.push({ what, taken, at, isFoundAgain })
  }
}

/**
 * All ways that are open to an event, in Flink's order, which decides between simultaneous matches: the place's own, then those of the
 * places behind it, the last named first. Going in circles through places is no further way.
 */
function waysFrom(
  place: Place,
  holds: (condition: number) => boolean,
  path: readonly Place[] = [],
): readonly { readonly way: Way; readonly from: Place }[] {
  const open = place.ways.filter(({ test }) => test(holds))
  const own = open.filter(({ kind }) => kind !== 'look').map((way) => ({ way, from: place }))
  const behind = open.filter(({ kind, to }) => kind === 'look' && to !== place && !path.includes(to)).reverse()
  return [...own, ...behind.flatMap(({ to }) => waysFrom(to, holds, [...path, place]))]
}

function canEnd(place: Place, holds: (condition: number) => boolean, path: readonly Place[] = []): boolean {
  if (place.kind === 'end') return true
  return place.ways.some(
    ({ kind, to, test }) => kind === 'look' && !path.includes(to) && test(holds) && canEnd(to, holds, [...path, place]),
  )
}

function startOf({ taken }: { readonly taken: readonly TakenEvent[] }): number {
  return taken[0].event
}

function sortedBy<T>(list: readonly T[], key: (item: T) => number): T[] {
  return [...list].sort((a, b) => key(a) - key(b))
}
