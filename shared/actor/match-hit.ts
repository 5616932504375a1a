import type { Taken } from '#shared/cep/judge'
import type { Match } from '#shared/cep/sink'
import { invariant } from '#shared/domain/invariant'
import { idWord } from '#shared/features/layout'
import type { ActorRef, Hit } from './hit.ts'
import type { RuleJudge } from './rule-judge.ts'

/** Makes a hit of a match, while the matcher's view of it is valid. */
export function matchHit(options: {
  match: Match
  judge: RuleJudge
  isByTime: boolean
  isHeld: boolean
  actor: ActorRef
  place: number
}): Hit {
  const { match, judge, isByTime, isHeld, actor, place } = options
  const { history, registers } = judge.view
  const { features } = judge.rule
  const steps = idsByStep(match, judge)
  judge.view.actor.taken = takenOf(match)
  return {
    rule: judge.index,
    actor,
    at: match.at,
    eventId: isByTime ? undefined : history.idText(registers.id),
    steps,
    features: isByTime ? features.map(() => undefined) : judge.featureValues(),
    message: judge.message(),
    place,
    isHeld,
    isMuted: false,
  }
}

/** Ids of the events of a match by step number, in the order taken. */
export function idsByStep(match: Match, { rule, view }: RuleJudge): readonly (readonly string[])[] {
  const { history, actor } = view
  const { body } = rule
  invariant(body.kind === 'pattern', 'only pattern rules have matches')
  const steps: string[][] = body.steps.map(() => [])
  for (let i = 0; i < match.length; i++)
    steps[match.step(i)].push(history.idText(history.arena.F[history.record(actor.h, match.position(i)) + idWord]))
  return steps
}

/** The events of a complete match, as messages read them. */
function takenOf(match: Match): Taken {
  const ofStep = (step: number): number[] => {
    const positions: number[] = []
    for (let i = 0; i < match.length; i++) if (match.step(i) === step) positions.push(match.position(i))
    return positions
  }
  return {
    count: (step) => ofStep(step).length,
    first: (step) => ofStep(step)[0] ?? -1,
    last: (step) => ofStep(step).at(-1) ?? -1,
    position: (step, index) => ofStep(step)[index] ?? -1,
    positions: (step, into) => {
      const positions = ofStep(step)
      if (positions.length <= into.length) into.set(positions)
      return positions.length
    },
  }
}
