import type { Act, Bank } from '../bank.ts'
import { dayMs, hourMs } from '../calendar.ts'
import type { Customer } from '../customer.ts'
import { phoneOf } from '../customer.ts'
import { transfer } from '../draft.ts'

/** Friends or a club put money together for a present; looks like a mule's account, but small, slow, and some of it stays. */
export function beginCollection(bank: Bank, startMs: number): void {
  const { random } = bank
  collect(bank, startMs, {
    payers: random.integer(5, 15),
    share: random.integer(2, 8) * 5,
    collectMs: random.between(0.5, 3) * dayMs,
    waitMs: random.between(2, 60) * hourMs,
    spent: random.between(0.5, 1),
  })
}

/** A group rents a house for a week: large, quick, all of it paid on. Even an analyst has to ask. */
export function beginGroupJourney(bank: Bank, startMs: number): void {
  const { random } = bank
  collect(bank, startMs, {
    payers: random.integer(4, 11),
    share: random.integer(12, 30) * 10,
    collectMs: random.between(1, 4) * dayMs,
    waitMs: random.between(4, 60) * hourMs,
    spent: 1,
  })
}

interface Collection {
  readonly payers: number
  readonly share: number
  readonly collectMs: number
  readonly waitMs: number
  /** Part of the sum that is paid on. */
  readonly spent: number
}

function collect(bank: Bank, startMs: number, { payers, share, collectMs, waitMs, spent }: Collection): void {
  const { random } = bank
  const host = bank.drawVictim(startMs)
  if (host === undefined) return
  const acts: Act[] = []
  let lastMs = startMs
  for (let i = 0; i < payers; i++) {
    const atMs = startMs + random.unit() * collectMs
    const payer: Customer | undefined = random.chance(0.6)
      ? bank.drawVictim(startMs, (customer) => customer !== host)
      : undefined
    const draft = payer
      ? transfer({
          debtor: payer.account,
          creditor: host.account,
          amount: share,
          instant: random.chance(0.5),
          device: phoneOf(payer),
        })
      : transfer({
          debtor: bank.newForeignAccount(),
          creditor: host.account,
          amount: share,
          instant: random.chance(0.5),
        })
    acts.push({ atMs, draft })
    lastMs = Math.max(lastMs, atMs)
  }
  const creditor = bank.newForeignAccount()
  acts.push({
    atMs: lastMs + waitMs,
    draft: transfer({ debtor: host.account, creditor, amount: payers * share * spent, device: phoneOf(host) }),
  })
  bank.begin(null, acts)
}
