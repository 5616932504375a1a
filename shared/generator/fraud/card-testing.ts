import type { Act, Bank } from '../bank.ts'
import { hourMs, minuteMs, secondMs } from '../calendar.ts'
import type { Customer } from '../customer.ts'
import { cardOnline } from '../draft.ts'
import { drawDearMerchant, drawProbedMerchant } from './spoils.ts'

/**
 * Stolen card numbers are tried with small amounts that nobody notices; those that work are spent.
 * Most thieves try one card at a time, some a whole batch from one device.
 */
export function beginCardTesting(bank: Bank, atMs: number): void {
  const { random } = bank
  const device = bank.strangeDevice()
  const acts: Act[] = []
  const cards = random.chance(0.25) ? random.integer(4, 10) : 1
  let probeMs = atMs
  for (let i = 0; i < cards; i++) {
    const customer = bank.drawVictim(atMs)
    if (customer === undefined) break
    // Of a batch each card gets fewer tries.
    const probes = cards > 1 ? random.integer(1, 3) : random.integer(2, 6)
    const lastMs = probe(bank, customer, { atMs: probeMs, device, probes }, acts)
    const endMs = cards === 1 || random.chance(0.6) ? strike(bank, customer, lastMs, device, acts) : lastMs
    customer.inCaseUntilMs = endMs + 24 * hourMs
    acts.push({ atMs: endMs + 12 * hourMs, run: () => customer.cardVersion++ })
    probeMs = lastMs + random.between(20, 120) * secondMs
  }
  bank.begin(bank.openCase('card-testing'), acts)
}

interface Probing {
  readonly atMs: number
  readonly device: string
  readonly probes: number
}

function probe(bank: Bank, customer: Customer, { atMs, device, probes }: Probing, acts: Act[]): number {
  const { random } = bank
  const merchant = drawProbedMerchant(bank)
  // The careful stay above the amounts that everybody watches.
  const isCareful = random.chance(0.15)
  let probeMs = atMs
  for (let i = 0; i < probes; i++) {
    if (i > 0) probeMs += random.between(5, 150) * secondMs
    const amount = isCareful ? random.between(4, 12) : random.between(0.2, 2.4)
    const declined = i < probes - 1 && random.chance(0.3)
    acts.push({ atMs: probeMs, draft: cardOnline({ customer, merchant, amount, device, declined }) })
  }
  return probeMs
}

function strike(bank: Bank, customer: Customer, fromMs: number, device: string, acts: Act[]): number {
  const { random } = bank
  const isPatient = random.chance(0.12)
  let atMs = fromMs + (isPatient ? random.between(5, 30) * hourMs : random.between(1, 35) * minuteMs)
  const count = random.integer(1, 3)
  for (let i = 0; i < count; i++) {
    if (i > 0) atMs += random.between(1, 8) * minuteMs
    const amount = random.logNormal(450, 0.5)
    const declined = i > 0 && random.chance(0.3)
    acts.push({ atMs, draft: cardOnline({ customer, merchant: drawDearMerchant(bank), amount, device, declined }) })
  }
  return atMs
}
