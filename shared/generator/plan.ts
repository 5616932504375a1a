import type { Customer } from './customer.ts'

/** What a customer can do; `perform.ts` does it. */
export const deed = {
  shop: 0,
  online: 1,
  game: 2,
  cash: 3,
  login: 4,
  failedLogin: 5,
  transfer: 6,
  bill: 7,
  income: 8,
  rent: 9,
  refund: 10,
  sale: 11,
  supply: 12,
  newPhone: 13,
  profileChange: 14,
  travelNotice: 15,
  spree: 16,
  retry: 17,
  /** A dormant account wakes up; see `dormant.ts`. */
  wake: 18,
  closing: 19,
  /** And 21, 22: up to three subscriptions. */
  subscription: 20,
} as const

const deedsMax = 32

/** A plan entry is one number, `at × 32 + deed`: no object for each of a day's deeds. */
export const entryTime = (entry: number): number => Math.floor(entry / deedsMax)
export const entryDeed = (entry: number): number => entry % deedsMax

/** Adds a deed to the plan, which stays sorted, latest first. */
export function schedule(customer: Customer, atMs: number, what: number): void {
  const { plan } = customer
  const entry = Math.floor(atMs) * deedsMax + what
  let i = plan.length
  plan.push(entry)
  while (i > 0 && plan[i - 1] < entry) {
    plan[i] = plan[i - 1]
    i--
  }
  plan[i] = entry
}
