import { Random } from '#shared/generator/random'
import type { FaultRates } from './faults.ts'
import type { Payment } from './row.ts'
import { type WorldRules, worldRules } from './world-rules.ts'

export interface PlannedPayment {
  /** Virtual time at which it is sent first. */
  readonly sentAt: number
  readonly isDecided: boolean
  /** When its sender asks once more for the decision; undefined: never. */
  readonly askedAt: number | undefined
  readonly payment: Payment
}

/** What a seed makes of a world, before anything goes wrong. */
export interface WorldPlan {
  readonly rules: WorldRules
  readonly payments: readonly PlannedPayment[]
  readonly detectors: number
  /** Virtual time from which the new rules are there; undefined: they do not change. */
  readonly changedAt: number | undefined
  /** A detector that never gets the new rules, until the world heals. */
  readonly backward: number | undefined
  readonly memoryBytesMax: number
  /** Whether steps are cut as small as can be. */
  readonly isSmall: boolean
  readonly rates: FaultRates
  /** Virtual time at which faults stop. */
  readonly healsAt: number
}

/** ms since 1970 at the start of virtual time. */
export const startAt = 1_800_000_000_000
export const latenessMs = 10_000

export function planWorld(seed: number): WorldPlan {
  const random = new Random(seed)
  const rules = random.pick(worldRules)
  const payments = planPayments(random)
  const lastAt = payments[payments.length - 1].sentAt
  const rates = withLosses(planRates(random), seed)
  const expires = rates['records-expired'] !== undefined
  const changedAt = random.chance(0.35) && !expires ? random.integer(500, lastAt) : undefined
  return {
    rules,
    payments,
    detectors: random.integer(1, 3),
    changedAt,
    backward: random.chance(0.4) ? random.integer(0, 2) : undefined,
    memoryBytesMax: random.pick([4_096, 4_096, 262_144]),
    isSmall: random.chance(0.6),
    rates,
    healsAt: lastAt + random.integer(0, 6_000),
  }
}

/** Each world has some of the faults, and few of most: all of them at once would leave nothing to go wrong. */
function planRates(random: Random): FaultRates {
  const rates: Partial<Record<keyof FaultRates, number>> = {}
  const maybe = (kind: keyof FaultRates, share: number, most: number): void => {
    const rate = random.unit() * most
    if (random.chance(share)) rates[kind] = rate
  }
  maybe('crash', 0.6, 0.03)
  maybe('pause', 0.5, 0.015)
  maybe('second', 0.4, 0.15)
  maybe('stop', 0.3, 0.1)
  maybe('lost-request', 0.4, 0.08)
  maybe('lost-answer', 0.4, 0.08)
  maybe('late-request', 0.4, 0.06)
  maybe('repeated-request', 0.4, 0.08)
  maybe('delay', 0.4, 0.06)
  maybe('away', 0.3, 0.01)
  maybe('sent-twice', 0.5, 0.3)
  maybe('sent-changed', 0.3, 0.2)
  // A store that has gone back no longer knows that the log has lost something: both at once are beyond what can be promised.
  const isLogLossy = random.chance(0.4)
  maybe(isLogLossy ? 'tail-lost' : 'store-rolled-back', 0.6, 0.06)
  maybe('records-expired', isLogLossy ? 0 : 0.3, 0.1)
  return rates
}

/** The store may be lost where the log is not: there are snapshots then. Drawn apart, so that the other worlds stay what they were. */
function withLosses(rates: FaultRates, seed: number): FaultRates {
  const random = new Random(seed + 0x5eed)
  if (rates['tail-lost'] !== undefined || !random.chance(0.3)) return rates
  const damaged = random.chance(0.5) ? { 'snapshot-damaged': random.unit() * 0.2 } : {}
  const expired = random.chance(0.5) ? { 'records-expired': 0.02 + random.unit() * 0.1 } : {}
  return { ...rates, 'store-lost': 0.01 + random.unit() * 0.05, ...damaged, ...expired }
}

/** Bursts, silences and disorder; some come too late. */
function planPayments(random: Random): readonly PlannedPayment[] {
  const payments: PlannedPayment[] = []
  const accounts = random.integer(1, 4)
  let sentAt = 300
  for (let i = random.integer(10, 45); i > 0; i--) {
    sentAt += random.chance(0.06) ? random.integer(8_000, 25_000) : random.integer(1, 1_500)
    const back = random.chance(0.3) ? random.integer(0, latenessMs * 1.2) : 0
    const isDecided = random.chance(0.35)
    payments.push({
      sentAt,
      isDecided,
      askedAt: random.chance(0.12) ? sentAt + random.integer(100, 9_000) : undefined,
      payment: {
        id: `e${payments.length + 1}`,
        at: startAt + sentAt - back,
        account: `A${random.integer(1, accounts)}`,
        card: `C${random.integer(1, 3)}`,
        amount: random.integer(1, 99),
        kind: random.chance(0.02) ? '' : random.pick(['a', 'a', 'b', 'c']),
      },
    })
  }
  return payments
}
