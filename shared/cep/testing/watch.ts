import { Arena } from '#shared/memory/arena'
import { compile } from '../compile.ts'
import type { Taken } from '../judge.ts'
import { Matcher } from '../matcher.ts'
import type { Contiguity, Element, Group, Pattern, Skip, Step } from '../pattern.ts'
import { numberedSteps } from '../pattern.ts'
import type { Match } from '../sink.ts'

/** What happened on an account, with the fields that the tests look at. */
export interface Activity {
  readonly kind: 'card' | 'transfer' | 'login' | 'call'
  readonly amount: number
  readonly at: number
}

/** A condition in words of code; `run` gives what the run has taken, by the name of a step. */
export type Where = (activity: Activity, run: RunSight) => boolean

export interface RunSight {
  /** The activities in the step so far. */
  readonly in: (step: string) => readonly Activity[]
  readonly taken: Taken
}

type Options = Partial<Omit<Step, 'kind' | 'name' | 'contiguity' | 'where' | 'until'>> & { readonly until?: Where }

/** Writes patterns in the order in which they are read, and gives numbers to their conditions. */
export class Writer {
  readonly conditions: Where[] = []

  step(contiguity: Contiguity, name: string, where: Where, options: Options = {}): Step {
    return { kind: 'step', name, contiguity, where: this.condition(where), ...this.common(options) }
  }

  group(contiguity: Contiguity, steps: readonly Element[], options: Options = {}): Group {
    return { kind: 'group', name: '', contiguity, steps, ...this.common(options) }
  }

  private condition(where: Where | undefined): number {
    return where === undefined ? -1 : this.conditions.push(where) - 1
  }

  private common(options: Options) {
    return {
      times: options.times ?? null,
      inner: options.inner ?? 'relaxed',
      optional: options.optional ?? false,
      greedy: options.greedy ?? false,
      until: this.condition(options.until),
      gapMs: options.gapMs ?? null,
      withinMs: options.withinMs ?? null,
    } as const
  }
}

export interface WatchOptions {
  readonly withinMs?: number
  readonly skip?: Skip
  readonly runsMax?: number
  readonly eventsMax?: number
  readonly operationsMax?: number
  readonly arena?: Arena
}

/** One account watched for one pattern. What it reports is noted as text: `matched probe 1 2, strike 3`. */
export class Watch {
  readonly found: string[] = []
  readonly matcher: Matcher
  readonly asked: number[] = []
  handle = 0
  private readonly history: Activity[] = []

  constructor(writer: Writer, steps: readonly Element[], options: WatchOptions = {}) {
    const pattern: Pattern = {
      steps,
      withinMs: options.withinMs ?? null,
      skip: options.skip ?? { strategy: 'none' },
    }
    const names = numberedSteps(pattern).map((step) => step.name)
    const sight: RunSight = {
      in: (step) => {
        const number = names.indexOf(step)
        const positions = new Uint32Array(this.matcher.taken.count(number))
        this.matcher.taken.positions(number, positions)
        return [...positions].map((position) => this.history[position - 1])
      },
      get taken() {
        return matcher.taken
      },
    }
    const note =
      (word: string) =>
      (match: Match): void =>
        void this.found.push(`${match.isFoundAgain ? 'again ' : ''}${word} ${describe(match, names)}`)
    const matcher = new Matcher({
      automaton: compile(pattern, () => true),
      arena: options.arena ?? new Arena(1 << 20),
      runsMax: options.runsMax ?? 1000,
      eventsMax: options.eventsMax ?? 10_000,
      ...(options.operationsMax === undefined ? {} : { operationsMax: options.operationsMax }),
      judge: {
        holds: (condition) => {
          this.asked.push(condition)
          return writer.conditions[condition](this.history[this.history.length - 1], sight)
        },
      },
      sink: {
        matched: note('matched'),
        raised: note('raised'),
        stands: note('stands'),
        withdrawn: note('withdrawn'),
        missed: note('missed'),
        timedOut: (match) => note(`at ${match.at} timed out`)(match),
        refused: (what, count) => void this.found.push(`refused ${count} ${what}`),
      },
    })
    this.matcher = matcher
  }

  /** The account does something; the first activity has position 1. */
  see(activity: Partial<Activity>): this {
    const last = this.history[this.history.length - 1]
    const next = { kind: 'card', amount: 0, at: last?.at ?? 0, ...activity } as const
    this.until(next.at)
    const position = this.history.push(next)
    this.handle = this.matcher.step(this.handle, position, next.at)
    return this
  }

  seeAll(activities: readonly Partial<Activity>[]): this {
    for (const activity of activities) this.see(activity)
    return this
  }

  /** Time passes without an activity. */
  until(now: number): this {
    this.handle = this.matcher.advance(this.handle, now)
    return this
  }

  /** What was reported since the last call. */
  news(): string[] {
    return this.found.splice(0)
  }
}

function describe(match: Match, names: readonly string[]): string {
  const parts: string[] = []
  for (let index = 0; index < match.length; index++) {
    const name = names[match.step(index)]
    if (index === 0 || match.step(index - 1) !== match.step(index)) parts.push(name)
    parts[parts.length - 1] += ` ${match.position(index)}`
  }
  return parts.join(', ')
}

export const small: Where = ({ kind, amount }) => kind === 'card' && amount > 0 && amount < 2
export const large: Where = ({ kind, amount }) => kind === 'card' && amount > 100
export const transfer: Where = ({ kind }) => kind === 'transfer'
export const login: Where = ({ kind }) => kind === 'login'
export const call: Where = ({ kind }) => kind === 'call'

export const probe = { kind: 'card', amount: 1 } as const
export const strike = { kind: 'card', amount: 250 } as const
export const coffee = { kind: 'card', amount: 4 } as const
