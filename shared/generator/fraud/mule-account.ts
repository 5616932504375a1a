import type { Act, Bank } from '../bank.ts'
import { hourMs, minuteMs } from '../calendar.ts'
import type { Customer } from '../customer.ts'
import { phoneOf } from '../customer.ts'
import { cardPresent, transfer } from '../draft.ts'

/**
 * A customer lends his account: the victims of some fraud elsewhere pay into it, many and in a short time,
 * and before the first of them complains the sum has left.
 */
export function beginMule(bank: Bank, startMs: number): void {
  const { random } = bank
  const mule = bank.drawVictim(
    startMs,
    ({ archetype, salesPerDay }) => salesPerDay === 0 && (archetype === 'student' || archetype === 'worker'),
  )
  if (mule === undefined) return
  const acts: Act[] = []
  const debtors = random.integer(5, 14)
  const collectMs = random.between(1, 14) * hourMs
  let sum = 0
  let lastMs = startMs
  for (let i = 0; i < debtors; i++) {
    const atMs = startMs + random.unit() * collectMs
    const amount = Math.round(random.logNormal(260, 0.5))
    const draft = transfer({
      debtor: drawDebtor(bank, startMs, mule),
      creditor: mule.account,
      amount,
      instant: random.chance(0.6),
    })
    acts.push({ atMs, draft })
    sum += amount
    lastMs = Math.max(lastMs, atMs)
  }
  mule.inCaseUntilMs = payOut(bank, mule, { fromMs: lastMs, sum }, acts) + 48 * hourMs
  bank.begin(bank.openCase('mule-account'), acts)
}

function drawDebtor(bank: Bank, atMs: number, mule: Customer): string {
  const own = bank.random.chance(0.4) ? bank.drawVictim(atMs, (customer) => customer !== mule) : undefined
  return own?.account ?? bank.newForeignAccount()
}

interface Collected {
  readonly fromMs: number
  readonly sum: number
}

function payOut(bank: Bank, mule: Customer, { fromMs, sum }: Collected, acts: Act[]): number {
  const { random, directory } = bank
  const isPatient = random.chance(0.15)
  let atMs = fromMs + (isPatient ? random.between(8, 22) * hourMs : random.between(4, 120) * minuteMs)
  let rest = sum * random.between(0.86, 0.98)
  const creditor = bank.newForeignAccount()
  if (random.chance(0.3)) {
    const amount = Math.min(1000, Math.floor((rest * random.between(0.1, 0.4)) / 20) * 20)
    const terminal = random.pick(directory.cashMachines[mule.home])
    acts.push({ atMs, draft: cardPresent({ customer: mule, terminal, amount, entry: 'chip' }) })
    rest -= amount
    atMs += random.between(10, 40) * minuteMs
  }
  const payments = random.integer(1, 3)
  const creditorCountry = random.pick(['CH', 'CH', 'DE', 'ES', 'LU', 'GB', 'TH', 'MM'])
  for (let i = 0; i < payments; i++) {
    if (i > 0) atMs += random.between(2, 30) * minuteMs
    const draft = transfer({
      debtor: mule.account,
      creditor,
      amount: rest / payments,
      creditorCountry,
      instant: true,
      device: phoneOf(mule),
    })
    acts.push({ atMs, draft })
  }
  return atMs
}
