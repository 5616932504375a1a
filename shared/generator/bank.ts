import type { Customer } from './customer.ts'
import { drawCustomers } from './customer.ts'
import type { Draft, FraudKind, Label } from './event.ts'
import { Directory } from './merchant.ts'
import { Random } from './random.ts'
import { foreignAccountName, strangeDeviceName } from './tokens.ts'

/** Something that unfolds beside the customers' days: a fraud, or what looks like one. */
export interface Script {
  /** null: genuine. */
  readonly label: Label | null
  readonly acts: Act[]
}

/** An event to send, a change to make, or both. */
export interface Act {
  readonly atMs: number
  readonly draft?: Draft
  readonly run?: () => void
}

/** A terminal that copies the cards it reads. */
export class Skimmer {
  /** Whose cards, at most so many that a thief can use. */
  readonly cards = new Set<number>()
  readonly #cardsMax = 15

  catch(customer: number): void {
    if (this.cards.size < this.#cardsMax) this.cards.add(customer)
  }
}

/** The state that all agents share. Every draw comes from its one source, in order of time. */
export class Bank {
  readonly random: Random
  readonly directory: Directory
  readonly customers: readonly Customer[]
  /** How often fraud happens, against the usual. */
  readonly fraud: number
  /** By terminal id; a handful at any time. */
  readonly skimmers = new Map<string, Skimmer>()
  /** Scripts that were begun and not yet put on the agenda. */
  readonly begun: Script[] = []
  readonly #cases = new Map<FraudKind, number>()
  #strangeDevices = 0
  #foreignAccounts = 0

  constructor({ seed, customers, fraud }: { seed: number; customers: number; fraud: number }) {
    this.random = new Random(seed)
    this.directory = new Directory(this.random, customers)
    this.customers = drawCustomers(this.random, this.directory, customers)
    this.fraud = fraud
  }

  /** Lets the script's acts happen, each at its time. */
  begin(label: Label | null, acts: Act[]): void {
    if (acts.length > 0) this.begun.push({ label, acts: acts.sort((a, b) => a.atMs - b.atMs) })
  }

  openCase(kind: FraudKind): Label {
    const number = (this.#cases.get(kind) ?? 0) + 1
    this.#cases.set(kind, number)
    return { kind, case: `${kind}-${number}` }
  }

  /** A device that nobody has used yet. */
  strangeDevice(): string {
    return strangeDeviceName(this.#strangeDevices++)
  }

  /** An account at another bank that nobody has dealt with yet. */
  newForeignAccount(): string {
    return foreignAccountName('stranger', this.#foreignAccounts++)
  }

  /** A customer who uses the account, and at whom no fraudster is at work; undefined when luck fails twenty times. */
  drawVictim(atMs: number, suits: (customer: Customer) => boolean = () => true): Customer | undefined {
    for (let i = 0; i < 20; i++) {
      const customer = this.random.pick(this.customers)
      if (customer.archetype !== 'dormant' && customer.inCaseUntilMs < atMs && suits(customer)) return customer
    }
    return undefined
  }
}
