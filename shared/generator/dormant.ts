import type { Bank } from './bank.ts'
import { dayMs, hourMs, minuteMs } from './calendar.ts'
import type { Customer } from './customer.ts'
import { foreignWeights } from './customer.ts'
import { beginAwaking } from './fraud/dormant-account.ts'
import { homeCities } from './geography.ts'
import { drawTrip } from './journey.ts'
import { deed, schedule } from './plan.ts'

/**
 * The life of a dormant account: a little use, silence for 62 to 200 days, then it wakes, by its owner or by a thief.
 * Its plan is never empty: it ends with the next awakening.
 */

const silenceDaysMin = 62
const silenceDaysMax = 200
const thiefShare = 0.38

/**
 * Starts the account somewhere in its cycle. Its last use lies before the stream's start, so that its silence is in the stream.
 * @param historyMs how far back the stream reaches; at least the shortest silence
 */
export function startDormant(bank: Bank, customer: Customer, startMs: number, historyMs: number): void {
  const { random } = bank
  const silenceMs = random.between(silenceDaysMin, silenceDaysMax) * dayMs
  const wakeMs = startMs + random.unit() * silenceMs
  // A last use from before the history is brought forward into it, the silence kept above its shortest.
  const latestMs = Math.min(startMs, wakeMs - silenceDaysMin * dayMs)
  const lastMs = Math.max(wakeMs - silenceMs, random.between(startMs - historyMs, latestMs))
  const uses = random.integer(2, 5)
  for (let i = 0; i < uses; i++) {
    const atMs = lastMs - i * random.between(0.1, 4) * dayMs
    if (atMs >= startMs - historyMs) schedule(customer, atMs, deed.shop)
  }
  schedule(customer, wakeMs, deed.wake)
}

/** What happens when the silence ends, and when the next one will. */
export function wake(bank: Bank, customer: Customer, atMs: number): void {
  const { random } = bank
  const endMs = random.chance(Math.min(0.95, thiefShare * bank.fraud))
    ? beginAwaking(bank, customer, atMs)
    : wakeInnocently(bank, customer, atMs)
  schedule(customer, endMs + random.between(silenceDaysMin, silenceDaysMax) * dayMs, deed.wake)
}

/** @returns when the account falls silent again */
function wakeInnocently(bank: Bank, customer: Customer, atMs: number): number {
  const { random } = bank
  schedule(customer, atMs, deed.login)
  const draw = random.unit()
  if (draw < 0.5) return useNowAndThen(bank, customer, atMs)
  if (draw < 0.75) return takeOnJourney(bank, customer, atMs)
  if (draw < 0.83) return furnish(bank, customer, atMs)
  schedule(customer, atMs + 5 * minuteMs, deed.closing)
  return atMs + dayMs
}

function useNowAndThen({ random }: Bank, customer: Customer, atMs: number): number {
  const uses = random.integer(1, 5)
  for (let i = 0; i < uses; i++)
    schedule(customer, atMs + random.between(0, 12) * dayMs, random.pick([deed.shop, deed.online]))
  return atMs + 12 * dayMs
}

/** Savings of years become a kitchen: dear purchases of one day, all genuine. Even an analyst has to ask. */
function furnish({ random }: Bank, customer: Customer, atMs: number): number {
  const uses = random.integer(2, 6)
  for (let i = 0; i < uses; i++) schedule(customer, atMs + random.between(1, 10) * hourMs, deed.spree)
  return atMs + dayMs
}

/** The spare card goes on holiday: many purchases, abroad, after long silence, all genuine. */
function takeOnJourney({ random }: Bank, customer: Customer, atMs: number): number {
  const city = homeCities.length + random.pickWeighted(foreignWeights)
  const leaveMs = atMs + dayMs
  const trip = drawTrip(random, customer, {
    city,
    leaveMs,
    stayMs: random.integer(3, 8) * dayMs,
    kmPerHour: 700,
    waitMs: 3 * hourMs,
  })
  customer.trip = trip
  const uses = random.integer(4, 12)
  for (let i = 0; i < uses; i++)
    schedule(customer, random.between(trip.arriveMs, trip.returnMs), random.chance(0.15) ? deed.cash : deed.shop)
  if (random.chance(0.5)) schedule(customer, atMs + 2 * minuteMs, deed.travelNotice)
  return trip.homeMs
}
