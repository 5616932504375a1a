import { setTimeout } from 'node:timers/promises'
import { LiveService } from '../../tests/support/live-service.ts'
import { BankClient } from './bank-client.ts'
import { decideAgain } from './decide-again.ts'
import { type Findings, readFindings } from './findings.ts'
import type { PlannedKill } from './kill-plan.ts'
import type { Payments } from './payments.ts'

export interface TrialOptions {
  readonly dataDir: string
  readonly payments: Payments
  readonly isDecided: (row: number) => boolean
  /** Folders of the rule sets before and after the middle of the rows. */
  readonly rules: readonly [before: string, after: string]
  readonly partitions: number
  /** Of `vigil serve`, as where it keeps what. */
  readonly flags: readonly string[]
  readonly kills: readonly PlannedKill[]
  /** At most so many alerts and events are read in full. */
  readonly detailsMax: number
}

export interface Trial {
  readonly findings: Findings
  readonly kills: number
  /** From a kill to the next time that the service was ready, ms. */
  readonly recoveryMs: readonly number[]
  /** From the first row to the rest after the last one, without the change of rules. */
  readonly seconds: number
  readonly retries: number
  /** Of these, asked for a decision. */
  readonly decisionsAgain: number
  /** Records in the log. */
  readonly records: number
  /** By number of the event: its offset in the log, as it was acknowledged. */
  readonly offsets: Float64Array
  /** And its partition. */
  readonly partitions: Uint8Array
  readonly wrongs: readonly string[]
}

/** Sends all payments to a service on a fresh data folder, changes its rules in the middle, kills it as planned, and reads what it found. */
export async function runTrial(options: TrialOptions): Promise<Trial> {
  const running = new RunningTrial(options)
  try {
    return await running.run()
  } finally {
    await running.end()
  }
}

class RunningTrial {
  readonly #options: TrialOptions
  readonly #client: BankClient
  readonly #recoveryMs: number[] = []
  #service: LiveService | undefined
  #address: string | undefined
  #startMs = 0
  #kills = 0
  #killedAt = 0
  #isOver = false

  constructor(options: TrialOptions) {
    this.#options = options
    this.#client = new BankClient(options.payments, options.isDecided, () => this.#address)
  }

  async run(): Promise<Trial> {
    const { payments, rules, kills, detailsMax } = this.#options
    const { rows, half } = payments
    const [before, after] = rules
    const early = kills.filter(({ row }) => row <= half)
    const late = kills.filter(({ row }) => row > half)
    await this.#start(before)
    let seconds = await this.#sendHalf(half, before, early)
    const { code, stderr } = await this.#running.stop()
    if (code !== 0) throw new Error(`told to stop, the service ended with ${code}: ${stderr}`)
    this.#address = undefined
    await this.#startAtLast(after, late)
    seconds += await this.#sendHalf(rows.length, after, late)
    const again = await decideAgain(this.#client)
    const findings = await readFindings(this.#client, payments, again.answers, detailsMax)
    const records = (await this.#running.metrics()).get('vigil_partition_position') ?? 0
    const { retries, decisionsAgain, offsets, partitions } = this.#client
    return {
      findings,
      kills: this.#kills,
      recoveryMs: this.#recoveryMs,
      seconds,
      retries,
      decisionsAgain,
      records,
      offsets,
      partitions,
      wrongs: [...this.#client.wrongs, ...again.wrongs],
    }
  }

  async end(): Promise<void> {
    this.#isOver = true
    this.#client.close()
    await this.#service?.kill()
  }

  get #running(): LiveService {
    if (this.#service === undefined) throw new Error('the service was not started')
    return this.#service
  }

  /** @returns seconds until all was delivered */
  async #sendHalf(end: number, rules: string, kills: readonly PlannedKill[]): Promise<number> {
    const startedAt = performance.now()
    await Promise.all([this.#client.send(end), this.#killAsPlanned(rules, kills)])
    await this.#running.atRest()
    return (performance.now() - startedAt) / 1000
  }

  async #start(rules: string): Promise<void> {
    if (this.#isOver) return
    const startedAt = performance.now()
    this.#service = this.#begin(rules)
    await this.#service.ready()
    this.#address = await this.#service.address()
    this.#startMs = performance.now() - startedAt
  }

  #begin(rules: string): LiveService {
    const { dataDir, partitions, flags } = this.#options
    return LiveService.start({ dataDir, rules, flags: ['--partitions', String(partitions), ...flags] })
  }

  async #killAsPlanned(rules: string, kills: readonly PlannedKill[]): Promise<void> {
    for (const [i, { row, delayMs, startShare }] of kills.entries()) {
      if (startShare !== undefined) continue
      await this.#client.reached(row)
      await setTimeout(delayMs)
      await this.#kill()
      await this.#startAtLast(rules, kills.slice(i + 1))
    }
  }

  /** Starts it, and kills it as often before it is ready as the next planned kills say. */
  async #startAtLast(rules: string, next: readonly PlannedKill[]): Promise<void> {
    for (const { startShare } of next) {
      if (startShare === undefined || this.#isOver) break
      this.#service = this.#begin(rules)
      await setTimeout(startShare * this.#startMs)
      await this.#kill()
    }
    await this.#start(rules)
    if (this.#killedAt > 0) this.#recoveryMs.push(performance.now() - this.#killedAt)
    this.#killedAt = 0
  }

  async #kill(): Promise<void> {
    this.#address = undefined
    this.#kills++
    this.#killedAt = performance.now()
    await this.#service?.kill()
  }
}
