import type { Act, Bank } from '../bank.ts'
import { hourMs, minuteMs, secondMs } from '../calendar.ts'
import { login, profileChange, transfer } from '../draft.ts'
import { drawThiefCountry } from './spoils.ts'

/**
 * A thief with the customer's password logs in from a device of his own, redirects the bank's messages to himself,
 * and sends the money out.
 */
export function beginTakeOver(bank: Bank, startMs: number): void {
  const { random } = bank
  const customer = bank.drawVictim(startMs)
  if (customer === undefined) return
  const { account } = customer
  const device = bank.strangeDevice()
  const country = drawThiefCountry(bank)
  const acts: Act[] = []
  let atMs = startMs
  const guesses = random.chance(0.5) ? random.integer(1, 5) : 0
  for (let i = 0; i < guesses; i++) {
    acts.push({ atMs, draft: login({ account, device, country, channel: 'web', failed: true }) })
    atMs += random.between(8, 60) * secondMs
  }
  acts.push({ atMs, draft: login({ account, device, country, channel: 'web' }) })
  // Some leave the profile alone: they hold the customer's telephone number already.
  const changes = random.chance(0.15) ? 0 : random.integer(1, 2)
  for (let i = 0; i < changes; i++) {
    atMs += random.between(1, 15) * minuteMs
    acts.push({
      atMs,
      draft: profileChange(account, device, random.pick(['phone', 'email', 'password', 'transfer-limit'])),
    })
  }
  const isPatient = random.chance(0.12)
  atMs += isPatient ? random.between(25, 60) * hourMs : random.between(2, 80) * minuteMs
  const payee = {
    creditor: bank.newForeignAccount(),
    creditorCountry: random.pick(['CH', 'CH', 'CH', 'DE', 'ES', 'LU', 'GB']),
  }
  const payments = random.integer(1, 5)
  for (let i = 0; i < payments; i++) {
    if (i > 0) atMs += random.between(1, 15) * minuteMs
    const to =
      i === 0 || random.chance(0.7)
        ? payee
        : { creditor: bank.newForeignAccount(), creditorCountry: random.chance(0.1) ? 'MM' : 'CH' }
    const amount = random.logNormal(1500, 0.6)
    acts.push({ atMs, draft: transfer({ debtor: account, ...to, amount, instant: random.chance(0.8), device }) })
  }
  customer.inCaseUntilMs = atMs + 48 * hourMs
  bank.begin(bank.openCase('account-take-over'), acts)
}
