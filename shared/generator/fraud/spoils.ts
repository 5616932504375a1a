import type { Bank } from '../bank.ts'
import type { Merchant, Terminal } from '../merchant.ts'
import { shopCategories } from '../merchant.ts'
import { cumulate } from '../random.ts'

/** What thieves choose, by index into `onlineCategories` and `shopCategories`. */
const probedOnline = cumulate([2, 1, 2, 0, 4, 0, 5, 0, 0, 0, 0, 2])
const dearOnline = cumulate([6, 0, 0, 3, 0, 9, 0, 5, 2, 1, 3, 0])
const dearShops = cumulate(
  shopCategories.map(({ noun }) => ({ Electronics: 6, Jewellers: 3, Fashion: 2, 'Department Store': 3 })[noun] ?? 0),
)

/** Where a small amount draws no attention. */
export const drawProbedMerchant = ({ random, directory }: Bank): Merchant =>
  random.pick(directory.online[random.pickWeighted(probedOnline)])

/** Goods that can be sold on. */
export const drawDearMerchant = ({ random, directory }: Bank): Merchant =>
  random.pick(directory.online[random.pickWeighted(dearOnline)])

export const drawDearShop = ({ random, directory }: Bank, city: number): Terminal =>
  random.pick(directory.shops[city][random.pickWeighted(dearShops)])

/** Where a thief's network address seems to be. */
export const drawThiefCountry = ({ random }: Bank): string =>
  random.chance(0.4) ? 'CH' : random.pick(['DE', 'FR', 'GB', 'NL', 'IT', 'ES', 'US', 'TH', 'MM'])
