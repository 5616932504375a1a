import type { Act, Bank } from '../bank.ts'
import { day, hourMs, localDay, minuteMs } from '../calendar.ts'
import { cardPresent } from '../draft.ts'
import { homeCities } from '../geography.ts'

/** A stall at a fair: a terminal that was quiet for weeks takes many small payments of many cards within hours. */
export function beginMarketDay(bank: Bank, startMs: number): void {
  const { random, directory } = bank
  const city = random.integer(0, homeCities.length - 1)
  const terminal = random.pick(directory.shops[city][1])
  const opensMs = day(localDay(startMs) + 1).startMs + random.between(10, 17) * hourMs
  const price = random.between(3, 9)
  const acts: Act[] = []
  const guests = random.integer(20, 70)
  for (let i = 0; i < guests; i++) {
    const customer = bank.drawVictim(startMs, ({ home, trip }) => home === city && trip === undefined)
    if (customer === undefined) continue
    const amount = price * random.integer(1, 4)
    acts.push({
      atMs: opensMs + random.between(0, 240) * minuteMs,
      draft: cardPresent({ customer, terminal, amount, entry: 'contactless' }),
    })
  }
  bank.begin(null, acts)
}
