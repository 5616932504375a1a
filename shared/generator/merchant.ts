import type { MerchantOfTransaction } from './event.ts'
import { cities, homeCities } from './geography.ts'
import type { Random } from './random.ts'
import { cumulate } from './random.ts'

/** A line of business: what it is called, and what one pays there. */
export interface Category {
  readonly noun: string
  /** Merchant category code, ISO 18245. */
  readonly mcc: string
  /** Median and spread (of the logarithm) of one purchase in CHF. */
  readonly median: number
  readonly spread: number
  /** Relative number of visits by people at home. */
  readonly visits: number
}

export const shopCategories: readonly Category[] = [
  { noun: 'Foods', mcc: '5411', median: 28, spread: 0.7, visits: 36 },
  { noun: 'Café', mcc: '5814', median: 6.5, spread: 0.4, visits: 20 },
  { noun: 'Kitchen', mcc: '5812', median: 36, spread: 0.5, visits: 12 },
  { noun: 'Kiosk', mcc: '5994', median: 5, spread: 0.5, visits: 9 },
  { noun: 'Fuel', mcc: '5541', median: 70, spread: 0.35, visits: 6 },
  { noun: 'Pharmacy', mcc: '5912', median: 24, spread: 0.6, visits: 5 },
  { noun: 'Department Store', mcc: '5311', median: 48, spread: 0.7, visits: 5 },
  { noun: 'Fashion', mcc: '5651', median: 65, spread: 0.65, visits: 4 },
  { noun: 'Hardware', mcc: '5251', median: 42, spread: 0.8, visits: 2 },
  { noun: 'Electronics', mcc: '5732', median: 150, spread: 0.8, visits: 1 },
  { noun: 'Jewellers', mcc: '5944', median: 220, spread: 0.7, visits: 0.3 },
  { noun: 'Hotel', mcc: '7011', median: 190, spread: 0.5, visits: 0.5 },
]

/** The same lines of business, as a traveller visits them. */
export const travellerVisits = cumulate([14, 22, 26, 8, 3, 3, 6, 7, 0, 1, 1, 9])
export const homeVisits = cumulate(shopCategories.map((category) => category.visits))

const cashCategory: Category = { noun: 'Cash Point', mcc: '6011', median: 100, spread: 0.6, visits: 0 }

export const onlineCategories: readonly Category[] = [
  { noun: 'Marketplace', mcc: '5399', median: 42, spread: 0.8, visits: 24 },
  { noun: 'Delivery', mcc: '5812', median: 34, spread: 0.4, visits: 14 },
  { noun: 'Tickets', mcc: '4111', median: 5.2, spread: 0.7, visits: 22 },
  { noun: 'Wardrobe', mcc: '5651', median: 75, spread: 0.6, visits: 12 },
  { noun: 'Games', mcc: '5816', median: 3, spread: 0.9, visits: 8 },
  { noun: 'Digital', mcc: '5732', median: 160, spread: 0.8, visits: 4 },
  { noun: 'Giving', mcc: '8398', median: 25, spread: 0.9, visits: 3 },
  { noun: 'Gift Cards', mcc: '5947', median: 50, spread: 0.5, visits: 2 },
  { noun: 'Travel', mcc: '4722', median: 380, spread: 0.7, visits: 2 },
  { noun: 'Betting', mcc: '7995', median: 20, spread: 0.9, visits: 2 },
  { noun: 'Exchange', mcc: '6051', median: 120, spread: 0.8, visits: 1 },
  { noun: 'Stream', mcc: '4899', median: 14, spread: 0.3, visits: 0 },
]
export const onlineVisits = cumulate(onlineCategories.map((category) => category.visits))
export const gamesCategory = 4
const streamCategory = 11

export interface Merchant {
  readonly category: Category
  readonly inEvent: MerchantOfTransaction
}

/** A card reader or cash machine, at one place. */
export interface Terminal {
  readonly id: string
  readonly merchant: Merchant
  /** Index into `cities`. */
  readonly city: number
  readonly place: { readonly lat: number; readonly lon: number }
  /** Until then its chip reader is out of order and it reads stripes; ms since 1970. */
  stripeUntilMs: number
}

const firstNames = 'Alder Amber Birch Cedar Copper Coral Dawn Elm Falcon Fern Flint Harbour Hazel Heron Indigo'
const secondNames =
  'Iris Ivory Jasper Juniper Lake Lantern Larch Linden Maple Meadow Mill North Oak Olive Opal Orchard Otter Pine Quarry Quill Raven Reed River Rowan Sage Slate Summit Thistle Tulip Valley Willow'
const names = `${firstNames} ${secondNames}`.split(' ')

/** All shops, cash machines and online merchants; made once, never changed but for faults of readers. */
export class Directory {
  /** By city, then by index into `shopCategories`. */
  readonly shops: readonly (readonly (readonly Terminal[])[])[]
  /** By city. */
  readonly cashMachines: readonly (readonly Terminal[])[]
  /** By index into `onlineCategories`. */
  readonly online: readonly (readonly Merchant[])[]
  readonly streams: readonly Merchant[]
  #merchants = 0
  #terminals = 0

  constructor(random: Random, customers: number) {
    const weight = homeCities.reduce((sum, city) => sum + city.weight, 0)
    const perCity = cities.map((city, index) =>
      index < homeCities.length ? Math.max(24, (customers / 5) * (city.weight / weight)) : 40,
    )
    const visits = shopCategories.reduce((sum, category) => sum + category.visits, 0)
    this.shops = cities.map((_, city) =>
      shopCategories.map((category) =>
        this.#fill(Math.max(2, Math.round((perCity[city] * category.visits) / visits)), () =>
          this.#terminal(random, category, city),
        ),
      ),
    )
    this.cashMachines = cities.map((_, city) =>
      this.#fill(Math.max(3, Math.round(perCity[city] / 12)), () => this.#terminal(random, cashCategory, city)),
    )
    this.online = onlineCategories.map((category) =>
      this.#fill(Math.max(4, Math.round(customers / 400)), () => this.#merchant(random, category, undefined)),
    )
    this.streams = this.online[streamCategory]
  }

  #fill<T>(length: number, make: () => T): T[] {
    return Array.from({ length }, make)
  }

  #terminal(random: Random, category: Category, city: number): Terminal {
    const place = cities[city]
    return {
      id: `T${10_001 + this.#terminals++}`,
      merchant: this.#merchant(random, category, city),
      city,
      place: {
        lat: Math.round((place.lat + random.between(-0.04, 0.04)) * 10_000) / 10_000,
        lon: Math.round((place.lon + random.between(-0.05, 0.05)) * 10_000) / 10_000,
      },
      stripeUntilMs: 0,
    }
  }

  #merchant(random: Random, category: Category, city: number | undefined): Merchant {
    const id = `M${10_001 + this.#merchants++}`
    const name = `${random.pick(names)} ${category.noun}`
    if (city === undefined) {
      const country = random.chance(0.6) ? 'CH' : random.pick(['DE', 'FR', 'GB', 'IE', 'LU', 'US'])
      return { category, inEvent: { id, name, mcc: category.mcc, country } }
    }
    const place = cities[city]
    return { category, inEvent: { id, name, mcc: category.mcc, city: place.name, country: place.country } }
  }
}
