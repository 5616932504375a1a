/**
 * Names of accounts, cards and devices. Numbers are scrambled, so that neighbours do not look alike and rules cannot read
 * a customer's number, or who is a fraudster, from a name. Multiplying by an odd number is one-to-one modulo 2^32.
 */
const scramble = (number: number): string => (Math.imul(number, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')

/** An account at this bank, by customer. */
export const accountName = (customer: number): string => `A${scramble(customer)}`

/** Accounts at other banks, each population with numbers of its own; at most 2^24 in each but the last. */
const foreign = { payer: 0, landlord: 1, relative: 2, business: 3, supplier: 4, stranger: 5 } as const

/** An account at another bank. */
export const foreignAccountName = (population: keyof typeof foreign, number: number): string =>
  `B${scramble(foreign[population] * 2 ** 24 + number)}`

/** A customer's card; a new `version` after fraud, `second` is the partner's card. */
export const cardName = (customer: number, version: number, second: boolean): string =>
  `C${scramble(customer * 32 + (version % 16) * 2 + (second ? 1 : 0))}`

/** A customer's device, by slot: 0 to 14 the phones one after the other, 15 the computer. Up to 2^27 customers. */
export const deviceName = (customer: number, slot: number): string => `D${scramble(customer * 16 + slot)}`

/** A device that belongs to no customer. */
export const strangeDeviceName = (number: number): string => `D${scramble(0x9000_0001 + number)}`
