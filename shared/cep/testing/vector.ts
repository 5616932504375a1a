import { Arena } from '#shared/memory/arena'
import { compile } from '../compile.ts'
import { Matcher } from '../matcher.ts'
import type { Element, Pattern, Skip } from '../pattern.ts'
import { numberedSteps } from '../pattern.ts'
import type { Match } from '../sink.ts'
import type { StepIds, Vector, VectorAnswer, VectorEvent, VectorPattern, VectorStep } from '../vector-format.ts'
import type { Expression } from './expression.ts'
import { readExpression } from './expression.ts'

/** All events without a time are simultaneous. */
const withoutTime = 1

/** Translates the notation of the vectors, and numbers the conditions. */
export function readVectorPattern(given: VectorPattern): { pattern: Pattern; conditions: readonly Expression[] } {
  const conditions: Expression[] = []
  let withinMs: number | null = given.within?.ms ?? null
  const condition = (text: string | undefined): number =>
    text === undefined ? -1 : conditions.push(readExpression(text)) - 1
  const element = (step: VectorStep, index: number): Element => {
    if (step.within?.kind === 'first-last') withinMs = Math.min(withinMs ?? Infinity, step.within.ms)
    const common = {
      name: step.name ?? '',
      contiguity: step.contiguity ?? (index === 0 ? 'begin' : 'followedBy'),
      times: step.times === undefined ? null : { from: step.times.from, to: step.times.to },
      inner: step.inner ?? 'relaxed',
      optional: step.optional ?? false,
      greedy: step.greedy ?? false,
      until: condition(step.until),
      gapMs: step.times?.withinMs ?? null,
      withinMs: step.within?.kind === 'previous-current' ? step.within.ms : null,
    } as const
    if (step.group === undefined) return { kind: 'step', ...common, where: condition(step.where) }
    return { kind: 'group', ...common, steps: step.group.map(element) }
  }
  const steps = given.steps.map(element)
  return { pattern: { steps, withinMs, skip: readSkip(given.skip) }, conditions }
}

function readSkip(skip: VectorPattern['skip']): Skip {
  const step = skip?.step ?? ''
  const onMissError = skip?.onMiss === 'error'
  if (skip?.strategy === 'first') return { strategy: 'to-first', step, onMissError }
  if (skip?.strategy === 'last') return { strategy: 'to-last', step, onMissError }
  if (skip?.strategy === 'pastLast') return { strategy: 'past-last' }
  return { strategy: skip?.strategy === 'next' ? 'next' : 'none' }
}

/** Runs a vector through the matcher, each key with a state of its own. */
export function runVector(vector: Vector): VectorAnswer {
  const { pattern, conditions } = readVectorPattern(vector.pattern)
  const steps = numberedSteps(pattern).map((step) => step.name)
  const found = { matches: [] as StepIds[], timeouts: [] as { match: StepIds; at: number }[], errors: 0 }
  const history: VectorEvent[] = []
  const at = (position: number): VectorEvent => history[position]
  const ids = (match: Match): StepIds => {
    const all: Record<string, number[]> = {}
    for (let i = 0; i < match.length; i++) {
      const name = steps[match.step(i)]
      all[name] = [...(all[name] ?? []), at(match.position(i)).id]
    }
    return all
  }
  const keep = (match: Match): void => void found.matches.push(ids(match))
  const matcher: Matcher = new Matcher({
    automaton: compile(pattern, () => true),
    arena: new Arena(1 << 20),
    runsMax: 1000,
    eventsMax: 10_000,
    judge: {
      holds: (condition) =>
        conditions[condition]({ event: history[history.length - 1], steps, taken: matcher.taken, at }) === true,
    },
    sink: {
      matched: keep,
      raised: () => {},
      stands: keep,
      withdrawn: () => {},
      missed: () => void found.errors++,
      timedOut: (match) => void found.timeouts.push({ match: ids(match), at: match.at }),
      refused: () => {},
    },
  })
  const handles = new Map<unknown, number>()
  const advance = (now: number): void => {
    for (const [key, handle] of handles) handles.set(key, matcher.advance(handle, now))
  }
  const keyOf = vector.keyBy === undefined ? () => '' : readExpression(vector.keyBy)
  const step = (event: VectorEvent): void => {
    const now = event.ts ?? withoutTime
    const key = keyOf({ event, steps, taken: matcher.taken, at })
    const position = history.push(event) - 1
    handles.set(key, matcher.step(matcher.advance(handles.get(key) ?? 0, now), position, now))
  }
  const late = feed(vector, step, advance)
  if (vector.advanceTo !== undefined) advance(vector.advanceTo)
  let openPartials = 0
  for (const handle of handles.values()) openPartials += matcher.openRuns(handle)
  return { ...found, late, openPartials, error: found.errors > 0 ? 'skip-target' : undefined }
}

/** Events in the order listed, or sorted up to each watermark. Returns those that were late. */
function feed(vector: Vector, step: (event: VectorEvent) => void, advance: (now: number) => void): number[] {
  const { events, eventTime } = vector
  if (eventTime === undefined) {
    events.forEach(step)
    return []
  }
  const late: number[] = []
  let waiting: VectorEvent[] = []
  let watermark = -Infinity
  const rank = eventTime.tie === 'arrival' ? () => 0 : (event: VectorEvent) => event.price
  for (const entry of vector.feed ?? events.map(({ id }) => ({ event: id, watermark: undefined }))) {
    const event = events.find(({ id }) => id === entry.event)
    if (event !== undefined && event.ts !== null) {
      if (event.ts <= watermark) late.push(event.id)
      else waiting.push(event)
      continue
    }
    watermark = Math.max(watermark, entry.watermark === 'max' ? Infinity : (entry.watermark ?? -Infinity))
    const due = waiting.filter(({ ts }) => ts !== null && ts <= watermark)
    waiting = waiting.filter((other) => !due.includes(other))
    due.sort((a, b) => (a.ts ?? 0) - (b.ts ?? 0) || rank(a) - rank(b)).forEach(step)
    advance(watermark)
  }
  return late
}
