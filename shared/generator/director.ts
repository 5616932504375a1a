import type { Bank } from './bank.ts'
import { beginTakeOver } from './fraud/account-take-over.ts'
import { beginCardTesting } from './fraud/card-testing.ts'
import { beginSkimming } from './fraud/compromised-terminal.ts'
import { beginMule } from './fraud/mule-account.ts'
import { beginCollection, beginGroupJourney } from './look-alike/collection.ts'
import { beginMarketDay } from './look-alike/market-day.ts'
import { beginMove, beginTablet } from './look-alike/new-household.ts'
import { beginReaderFault } from './look-alike/reader-fault.ts'

/** Lets one kind of script begin now and then, by a process without memory. */
export interface Director {
  /** Expected number for one customer and day. */
  readonly perCustomerDay: number
  readonly begin: (bank: Bank, atMs: number) => void
}

/**
 * Rates are written as expected numbers among 2,000 customers in 90 days. Dormant accounts wake by themselves (`dormant.ts`).
 * @param fraud factor on the rates of fraud
 */
export function directors(fraud: number): Director[] {
  const rate = (expected: number): number => expected / (2_000 * 90)
  const frauds = [
    { perCustomerDay: rate(40 * fraud), begin: beginCardTesting },
    { perCustomerDay: rate(42 * fraud), begin: beginTakeOver },
    { perCustomerDay: rate(38 * fraud), begin: beginSkimming },
    { perCustomerDay: rate(34 * fraud), begin: beginMule },
  ]
  return [
    ...(fraud > 0 ? frauds : []),
    { perCustomerDay: rate(60), begin: beginCollection },
    { perCustomerDay: rate(10), begin: beginGroupJourney },
    { perCustomerDay: rate(30), begin: beginMove },
    { perCustomerDay: rate(25), begin: beginTablet },
    { perCustomerDay: rate(15), begin: beginMarketDay },
    { perCustomerDay: rate(25), begin: beginReaderFault },
  ]
}
