import type { Act, Bank } from '../bank.ts'
import { hourMs, minuteMs } from '../calendar.ts'
import type { Customer } from '../customer.ts'
import { cardOnline, cardPresent, login, transfer } from '../draft.ts'
import { drawDearMerchant, drawDearShop, drawThiefCountry } from './spoils.ts'

/**
 * A dormant account wakes in a thief's hands: nobody looks at its statements, so it is spent within hours.
 * @returns when it is over
 */
export function beginAwaking(bank: Bank, customer: Customer, atMs: number): number {
  const { random } = bank
  const acts: Act[] = []
  const device = bank.strangeDevice()
  const country = drawThiefCountry(bank)
  if (random.chance(0.7))
    acts.push({ atMs, draft: login({ account: customer.account, device, country, channel: 'web' }) })
  const endMs = random.chance(0.6)
    ? spend(bank, customer, atMs, device, acts)
    : empty(bank, customer, atMs, device, acts)
  acts.push({ atMs: endMs + 6 * hourMs, run: () => customer.cardVersion++ })
  bank.begin(bank.openCase('dormant-account'), acts)
  return endMs + 6 * hourMs
}

function spend(bank: Bank, customer: Customer, fromMs: number, device: string, acts: Act[]): number {
  const { random } = bank
  const inShops = random.chance(0.35)
  const count = random.integer(3, 9)
  let atMs = fromMs
  for (let i = 0; i < count; i++) {
    atMs += random.between(2, 45) * minuteMs
    const amount = random.logNormal(320, 0.7)
    const declined = i > 2 && random.chance(0.2)
    const draft = inShops
      ? cardPresent({ customer, terminal: drawDearShop(bank, customer.home), amount, entry: 'chip', declined })
      : cardOnline({ customer, merchant: drawDearMerchant(bank), amount, device, declined })
    acts.push({ atMs, draft })
  }
  return atMs
}

function empty(bank: Bank, customer: Customer, fromMs: number, device: string, acts: Act[]): number {
  const { random } = bank
  const count = random.integer(2, 5)
  const creditor = bank.newForeignAccount()
  let atMs = fromMs
  for (let i = 0; i < count; i++) {
    atMs += random.between(3, 60) * minuteMs
    const to = i === 0 || random.chance(0.6) ? creditor : bank.newForeignAccount()
    acts.push({
      atMs,
      draft: transfer({
        debtor: customer.account,
        creditor: to,
        amount: random.logNormal(1500, 0.7),
        instant: true,
        device,
      }),
    })
  }
  return atMs
}
