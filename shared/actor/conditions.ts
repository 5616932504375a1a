import { invariant } from '#shared/domain/invariant'
import { RuleFault } from '#shared/domain/rule-fault'
import type { History } from '#shared/features/history'
import { citedRecords } from './cited-records.ts'
import type { ActorRef, Hit, HitSink } from './hit.ts'
import type { Registers } from './registers.ts'
import type { RuleJudge } from './rule-judge.ts'
import type { RuleTally } from './rule-tally.ts'

interface ConditionsOptions {
  readonly judges: readonly RuleJudge[]
  readonly history: History
  readonly registers: Registers
  readonly sink: HitSink
  readonly tally: RuleTally
  readonly refOf: (slot: number) => ActorRef
}

/** The rules of a population that are conditions: what they find in the record in the registers, which is the newest of its actor. */
export class Conditions {
  readonly #options: ConditionsOptions
  readonly #judges: readonly RuleJudge[]

  constructor(options: ConditionsOptions) {
    this.#options = options
    this.#judges = options.judges
  }

  judge(slot: number, h: number): void {
    const { sink, tally } = this.#options
    const isTimed = tally.beginTime()
    for (const judge of this.#judges) {
      if (!judge.sees) continue
      tally.evaluations[judge.index]++
      try {
        if (judge.isFaulted()) sink.faulted(judge.index, undefined)
        else if (judge.holds()) sink.hit(this.#hit(slot, h, judge))
      } catch (fault) {
        if (!(fault instanceof RuleFault)) throw fault
        sink.faulted(judge.index, fault.reason)
      }
      if (isTimed) tally.addTime(judge.index)
    }
  }

  /** Ids of the events that a rule looked at, its own last, for a hit at this place of the actor. */
  cited(rule: number, h: number, place: number): readonly string[] {
    const judge = this.#judges.find(({ index }) => index === rule)
    invariant(judge !== undefined, 'only conditions have hits without steps')
    return citedRecords(this.#options.history, judge.view.plan, judge.planned.features, h, place)
  }

  #hit(slot: number, h: number, judge: RuleJudge): Hit {
    const { registers, history, refOf } = this.#options
    return {
      rule: judge.index,
      actor: refOf(slot),
      at: registers.at,
      eventId: history.idText(registers.id),
      steps: undefined,
      features: judge.featureValues(),
      message: judge.message(),
      place: history.head(h) - 1,
      isHeld: false,
      isMuted: false,
    }
  }
}
