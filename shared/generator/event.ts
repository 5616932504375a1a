/** The events of the bank, in the form of one JSON line each. `rules/events.yaml` declares the same fields. */
export type BankEvent = Transaction | Transfer | Login | ProfileChange | TravelNotice

interface Envelope {
  /** Unique in the stream; later events have longer or greater ids, so order by (`at`, `id`) is the order of the stream. */
  readonly id: string
  /** RFC 3339, UTC, milliseconds. */
  readonly at: string
}

/** A use of a card. */
export interface Transaction extends Envelope {
  readonly type: 'transaction'
  readonly account: string
  readonly card: string
  readonly kind: 'purchase' | 'withdrawal' | 'refund'
  readonly channel: 'pos' | 'atm' | 'ecommerce'
  /** How the card was read: a copied magnetic stripe cannot answer the chip's challenge. */
  readonly entry: 'chip' | 'contactless' | 'stripe' | 'online'
  readonly status: 'approved' | 'declined'
  /** Never negative; a refund's direction is its kind. Two decimals at most. */
  readonly amount: number
  readonly currency: 'CHF'
  readonly merchant: MerchantOfTransaction
  /** Where the card was present. */
  readonly terminal?: string
  /** In degrees. */
  readonly place?: { readonly lat: number; readonly lon: number }
  /** Where it was not: fingerprint of the browser or app; absent where the merchant charges a stored card. */
  readonly device?: string
}

export interface MerchantOfTransaction {
  readonly id: string
  readonly name: string
  /** Merchant category code, ISO 18245. */
  readonly mcc: string
  /** Absent for merchants that sell online only. */
  readonly city?: string
  /** ISO 3166-1, two letters. */
  readonly country: string
}

/** A credit transfer; it reaches the accounts of both parties. */
export interface Transfer extends Envelope {
  readonly type: 'transfer'
  readonly debtor: string
  readonly creditor: string
  readonly amount: number
  readonly currency: 'CHF'
  /** Country of the creditor's bank. */
  readonly creditorCountry: string
  readonly instant: boolean
  /** Purpose code as in ISO 20022: SALA, PENS, RENT, … Absent for most. */
  readonly purpose?: string
  /** Device that ordered it; absent for standing orders and for those ordered at other banks. */
  readonly device?: string
}

export interface Login extends Envelope {
  readonly type: 'login'
  readonly account: string
  readonly device: string
  readonly channel: 'app' | 'web'
  /** Country of the network address. */
  readonly country: string
  readonly success: boolean
}

export interface ProfileChange extends Envelope {
  readonly type: 'profile_change'
  readonly account: string
  readonly device: string
  readonly item: 'phone' | 'email' | 'address' | 'password' | 'transfer-limit'
}

/** A customer tells the bank of a journey. */
export interface TravelNotice extends Envelope {
  readonly type: 'travel_notice'
  readonly account: string
  readonly country: string
  readonly until: string
}

/** An event before it has its place in the stream. */
export type Draft = BankEvent extends infer E ? (E extends BankEvent ? Omit<E, 'id' | 'at'> : never) : never

/** The kinds of fraud in the stream. */
export const fraudKinds = [
  'card-testing',
  'account-take-over',
  'compromised-terminal',
  'mule-account',
  'dormant-account',
] as const
export type FraudKind = (typeof fraudKinds)[number]

/** Ground truth of one event; it travels beside the event, never in it. */
export interface Label {
  readonly kind: FraudKind
  /** One fraudster's one attempt: `card-testing-7`. */
  readonly case: string
}

export interface LabelledEvent {
  readonly event: BankEvent
  /** `event.at` in ms since 1970. */
  readonly atMs: number
  /** null: genuine. */
  readonly label: Label | null
}
