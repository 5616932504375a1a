import type { Act, Bank } from '../bank.ts'
import { Skimmer } from '../bank.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '../calendar.ts'
import type { Customer } from '../customer.ts'
import { foreignWeights, usualShop } from '../customer.ts'
import { cardPresent } from '../draft.ts'
import type { Label } from '../event.ts'
import { homeCities } from '../geography.ts'
import type { Terminal } from '../merchant.ts'
import { drawDearShop } from './spoils.ts'

const cardsMin = 6

/**
 * A reader copies the stripes of the cards that it reads for some days. Days later the copies are used, many within an hour
 * at one terminal, until the thieves move on. The genuine purchases at the reader stay genuine.
 */
export function beginSkimming(bank: Bank, atMs: number): void {
  const { random } = bank
  const passer = bank.drawVictim(atMs)
  if (passer === undefined) return
  const terminal = usualShop(random, passer)
  if (bank.skimmers.has(terminal.id)) return
  const skimmer = new Skimmer()
  const endMs = atMs + random.between(3, 8) * dayMs
  const useMs = endMs + random.between(1, 5) * dayMs
  bank.begin(null, [
    { atMs, run: () => bank.skimmers.set(terminal.id, skimmer) },
    { atMs: endMs, run: () => bank.skimmers.delete(terminal.id) },
    { atMs: useMs, run: () => useCopies(bank, skimmer, useMs) },
  ])
}

function useCopies(bank: Bank, skimmer: Skimmer, startMs: number): void {
  const { random } = bank
  const cards = [...skimmer.cards]
    .map((index) => bank.customers[index])
    .filter((customer) => customer.inCaseUntilMs < startMs)
  // A quiet terminal was a bad place: the thieves buy copies of other thieves.
  while (cards.length < cardsMin) {
    const bought = bank.drawVictim(startMs, (customer) => !cards.includes(customer))
    if (bought === undefined) return
    cards.push(bought)
  }
  const label = bank.openCase('compromised-terminal')
  let atMs = startMs
  for (let next = 0; next < cards.length; ) {
    const count = Math.min(random.integer(5, 12), cards.length - next)
    useAtOnePlace(bank, cards.slice(next, next + count), atMs, label)
    next += count
    atMs += random.between(3, 40) * hourMs
  }
}

function useAtOnePlace(bank: Bank, cards: readonly Customer[], startMs: number, label: Label): void {
  const { random, directory } = bank
  const city = random.chance(0.6)
    ? random.integer(0, homeCities.length - 1)
    : homeCities.length + random.pickWeighted(foreignWeights)
  const terminal: Terminal = random.chance(0.6) ? random.pick(directory.cashMachines[city]) : drawDearShop(bank, city)
  const isCash = terminal.merchant.inEvent.mcc === '6011'
  const acts: Act[] = []
  let atMs = startMs
  for (const customer of cards) {
    const tries = random.chance(0.25) ? 2 : 1
    for (let i = 0; i < tries; i++) {
      atMs += random.between(30, 280) * secondMs
      const amount = isCash ? random.integer(2, 10) * 100 : random.logNormal(320, 0.5)
      acts.push({
        atMs,
        draft: cardPresent({ customer, terminal, amount, entry: 'stripe', declined: random.chance(0.25) }),
      })
    }
    customer.inCaseUntilMs = atMs + dayMs
    acts.push({ atMs: atMs + random.between(60, 600) * minuteMs, run: () => customer.cardVersion++ })
  }
  bank.begin(label, acts)
}
