import type { Customer } from './customer.ts'
import { cardOf } from './customer.ts'
import type { Draft, Login, ProfileChange, Transaction, Transfer } from './event.ts'
import type { Merchant, Terminal } from './merchant.ts'

/**
 * The only makers of events: customers and fraudsters use the same, so that nothing in an event's form tells them apart.
 * All amounts are given in CHF and rounded here.
 */

/** To two decimals, at least 0.05. */
const rounded = (amount: number): number => Math.max(0.05, Math.round(amount * 100) / 100)

export interface CardPresent {
  readonly customer: Customer
  /** The partner's card. */
  readonly second?: boolean
  readonly terminal: Terminal
  readonly amount: number
  readonly entry: Transaction['entry']
  readonly declined?: boolean
}

export function cardPresent({ customer, second, terminal, amount, entry, declined }: CardPresent): Draft {
  const isCash = terminal.merchant.inEvent.mcc === '6011'
  return {
    type: 'transaction',
    account: customer.account,
    card: cardOf(customer, second),
    kind: isCash ? 'withdrawal' : 'purchase',
    channel: isCash ? 'atm' : 'pos',
    entry,
    status: declined === true ? 'declined' : 'approved',
    amount: rounded(amount),
    currency: 'CHF',
    merchant: terminal.merchant.inEvent,
    terminal: terminal.id,
    place: terminal.place,
  }
}

export interface CardOnline {
  readonly customer: Customer
  readonly merchant: Merchant
  readonly amount: number
  /** Absent: the merchant charges a stored card. */
  readonly device?: string
  readonly declined?: boolean
  readonly refund?: boolean
}

export function cardOnline({ customer, merchant, amount, device, declined, refund }: CardOnline): Draft {
  return {
    type: 'transaction',
    account: customer.account,
    card: cardOf(customer),
    kind: refund === true ? 'refund' : 'purchase',
    channel: 'ecommerce',
    entry: 'online',
    status: declined === true ? 'declined' : 'approved',
    amount: rounded(amount),
    currency: 'CHF',
    merchant: merchant.inEvent,
    ...(device === undefined ? {} : { device }),
  }
}

export interface Order {
  readonly debtor: string
  readonly creditor: string
  readonly amount: number
  readonly creditorCountry?: string
  readonly instant?: boolean
  readonly purpose?: string
  readonly device?: string
}

export function transfer({ debtor, creditor, amount, creditorCountry, instant, purpose, device }: Order): Draft {
  const draft: Omit<Transfer, 'id' | 'at'> = {
    type: 'transfer',
    debtor,
    creditor,
    amount: rounded(amount),
    currency: 'CHF',
    creditorCountry: creditorCountry ?? 'CH',
    instant: instant === true,
    ...(purpose === undefined ? {} : { purpose }),
    ...(device === undefined ? {} : { device }),
  }
  return draft
}

export interface Visit {
  readonly account: string
  readonly device: string
  readonly country: string
  readonly channel?: Login['channel']
  readonly failed?: boolean
}

export const login = ({ account, device, country, channel, failed }: Visit): Draft => ({
  type: 'login',
  account,
  device,
  channel: channel ?? 'app',
  country,
  success: failed !== true,
})

export const profileChange = (account: string, device: string, item: ProfileChange['item']): Draft => ({
  type: 'profile_change',
  account,
  device,
  item,
})

export const travelNotice = (account: string, country: string, untilMs: number): Draft => ({
  type: 'travel_notice',
  account,
  country,
  until: new Date(untilMs).toISOString(),
})
