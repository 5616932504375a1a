import type { Act, Bank } from '../bank.ts'
import { hourMs, minuteMs } from '../calendar.ts'
import { cardOnline, login, profileChange, transfer } from '../draft.ts'
import { drawDearMerchant } from '../fraud/spoils.ts'
import { gamesCategory } from '../merchant.ts'

/** A customer moves house: a new telephone, a new address, and large payments to strangers on one day. */
export function beginMove(bank: Bank, startMs: number): void {
  const { random } = bank
  const customer = bank.drawVictim(startMs)
  if (customer === undefined) return
  const { account } = customer
  const device = random.chance(0.5) ? bank.strangeDevice() : customer.device
  const acts: Act[] = [{ atMs: startMs, draft: login({ account, device, country: 'CH' }) }]
  let atMs = startMs + random.between(3, 30) * minuteMs
  acts.push({ atMs, draft: profileChange(account, device, 'address') })
  const payments = random.integer(1, 4)
  for (let i = 0; i < payments; i++) {
    atMs += random.between(0.1, 6) * hourMs
    const amount = random.logNormal(900, 0.7)
    acts.push({ atMs, draft: transfer({ debtor: account, creditor: bank.newForeignAccount(), amount, device }) })
  }
  bank.begin(null, acts)
}

/** A tablet for the children: a device new to the card buys games in small amounts, and now and then something dear. */
export function beginTablet(bank: Bank, startMs: number): void {
  const { random, directory } = bank
  const customer = bank.drawVictim(startMs)
  if (customer === undefined) return
  const device = bank.strangeDevice()
  const acts: Act[] = []
  let atMs = startMs
  const games = random.integer(2, 6)
  for (let i = 0; i < games; i++) {
    const amount = random.integer(1, 9) - 0.01
    acts.push({
      atMs,
      draft: cardOnline({ customer, merchant: random.pick(directory.online[gamesCategory]), amount, device }),
    })
    atMs += random.between(0.5, 12) * minuteMs
  }
  const merchant = drawDearMerchant(bank)
  if (random.chance(0.5))
    acts.push({ atMs, draft: cardOnline({ customer, merchant, amount: random.logNormal(180, 0.6), device }) })
  bank.begin(null, acts)
}
