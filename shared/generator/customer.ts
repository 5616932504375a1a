import { commutableFrom, foreignCities, homeCities } from './geography.ts'
import type { Directory, Merchant, Terminal } from './merchant.ts'
import { homeVisits } from './merchant.ts'
import type { Random } from './random.ts'
import { cumulate } from './random.ts'
import { accountName, cardName, deviceName, foreignAccountName } from './tokens.ts'

export type Archetype = 'student' | 'worker' | 'family' | 'pensioner' | 'dormant'

/** One customer: habits that stay, and the little that changes. About two kilobytes, however long the stream runs. */
export interface Customer {
  readonly index: number
  readonly account: string
  readonly archetype: Archetype
  /** Index into `cities`. */
  readonly home: number
  /** Where the weekdays are spent; mostly `home`. */
  readonly work: number
  /** Visited again and again, the favourite first. */
  readonly usualShops: readonly Terminal[]
  /** Purchases in shops and online per day, on an average day. */
  readonly shopsPerDay: number
  readonly onlinePerDay: number
  /** Multiplies what others pay: 1 for the median customer. */
  readonly wealth: number
  readonly plays: boolean
  readonly travels: boolean
  /** Salary or pension; amount 0: none. */
  readonly income: StandingOrder
  readonly rent: StandingOrder
  readonly subscriptions: readonly Subscription[]
  /** Customers to whom money is sent now and then. */
  readonly friends: readonly number[]
  /** Incoming payments per day from buyers of a small trade; 0 for nearly all. */
  readonly salesPerDay: number
  /** The partner holds a second card of the account. */
  readonly hasSecondCard: boolean
  /** The family's computer is also the neighbour's (`index ^ 1`): several accounts behind one device. */
  readonly sharesComputer: boolean

  phones: number
  /** Of the latest login: orders are given on it. */
  device: string
  cardVersion: number
  trip: Trip | undefined
  /** Dormant accounts: where in its cycle the account is; see `dormant.ts`. */
  sleepingSinceMs: number
  /** A fraudster is at work here until then; no second case meanwhile. */
  inCaseUntilMs: number
  /** The next local day to plan. */
  nextDay: number
  /** What is still to do today, latest first; see `day-plan.ts`. */
  readonly plan: number[]
}

/** Of `day` 1 to 28 of each month. */
export interface StandingOrder {
  readonly day: number
  readonly amount: number
  readonly otherParty: string
}

export interface Subscription {
  readonly day: number
  readonly amount: number
  readonly merchant: Merchant
}

/** A journey; between leaving and arriving nobody is anywhere. All in ms since 1970. */
export interface Trip {
  /** Index into `cities`. */
  readonly city: number
  readonly leaveMs: number
  readonly arriveMs: number
  readonly returnMs: number
  readonly homeMs: number
  /** The partner and the second card stay at home. */
  readonly alone: boolean
}

const archetypes: readonly Archetype[] = ['student', 'worker', 'family', 'pensioner', 'dormant']
const archetypeShares = cumulate([0.14, 0.47, 0.19, 0.12, 0.08])
const homeWeights = cumulate(homeCities.map((city) => city.weight))
const favouriteWeights = cumulate([10, 6, 4, 3, 2.5, 2, 1.5, 1, 1, 1])
export const foreignWeights = cumulate(foreignCities.map((city) => city.weight))
const commutable: readonly (readonly number[])[] = homeCities.map((_, index) => commutableFrom(index))

const habits = {
  student: { shops: 1.0, online: 0.42, wealth: 0.6, income: 700, rent: 520 },
  worker: { shops: 1.25, online: 0.36, wealth: 1, income: 5600, rent: 1500 },
  family: { shops: 1.6, online: 0.42, wealth: 1.3, income: 7200, rent: 2200 },
  pensioner: { shops: 0.85, online: 0.1, wealth: 0.85, income: 3100, rent: 1200 },
  dormant: { shops: 0, online: 0, wealth: 0.9, income: 0, rent: 0 },
} as const

/** All customers, by index. */
export function drawCustomers(random: Random, directory: Directory, count: number): Customer[] {
  const flat: Flat = { host: '', free: 0 }
  return Array.from({ length: count }, (_, index) => drawCustomer(random, directory, { index, count }, flat))
}

/** Students share flats of four: the first pays the landlord, the others pay their part to the first. */
interface Flat {
  host: string
  free: number
}

function drawCustomer(
  random: Random,
  directory: Directory,
  { index, count }: { index: number; count: number },
  flat: Flat,
): Customer {
  const archetype = archetypes[random.pickWeighted(archetypeShares)]
  const habit = habits[archetype]
  const home = random.pickWeighted(homeWeights)
  const work = archetype === 'worker' && random.chance(0.3) ? (commutable[home][0] ?? home) : home
  const wealth = habit.wealth * random.logNormal(1, 0.35)
  const active = archetype !== 'dormant'
  return {
    index,
    account: accountName(index),
    archetype,
    home,
    work,
    usualShops: Array.from({ length: active ? 10 : 3 }, (_, i) =>
      drawShop(random, directory, i % 4 === 3 ? work : home),
    ),
    shopsPerDay: habit.shops * random.logNormal(0.9, 0.45),
    onlinePerDay: habit.online * random.logNormal(0.8, 0.6),
    wealth,
    plays: archetype !== 'pensioner' && random.chance(archetype === 'student' ? 0.25 : 0.08),
    travels: active && random.chance(0.3),
    income: drawIncome(random, archetype, habit.income * random.logNormal(1, 0.25), count),
    rent: archetype === 'student' ? drawRoom(random, habit.rent, index, flat) : drawRent(random, habit.rent, count),
    subscriptions: active ? drawSubscriptions(random, directory) : [],
    friends: Array.from({ length: active ? 5 : 1 }, () => random.integer(0, count - 1)),
    salesPerDay: active && random.chance(0.005) ? random.between(1, 6) : 0,
    hasSecondCard: archetype === 'family' && random.chance(0.6),
    sharesComputer: active && random.chance(0.12),
    phones: 0,
    device: deviceName(index, 0),
    cardVersion: 0,
    trip: undefined,
    sleepingSinceMs: 0,
    inCaseUntilMs: 0,
    nextDay: 0,
    plan: [],
  }
}

const drawShop = (random: Random, directory: Directory, city: number): Terminal =>
  random.pick(directory.shops[city][random.pickWeighted(homeVisits)])

/** One of the ten usual shops, the favourite most often. */
export const usualShop = (random: Random, customer: Customer): Terminal =>
  customer.usualShops[
    customer.usualShops.length === 10
      ? random.pickWeighted(favouriteWeights)
      : random.integer(0, customer.usualShops.length - 1)
  ]

/** Any shop of a city, by what visitors of that kind look for. */
export const anyShop = (random: Random, directory: Directory, city: number, visits: readonly number[]): Terminal =>
  random.pick(directory.shops[city][random.pickWeighted(visits)])

function drawIncome(random: Random, archetype: Archetype, mean: number, customers: number): StandingOrder {
  const isPensioner = archetype === 'pensioner'
  const paid = isPensioner || random.chance(archetype === 'student' ? 0.5 : 0.92)
  // One employer for about forty customers; pensions come from one fund.
  const payer = isPensioner ? 1 : 2 + random.integer(0, Math.ceil(customers / 40))
  return {
    day: isPensioner ? 5 : 25,
    amount: paid ? roundTo(mean, 0.05) : 0,
    otherParty: foreignAccountName('payer', payer),
  }
}

function drawRent(random: Random, mean: number, customers: number): StandingOrder {
  const owns = mean === 0 || random.chance(0.35)
  return {
    day: 3,
    amount: owns ? 0 : roundTo(random.logNormal(mean, 0.2), 10),
    otherParty: drawLandlord(random, customers),
  }
}

function drawRoom(random: Random, mean: number, index: number, flat: Flat): StandingOrder {
  if (flat.free > 0) {
    flat.free--
    return { day: random.integer(1, 2), amount: roundTo(random.logNormal(mean, 0.1), 10), otherParty: flat.host }
  }
  flat.host = accountName(index)
  flat.free = random.integer(2, 4)
  return { day: 3, amount: roundTo(mean * (flat.free + 1), 10), otherParty: drawLandlord(random, 100_000) }
}

const drawLandlord = (random: Random, customers: number): string =>
  foreignAccountName('landlord', random.integer(0, Math.ceil(customers / 12)))

const drawSubscriptions = (random: Random, directory: Directory): Subscription[] =>
  Array.from({ length: random.integer(0, 3) }, () => {
    const merchant = random.pick(directory.streams)
    return { day: random.integer(1, 28), amount: roundTo(random.logNormal(14, 0.4), 0.5), merchant }
  })

/** To a multiple of `step`, two decimals, never below one step. */
export function roundTo(amount: number, step: number): number {
  return Math.round(Math.max(1, Math.round(amount / step)) * step * 100) / 100
}

/** The card in use; the partner's is the second. */
export const cardOf = (customer: Customer, second = false): string =>
  cardName(customer.index, customer.cardVersion, second)

const computerSlot = 15

export const phoneOf = (customer: Customer): string => deviceName(customer.index, customer.phones % computerSlot)

export const computerOf = (customer: Customer): string =>
  deviceName(customer.sharesComputer ? customer.index & ~1 : customer.index, computerSlot)
