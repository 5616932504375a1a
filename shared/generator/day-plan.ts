import type { Day, Rhythm } from './calendar.ts'
import {
  drawTime,
  hourMs,
  minuteMs,
  onlineRhythm,
  pensionerRhythm,
  secondMs,
  shopRhythm,
  studentRhythm,
  weekdayFactor,
} from './calendar.ts'
import type { Customer } from './customer.ts'
import { planJourney } from './journey.ts'
import { deed, schedule } from './plan.ts'
import type { Random } from './random.ts'

const rhythms: Readonly<Record<Customer['archetype'], Rhythm>> = {
  student: studentRhythm,
  worker: shopRhythm,
  family: shopRhythm,
  pensioner: pensionerRhythm,
  dormant: shopRhythm,
}

/** Plans one day of a customer who uses the account. */
export function planDay(random: Random, customer: Customer, day: Day): void {
  if (customer.trip !== undefined && customer.trip.homeMs < day.startMs) customer.trip = undefined
  planSpending(random, customer, day)
  planMoney(random, customer, day)
  planVisits(random, customer, day)
  if (customer.trip === undefined) planJourney(random, customer, day)
}

function planSpending(random: Random, customer: Customer, day: Day): void {
  const hours = rhythms[customer.archetype]
  const eager = weekdayFactor[day.weekday]
  const shops = random.poisson(customer.shopsPerDay * eager * (customer.trip === undefined ? 1 : 1.6))
  for (let i = 0; i < shops; i++) schedule(customer, drawTime(random, day, hours), deed.shop)
  const online = random.poisson(customer.onlinePerDay)
  for (let i = 0; i < online; i++) schedule(customer, drawTime(random, day, onlineRhythm), deed.online)
  if (random.chance(0.05)) schedule(customer, drawTime(random, day, hours), deed.cash)
  if (random.chance(0.006)) schedule(customer, drawTime(random, day, shopRhythm), deed.refund)
  if (customer.plays && random.chance(0.12)) {
    scatter(random, customer, drawTime(random, day, onlineRhythm), random.integer(2, 6), 4 * minuteMs, deed.game)
  }
  const isPayday =
    customer.income.amount > 0 && day.dayOfMonth >= customer.income.day && day.dayOfMonth < customer.income.day + 3
  if (isPayday && random.chance(0.02)) {
    scatter(
      random,
      customer,
      day.startMs + random.between(10, 16) * hourMs,
      random.integer(3, 6),
      50 * minuteMs,
      deed.spree,
    )
  }
}

/** Several of one deed, each up to `gapMs` after the one before. */
function scatter(random: Random, customer: Customer, fromMs: number, count: number, gapMs: number, what: number): void {
  let atMs = fromMs
  for (let i = 0; i < count; i++) {
    schedule(customer, atMs, what)
    atMs += random.between(0.1, 1) * gapMs
  }
}

function planMoney(random: Random, customer: Customer, day: Day): void {
  const { income, rent, subscriptions } = customer
  if (income.amount > 0 && day.dayOfMonth === income.day)
    schedule(customer, day.startMs + random.between(1, 7) * hourMs, deed.income)
  if (rent.amount > 0 && day.dayOfMonth === rent.day)
    schedule(customer, day.startMs + random.between(5, 8) * hourMs, deed.rent)
  for (let i = 0; i < subscriptions.length; i++)
    if (subscriptions[i].day === day.dayOfMonth)
      schedule(customer, day.startMs + random.between(1, 6) * hourMs, deed.subscription + i)
  if (random.chance(0.04)) afterLogin(random, customer, drawTime(random, day, onlineRhythm), deed.transfer)
  if (random.chance(0.08)) {
    const atMs = drawTime(random, day, onlineRhythm)
    afterLogin(random, customer, atMs, deed.bill)
    if (random.chance(0.3)) schedule(customer, atMs + random.between(5, 8) * minuteMs, deed.bill)
  }
  if (customer.salesPerDay > 0) {
    const sales = random.poisson(customer.salesPerDay)
    for (let i = 0; i < sales; i++) schedule(customer, drawTime(random, day, onlineRhythm), deed.sale)
    if (day.weekday === 1) afterLogin(random, customer, day.startMs + random.between(9, 20) * hourMs, deed.supply)
  }
}

function afterLogin(random: Random, customer: Customer, atMs: number, what: number): void {
  schedule(customer, atMs, deed.login)
  schedule(customer, atMs + random.between(30, 240) * secondMs, what)
}

function planVisits(random: Random, customer: Customer, day: Day): void {
  if (random.chance(0.25)) schedule(customer, drawTime(random, day, onlineRhythm), deed.login)
  if (random.chance(0.008)) {
    const atMs = drawTime(random, day, onlineRhythm)
    scatter(random, customer, atMs, random.integer(1, 3), 40 * secondMs, deed.failedLogin)
    schedule(customer, atMs + 3 * minuteMs, deed.login)
  }
  if (random.chance(1 / 700)) afterLogin(random, customer, drawTime(random, day, onlineRhythm), deed.profileChange)
  if (random.chance(1 / 500)) {
    // A new telephone: the honest half of every take-over.
    const atMs = drawTime(random, day, onlineRhythm)
    schedule(customer, atMs, deed.newPhone)
    if (random.chance(0.25)) schedule(customer, atMs + random.between(2, 30) * minuteMs, deed.profileChange)
    if (random.chance(0.25)) schedule(customer, atMs + random.between(10, 400) * minuteMs, deed.bill)
  }
}
