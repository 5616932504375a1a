import { limits } from '#shared/domain/limits'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { BenchEngine } from './bench-engine.ts'
import { atMost, type Figure } from './figure.ts'
import { accountKey, appendPayment, firstAt, type Payment } from './payments.ts'
import { ruleFiles, ruleSetOf } from './rule-sets.ts'

export interface LateEventsSize {
  readonly accounts: number
  readonly rounds: number
}

/**
 * What an event costs that has `k` newer ones of its account behind it: they are taken out, and all are judged again. Accounts have a
 * payment in eight minutes, and a lateness of seven days, so that 1,024 newer ones are within it. One event of each account in turn, with
 * nothing read ahead; the mean of the processor's time, so collections of garbage are in it.
 *
 * In `open`, each account has open runs of both patterns throughout: payments that begin one every six hours, none that completes one.
 */
export async function measureLateEvents({ accounts, rounds }: LateEventsSize): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const runs of ['no', 'open'] as const) {
    const world = new LateWorld(ruleSetOf(await ruleFiles('ten')), accounts, runs === 'open')
    const times = newerCounts.map((): number[] => [])
    for (let round = 0; round <= rounds; round++) {
      world.comeInOrder(newerCounts[0] + 1)
      // Fewer and fewer, so that what came late before stays behind.
      for (const [i, newer] of newerCounts.entries()) {
        const us = world.comeLate(newer)
        if (round > 0) times[i].push(us)
      }
    }
    for (const [i, newer] of newerCounts.entries())
      figures.push({
        name: `behind ${newer} newer, ${runs} runs${runs === 'no' ? ' open' : ''}`,
        unit: 'µs',
        values: times[i],
        goal: atMost(5 + 1.2 * newer),
      })
  }
  return figures
}

const newerCounts = [1024, 256, 64, 16, 4, 1, 0]

/** Accounts with their payments in memory; every account has the same. */
class LateWorld {
  readonly #bench: BenchEngine
  readonly #accounts: readonly string[]
  readonly #opensRuns: boolean
  #lastAt = firstAt
  #inOrder = 0
  #number = 0

  constructor(ruleSet: RuleSet, accounts: number, opensRuns: boolean) {
    this.#bench = new BenchEngine(ruleSet, { latenessMs: limits.latenessMsMax })
    this.#accounts = Array.from({ length: accounts }, (_, account) => accountKey(account))
    this.#opensRuns = opensRuns
  }

  /** So many more payments of each account, in order. */
  comeInOrder(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#inOrder++
      this.#lastAt += gapMs
      const { batch, columns } = this.#bench
      batch.clear()
      for (const account of this.#accounts)
        appendPayment(batch, columns, this.#payment(account, this.#lastAt, this.#inOrder))
      this.#bench.apply()
    }
  }

  /** One late payment of each account, with so many newer ones. @returns µs of processor for each */
  comeLate(newer: number): number {
    const { batch, columns } = this.#bench
    const at = this.#lastAt - newer * gapMs + gapMs / 2
    batch.clear()
    for (const account of this.#accounts) appendPayment(batch, columns, this.#payment(account, at, 1))
    const before = process.cpuUsage()
    this.#bench.apply(false)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / batch.length
  }

  /** One in a hundred is hit by two rules; one in 45 opens a run of each pattern where that is wanted. */
  #payment(account: string, at: number, index: number): Payment {
    const number = this.#number++
    const opens = this.#opensRuns && index % 45 === 0
    const isLarge = index % 100 === 99
    return {
      id: `tx-${String(number).padStart(10, '0')}`,
      at,
      account,
      amountMinor: opens ? 300 : isLarge ? 50_000 : 1_000 + ((number * 7919) % 8_000),
      currency: index % 64 === 0 ? 'USD' : 'EUR',
      merchant: `m_${index % 10}`,
      mcc: opens ? '4829' : '5411',
      country: isLarge ? 'FR' : 'DE',
      channel: index % 8 === 0 ? 'ecommerce' : 'pos',
      auth: 'approved',
      digest: number,
    }
  }
}

const gapMs = 8 * 60_000
