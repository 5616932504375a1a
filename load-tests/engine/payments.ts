import type { EventBatch } from '#shared/domain/event-batch'
import { Random } from '#shared/generator/random'

export interface PaymentsOptions {
  readonly seed: number
  /** Event time between two payments. */
  readonly stepMs: number
  /** Ids are a prefix and ten digits, or UUIDs. */
  readonly ids: 'numbered' | 'uuid'
  /** Number of the account of payment `index`. */
  readonly account: (index: number, random: Random) => number
}

/** JSON rows that lie in memory. */
export interface Rows {
  readonly bytes: Buffer
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly length: number
}

/** A seeded stream of card payments with 17 fields, 350 bytes as JSON, in order of time. */
export class Payments {
  /** Event time of the last one, ms. */
  at = firstAt
  readonly #options: PaymentsOptions
  readonly #random: Random
  #index = 0
  readonly #scratch = Buffer.alloc(64)

  constructor(options: PaymentsOptions) {
    this.#options = options
    this.#random = new Random(options.seed)
  }

  /** The next payments as rows. They are valid until `into` is given again. */
  rows(count: number, into: Buffer): Rows {
    const starts = new Uint32Array(count)
    const ends = new Uint32Array(count)
    let end = 0
    for (let i = 0; i < count; i++) {
      starts[i] = end
      end += into.write(this.#row(), end, 'latin1')
      ends[i] = end
    }
    return { bytes: into, starts, ends, length: count }
  }

  /** Appends the next payment to a batch as it is, for what does not measure decoding. */
  append(batch: EventBatch, columns: PaymentColumns): void {
    const random = this.#random
    const index = this.#index++
    const account = this.#options.account(index, random)
    this.at = firstAt + Math.floor(this.#index * this.#options.stepMs)
    appendPayment(batch, columns, {
      id: this.#id(index),
      at: this.at,
      account: this.#flat(accountKey(account)),
      amountMinor: amountMinor(random),
      currency: random.pick(currencies),
      merchant: this.#flat(merchantKey(random)),
      mcc: random.pick(businesses),
      country: random.pick(countries),
      channel: random.pick(channels),
      auth: authorisation(random),
      digest: random.bits(),
    })
  }

  /** A text as a codec makes it of bytes. One that is put together from parts is kept in parts, which takes more memory and time. */
  #flat(text: string): string {
    return this.#scratch.toString('latin1', 0, this.#scratch.write(text, 'latin1'))
  }

  #row(): string {
    const random = this.#random
    const index = this.#index++
    const account = this.#options.account(index, random)
    this.at = firstAt + Math.floor(this.#index * this.#options.stepMs)
    const bits = random.bits()
    return (
      `{"id":"${this.#id(index)}","account":"${accountKey(account)}","at":${this.at},"amount":${amountMinor(random) / 100},` +
      `"currency":"${random.pick(currencies)}","merchant":"${merchantKey(random)}","mcc":"${random.pick(businesses)}",` +
      `"country":"${random.pick(countries)}","channel":"${random.pick(channels)}","device":"d_${hex(bits)}",` +
      `"ip":"10.${bits & 255}.${(bits >>> 8) & 255}.${(bits >>> 16) & 255}","card":"411111******${1000 + (bits % 9000)}",` +
      `"merchantName":"SHOP ${bits % 100_000_000} BERLIN","latitude":${((bits % 1_800_000) - 900_000) / 10_000},` +
      `"longitude":${((bits % 3_600_000) - 1_800_000) / 10_000},"counterparty":"${accountKey(bits % 1_000_000)}",` +
      `"auth":"${authorisation(random)}"}`
    )
  }

  #id(index: number): string {
    if (this.#options.ids === 'numbered') return `tx-${String(index).padStart(10, '0')}`
    const bits = hex(this.#random.bits())
    return `${hex(index)}-${bits.slice(0, 4)}-4${bits.slice(5)}-a${bits.slice(1, 4)}-${hex(this.#random.bits())}${bits.slice(4)}`
  }
}

/** What the rules use of a payment. */
export interface Payment {
  readonly id: string
  readonly at: number
  readonly account: string
  readonly amountMinor: number
  readonly currency: string
  readonly merchant: string
  readonly mcc: string
  readonly country: string
  readonly channel: string
  readonly auth: string
  readonly digest: number
}

export function appendPayment(batch: EventBatch, columns: PaymentColumns, payment: Payment): void {
  const row = batch.append(0, payment.at, payment.id)
  batch.digest[row] = payment.digest
  ;(batch.numbers[columns.amount] as Float64Array)[row] = payment.amountMinor
  for (const name of textNames) (batch.texts[columns[name]] as string[])[row] = payment[name]
}

/** Numbers of the fields that the rules use. */
export type PaymentColumns = Readonly<Record<(typeof textNames)[number] | 'amount', number>>

export function paymentColumns({ schema }: EventBatch): PaymentColumns {
  const numberOf = (name: string): number => schema.fields.findIndex(({ path }) => path === name)
  return Object.fromEntries([...textNames, 'amount'].map((name) => [name, numberOf(name)])) as PaymentColumns
}

const textNames = ['account', 'currency', 'merchant', 'mcc', 'country', 'channel', 'auth'] as const

/** Bytes of a row, with some to spare. */
export const rowBytesMax = 420

/** Every account once, in an order that is none: the numbers of neighbours lie far apart. */
export const scattered = (index: number, accounts: number): number => (index * 7_368_787) % accounts

export const firstAt = Date.UTC(2026, 0, 1)
const currencies = ['EUR', 'EUR', 'EUR', 'EUR', 'EUR', 'USD', 'GBP', 'PLN']
const businesses = ['5411', '5812', '5999', '4829', '6011', '7995', '5732', '4111']
const countries = ['DE', 'DE', 'DE', 'FR', 'US', 'GB', 'NL', 'PL']
const channels = ['pos', 'ecommerce', 'atm', 'transfer']

export const accountKey = (account: number): string => `acc_${String(account).padStart(10, '0')}`
const merchantKey = (random: Random): string => `m_${String(random.integer(0, 49_999)).padStart(8, '0')}`
const amountMinor = (random: Random): number => Math.max(1, Math.round(100 * random.logNormal(36, 1.1)))
const authorisation = (random: Random): string => (random.chance(0.05) ? 'declined' : 'approved')
const hex = (bits: number): string => bits.toString(16).padStart(8, '0')
