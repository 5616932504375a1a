import type { Bank } from './bank.ts'
import { dayMs, secondMs } from './calendar.ts'
import type { Customer } from './customer.ts'
import { anyShop, computerOf, foreignWeights, phoneOf, roundTo, usualShop } from './customer.ts'
import { cardOnline, cardPresent, login, profileChange, transfer, travelNotice } from './draft.ts'
import type { Draft } from './event.ts'
import { cities, foreignCities, homeCities } from './geography.ts'
import { whereabouts } from './journey.ts'
import type { Terminal } from './merchant.ts'
import { gamesCategory, homeVisits, onlineCategories, onlineVisits, travellerVisits } from './merchant.ts'
import { deed, schedule } from './plan.ts'
import type { Random } from './random.ts'
import { cumulate } from './random.ts'
import { accountName, foreignAccountName } from './tokens.ts'

/** What a spree goes for, by index into `shopCategories`. */
const spreeVisits = cumulate([0, 0, 1, 0, 0, 0, 3, 5, 2, 3, 1, 0])

/**
 * Does one deed of a customer's plan.
 * @returns the event; undefined where nothing comes of it: on a train there is no shop
 */
export function perform(bank: Bank, customer: Customer, atMs: number, what: number): Draft | undefined {
  const { random } = bank
  switch (what) {
    case deed.shop:
      return visitShop(bank, customer, atMs)
    case deed.spree:
      return spree(bank, customer, atMs)
    case deed.cash:
      return drawCash(bank, customer, atMs)
    case deed.retry:
      return visitShop(bank, customer, atMs)
    case deed.online:
      return buyOnline(random, bank, customer)
    case deed.game:
      return playGame(random, bank, customer)
    case deed.refund:
      return refund(random, bank, customer)
    case deed.login:
      return visit(random, customer, atMs, false)
    case deed.failedLogin:
      return visit(random, customer, atMs, true)
    case deed.newPhone:
      customer.phones++
      customer.device = phoneOf(customer)
      return login({ account: customer.account, device: customer.device, country: country(customer, atMs) })
    case deed.profileChange:
      return profileChange(
        customer.account,
        customer.device,
        random.pick(['phone', 'email', 'address', 'password', 'transfer-limit']),
      )
    case deed.travelNotice: {
      const { trip } = customer
      return trip && travelNotice(customer.account, cities[trip.city].country, trip.homeMs + dayMs)
    }
    default:
      return sendMoney(bank, customer, what)
  }
}

function country(customer: Customer, atMs: number): string {
  const city = whereabouts(customer, atMs, false)
  return cities[city ?? customer.home].country
}

function visit(random: Random, customer: Customer, atMs: number, failed: boolean): Draft {
  const onPhone = random.chance(0.8)
  const device = onPhone ? phoneOf(customer) : computerOf(customer)
  if (!failed) customer.device = device
  return login({
    account: customer.account,
    device,
    country: country(customer, atMs),
    channel: onPhone ? 'app' : 'web',
    failed,
  })
}

function visitShop(bank: Bank, customer: Customer, atMs: number): Draft | undefined {
  const { random, directory } = bank
  const second = customer.hasSecondCard && random.chance(0.4)
  const city = whereabouts(customer, atMs, second)
  if (city === undefined) return undefined
  const isAbroad = city >= homeCities.length
  let terminal = usualShop(random, customer)
  for (let i = 0; i < 3 && terminal.city !== city; i++) terminal = usualShop(random, customer)
  if (terminal.city !== city || random.chance(0.15))
    terminal = anyShop(random, directory, city, isAbroad ? travellerVisits : homeVisits)
  const { median, spread } = terminal.merchant.category
  const amount = random.logNormal(median * Math.sqrt(customer.wealth), spread)
  return payAt(bank, customer, { terminal, amount, atMs, second })
}

function spree(bank: Bank, customer: Customer, atMs: number): Draft | undefined {
  const { random, directory } = bank
  const city = whereabouts(customer, atMs, false)
  if (city === undefined) return undefined
  const terminal = anyShop(random, directory, city, spreeVisits)
  const { median, spread } = terminal.merchant.category
  const amount = 1.6 * random.logNormal(median * Math.sqrt(customer.wealth), spread)
  return payAt(bank, customer, { terminal, amount, atMs, second: false })
}

function drawCash(bank: Bank, customer: Customer, atMs: number): Draft | undefined {
  const { random, directory } = bank
  const city = whereabouts(customer, atMs, false)
  if (city === undefined) return undefined
  const terminal = random.pick(directory.cashMachines[city])
  const amount = Math.min(1000, roundTo(random.logNormal(110 * Math.sqrt(customer.wealth), 0.6), 20))
  return payAt(bank, customer, { terminal, amount, atMs, second: false })
}

interface Payment {
  readonly terminal: Terminal
  readonly amount: number
  readonly atMs: number
  readonly second: boolean
}

function payAt(bank: Bank, customer: Customer, { terminal, amount, atMs, second }: Payment): Draft {
  const { random } = bank
  const declined = random.chance(0.012)
  if (declined && random.chance(0.6)) schedule(customer, atMs + random.between(20, 90) * secondMs, deed.retry)
  bank.skimmers.get(terminal.id)?.catch(customer.index)
  return cardPresent({ customer, second, terminal, amount, declined, entry: drawEntry(random, terminal, amount, atMs) })
}

/** Readers out of order, worn chips and some countries' habits make honest stripes. */
function drawEntry(
  random: Random,
  terminal: Terminal,
  amount: number,
  atMs: number,
): 'chip' | 'contactless' | 'stripe' {
  const stripes = cities[terminal.city].country === 'US' ? 0.15 : 0.006
  if (terminal.stripeUntilMs > atMs || random.chance(stripes)) return 'stripe'
  return amount <= 80 && terminal.merchant.inEvent.mcc !== '6011' && random.chance(0.75) ? 'contactless' : 'chip'
}

function buyOnline(random: Random, bank: Bank, customer: Customer): Draft {
  const kind = random.pickWeighted(onlineVisits)
  const { median, spread } = onlineCategories[kind]
  const merchant = random.pick(bank.directory.online[kind])
  const amount = random.logNormal(median * Math.sqrt(customer.wealth), spread)
  const device = random.chance(0.6) ? phoneOf(customer) : computerOf(customer)
  return cardOnline({ customer, merchant, amount, device, declined: random.chance(0.02) })
}

function playGame(random: Random, bank: Bank, customer: Customer): Draft {
  const merchant = random.pick(bank.directory.online[gamesCategory])
  return cardOnline({ customer, merchant, amount: random.integer(1, 5) - 0.01, device: phoneOf(customer) })
}

function refund(random: Random, bank: Bank, customer: Customer): Draft {
  const kind = random.pickWeighted(onlineVisits)
  const amount = random.logNormal(onlineCategories[kind].median * Math.sqrt(customer.wealth), 0.6)
  return cardOnline({ customer, merchant: random.pick(bank.directory.online[kind]), amount, refund: true })
}

function sendMoney(bank: Bank, customer: Customer, what: number): Draft | undefined {
  const { random } = bank
  const { account, income, rent, subscriptions } = customer
  switch (what) {
    case deed.income:
      return transfer({
        debtor: income.otherParty,
        creditor: account,
        amount: income.amount,
        purpose: income.day === 5 ? 'PENS' : 'SALA',
      })
    case deed.rent:
      return transfer({ debtor: account, creditor: rent.otherParty, amount: rent.amount, purpose: 'RENT' })
    case deed.transfer:
      return sendToFriend(random, customer)
    case deed.bill:
      return payBill(random, customer)
    case deed.sale:
      return transfer({
        debtor: bank.newForeignAccount(),
        creditor: account,
        amount: random.logNormal(38, 0.7),
        instant: random.chance(0.4),
      })
    case deed.supply: {
      const amount = customer.salesPerDay * 7 * random.between(25, 45)
      return transfer({
        debtor: account,
        creditor: foreignAccountName('supplier', customer.index),
        amount,
        device: customer.device,
      })
    }
    case deed.closing: {
      // A move to another bank: all that was saved, at once.
      const amount = random.logNormal(3500, 0.7)
      return transfer({ debtor: account, creditor: bank.newForeignAccount(), amount, device: customer.device })
    }
    default: {
      const subscription = subscriptions[what - deed.subscription]
      return subscription && cardOnline({ customer, merchant: subscription.merchant, amount: subscription.amount })
    }
  }
}

function sendToFriend(random: Random, customer: Customer): Draft {
  const { account } = customer
  const { device } = customer
  const amount = random.chance(0.5) ? roundTo(random.logNormal(50, 0.9), 5) : random.logNormal(35, 0.9)
  if (random.chance(0.03)) {
    const abroad = random.chance(0.02) ? 'MM' : foreignCities[random.pickWeighted(foreignWeights)].country
    const creditor = foreignAccountName('relative', customer.index)
    return transfer({ debtor: account, creditor, amount: amount * 3, creditorCountry: abroad, device })
  }
  const friend = random.pick(customer.friends)
  const creditor = friend === customer.index ? foreignAccountName('relative', friend) : accountName(friend)
  return transfer({ debtor: account, creditor, amount, instant: random.chance(0.5), device })
}

function payBill(random: Random, customer: Customer): Draft {
  // Three bills in a hundred are large: a craftsman, a used car, savings put aside.
  const median = random.chance(0.03) ? 2500 : 110
  const creditor = foreignAccountName('business', random.integer(0, 600))
  const amount = random.logNormal(median * Math.sqrt(customer.wealth), 0.8)
  return transfer({
    debtor: customer.account,
    creditor,
    amount,
    device: customer.device,
  })
}
