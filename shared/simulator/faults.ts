import { draw } from './draw.ts'

/** Everything that goes wrong, with what it means. */
export const faultKinds = {
  crash: 'the detector ends before a command is executed',
  pause: 'the detector stands still for a while, and does not know it',
  stop: 'the detector is told to stop, while anything may be under way',
  second: 'another detector takes the partition while the first is at work',
  'lost-request': 'a request never arrives',
  'lost-answer': 'a request is executed, and its answer is lost',
  'late-request': 'a request arrives after it was given up and sent again',
  'repeated-request': 'a request is executed twice',
  delay: 'an answer takes long',
  away: 'a store refuses everything for a while',
  'store-rolled-back': 'the checkpoint store goes back to an earlier state',
  'store-lost': 'the checkpoint store loses all that it has',
  'snapshot-damaged': 'the newest snapshot is not what it was',
  'tail-lost': 'the log loses its newest records and uses their offsets again',
  'records-expired': 'the log drops its oldest records',
  'sent-twice': 'the bank sends an event again although it was acknowledged',
  'sent-changed': 'the bank sends another event under the same id',
} as const
export type FaultKind = keyof typeof faultKinds

export interface Fault {
  /** `crash-17`: the seventeenth opportunity for it. */
  readonly name: string
  readonly kind: FaultKind
  /** Virtual time in ms since the start. */
  readonly at: number
  readonly where: string
}

/** Probability at each opportunity, by kind. */
export type FaultRates = Readonly<Partial<Record<FaultKind, number>>>

/** Decides at each opportunity whether something goes wrong, by the seed alone. */
export class Faults {
  readonly happened: Fault[] = []
  readonly #seed: number
  readonly #rates: FaultRates
  readonly #only: ReadonlySet<string> | undefined
  readonly #opportunities = new Map<FaultKind, number>()
  #isHealed = false

  /** @param only names of the faults that may happen; undefined: all */
  constructor(seed: number, rates: FaultRates, only?: ReadonlySet<string>) {
    this.#seed = seed
    this.#rates = rates
    this.#only = only
  }

  get isHealed(): boolean {
    return this.#isHealed
  }

  /** Nothing goes wrong from here on. */
  heal(): void {
    this.#isHealed = true
  }

  /** @returns undefined: it does not happen; else a number in [0, 1) that says how */
  happens(kind: FaultKind, at: number, where: string): number | undefined {
    const count = this.#opportunities.get(kind) ?? 0
    this.#opportunities.set(kind, count + 1)
    const rate = this.#rates[kind] ?? 0
    if (this.#isHealed || draw(this.#seed, kind, count) >= rate) return undefined
    const name = `${kind}-${count}`
    if (this.#only?.has(name) === false) return undefined
    this.happened.push({ name, kind, at, where })
    return draw(this.#seed, `how ${kind}`, count)
  }
}
