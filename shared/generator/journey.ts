import type { Day } from './calendar.ts'
import { dayMs, drawTime, hourMs, isWorkingTime, onlineRhythm } from './calendar.ts'
import type { Customer, Trip } from './customer.ts'
import { foreignWeights } from './customer.ts'
import { cities, distanceKm, homeCities } from './geography.ts'
import { deed, schedule } from './plan.ts'
import type { Random } from './random.ts'

/** Now and then a journey abroad, told to the bank or not, or a day in another city. */
export function planJourney(random: Random, customer: Customer, day: Day): void {
  if (customer.travels && random.chance(1 / 45)) {
    const city = homeCities.length + random.pickWeighted(foreignWeights)
    const leaveMs = day.startMs + random.integer(1, 5) * dayMs + random.between(6, 15) * hourMs
    const nights = random.integer(2, 12)
    customer.trip = drawTrip(random, customer, {
      city,
      leaveMs,
      stayMs: nights * dayMs,
      kmPerHour: 700,
      waitMs: 3 * hourMs,
    })
    if (random.chance(0.55)) schedule(customer, drawTime(random, day, onlineRhythm), deed.travelNotice)
  } else if (random.chance(0.012)) {
    const city = random.integer(0, homeCities.length - 1)
    if (city === customer.home) return
    const leaveMs = day.startMs + random.between(7, 10) * hourMs
    customer.trip = drawTrip(random, customer, {
      city,
      leaveMs,
      stayMs: random.between(4, 9) * hourMs,
      kmPerHour: 90,
      waitMs: hourMs / 4,
    })
  }
}

/** How one travels: the speed on the way and the waiting at its ends. */
interface Journey {
  readonly city: number
  readonly leaveMs: number
  readonly stayMs: number
  readonly kmPerHour: number
  readonly waitMs: number
}

export function drawTrip(random: Random, customer: Customer, journey: Journey): Trip {
  const { city, leaveMs, stayMs, kmPerHour, waitMs } = journey
  const wayMs = (distanceKm(cities[customer.home], cities[city]) / kmPerHour) * hourMs + waitMs
  const arriveMs = leaveMs + wayMs
  const returnMs = arriveMs + stayMs
  return { city, leaveMs, arriveMs, returnMs, homeMs: returnMs + wayMs, alone: random.chance(0.2) }
}

/** Where a card of this customer is: a city's index, or undefined on the way. */
export function whereabouts(customer: Customer, atMs: number, second: boolean): number | undefined {
  const { trip } = customer
  if (trip !== undefined && !(second && trip.alone) && atMs >= trip.leaveMs && atMs < trip.homeMs)
    return atMs >= trip.arriveMs && atMs < trip.returnMs ? trip.city : undefined
  return customer.work !== customer.home && !second && isWorkingTime(atMs) ? customer.work : customer.home
}
