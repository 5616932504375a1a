import type { Bank } from '../bank.ts'
import { hourMs } from '../calendar.ts'
import { usualShop } from '../customer.ts'

/** A chip reader breaks: for a day or so its shop reads stripes, of many cards, all genuine. */
export function beginReaderFault(bank: Bank, startMs: number): void {
  const { random } = bank
  const customer = bank.drawVictim(startMs)
  if (customer !== undefined) usualShop(random, customer).stripeUntilMs = startMs + random.between(4, 40) * hourMs
}
