import { invariant } from '#shared/domain/invariant'
import { Arena } from '#shared/memory/arena'
import { compile } from '../compile.ts'
import { Matcher } from '../matcher.ts'
import type { OracleAnswer, Report, TakenEvent } from '../oracle/oracle.ts'
import { numberedSteps } from '../pattern.ts'
import type { Match } from '../sink.ts'
import { holdsIn, type PatternCase } from './pattern-case.ts'

/**
 * What the matcher says of a case, in the words of the oracle. After each event the state goes through its bytes and back.
 * Throws InvariantError where it contradicts itself or leaks memory.
 */
export function matcherAnswer(given: PatternCase): OracleAnswer {
  const { pattern, conditions, cards, until } = given
  const steps = numberedSteps(pattern).length
  const holds = holdsIn(given)
  const reports: Report[][] = []
  const open: number[] = []
  const raised = new Map<number, readonly TakenEvent[]>()
  const arena = new Arena(1 << 22)
  const tell = (what: Report['what'], match: Match): void =>
    void reports[reports.length - 1].push({ what, taken: read(match), at: match.at, isFoundAgain: match.isFoundAgain })
  let judged = 0
  const matcher: Matcher = new Matcher({
    automaton: compile(pattern, (number) => conditions[number].limit !== null),
    arena,
    runsMax: 100_000,
    eventsMax: 1_000_000,
    judge: { holds: (number) => holds(number, judged, takenBy(matcher, steps)) },
    sink: {
      matched: (match) => tell('matched', match),
      raised: (match) => {
        invariant(!raised.has(match.number), 'a number is given once')
        raised.set(match.number, read(match))
        tell('raised', match)
      },
      stands: (match) => {
        invariant(raised.delete(match.number), 'what stands was raised')
        tell('stands', match)
      },
      withdrawn: (match) => {
        invariant(raised.delete(match.number), 'what is withdrawn was raised')
        tell('withdrawn', match)
      },
      missed: (match, wasRaised) => {
        invariant(raised.delete(match.number) === wasRaised, 'who misses a step knows whether it was raised')
        tell('missed', match)
      },
      timedOut: (match) => tell('timed out', match),
      refused: () => invariant(false, 'nothing here comes near a bound'),
    },
  })
  let handle = 0
  const advance = (now: number): void => {
    reports.push([])
    handle = matcher.advance(handle, now)
  }
  for (const [event, { at }] of cards.entries()) {
    judged = event
    advance(at)
    reports.push([])
    handle = matcher.step(handle, event, at)
    const bytes = matcher.encode(handle)
    matcher.release(handle)
    handle = matcher.decode(bytes)
    open.push(matcher.openRuns(handle))
  }
  advance(until)
  open.push(matcher.openRuns(handle))
  invariant(raised.size === matcher.heldMatches(handle), 'what was raised and not decided on is held')
  const answer = {
    ...{ reports, open, held: [...raised.values()] },
    oldest: matcher.oldestPosition(handle),
    deadline: matcher.earliestDeadline(handle),
  }
  matcher.release(handle)
  invariant(arena.usedWords === 0, 'a state that was released leaves nothing')
  return answer
}

function read(match: Match): TakenEvent[] {
  return Array.from({ length: match.length }, (_, i) => ({ step: match.step(i), event: match.position(i) }))
}

/** By step: the matcher tells a condition what is in each step, not in which order steps took turns. */
function takenBy({ taken }: Matcher, steps: number): TakenEvent[] {
  return Array.from({ length: steps }, (_, step) =>
    Array.from({ length: taken.count(step) }, (_each, i) => ({ step, event: taken.position(step, i) })),
  ).flat()
}
