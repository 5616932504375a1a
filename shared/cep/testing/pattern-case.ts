import type { Holds, TakenEvent } from '../oracle/oracle.ts'
import type { Pattern } from '../pattern.ts'

/** A pattern, what happens on one account, and how far time goes on after that. Small numbers everywhere, so that things meet. */
export interface PatternCase {
  readonly pattern: Pattern
  /** By their number in the pattern. */
  readonly conditions: readonly CardCondition[]
  /** In order of time, which is in ms; several may be simultaneous. */
  readonly cards: readonly Card[]
  readonly until: number
}

export interface Card {
  readonly merchant: string
  readonly amount: number
  readonly at: number
}

/** At certain merchants; and of those, maybe only as long as what a step has taken so far allows. */
export interface CardCondition {
  readonly merchants: readonly string[]
  readonly limit: TakenLimit | null
}

export interface TakenLimit {
  readonly kind: 'count' | 'sum' | 'average' | 'first' | 'last'
  /** Number of the step. */
  readonly step: number
  readonly below: number
}

/** The conditions of a case as plain code, for the oracle. `conditionText` says the same in the rule language. */
export function holdsIn({ conditions, cards }: Pick<PatternCase, 'conditions' | 'cards'>): Holds {
  return (number, event, taken) => {
    const { merchants, limit } = conditions[number]
    const { merchant, amount } = cards[event]
    return (
      merchants.includes(merchant) && (limit === null || allows(limit, amount, amountsIn(limit.step, taken, cards)))
    )
  }
}

export function conditionText({ merchants, limit }: CardCondition, nameOf: (step: number) => string): string {
  const where = merchants.map((merchant) => `merchant == "${merchant}"`).join(' || ')
  return limit === null ? where : `(${where}) && ${limitText(limit, nameOf(limit.step))}`
}

function allows({ kind, below }: TakenLimit, amount: number, taken: readonly number[]): boolean {
  const sum = taken.reduce((total, each) => total + each, 0)
  if (kind === 'count') return taken.length < below
  if (kind === 'sum') return sum + amount < below
  // Over nothing there is no average, no first and no last one, and a comparison with what is absent is false.
  if (taken.length === 0) return false
  if (kind === 'average') return amount >= sum / taken.length
  return kind === 'first' ? amount >= taken[0] : amount > taken[taken.length - 1]
}

function limitText({ kind, below }: TakenLimit, step: string): string {
  if (kind === 'count') return `count(${step}) < ${below}`
  if (kind === 'sum') return `sum(${step}.amount) + amount < ${below}`
  if (kind === 'average') return `amount >= avg(${step}.amount)`
  return kind === 'first' ? `amount >= ${step}[0].amount` : `amount > ${step}.amount`
}

function amountsIn(step: number, taken: readonly TakenEvent[], cards: readonly Card[]): readonly number[] {
  return taken.flatMap(({ step: taker, event }) => (taker === step ? [cards[event].amount] : []))
}
