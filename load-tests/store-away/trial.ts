import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BankClient } from '../kills/bank-client.ts'
import { type Findings, readFindings } from '../kills/findings.ts'
import type { Payments } from '../kills/payments.ts'
import type { Trouble } from './store-gate.ts'
import { readStored, type Stored } from './stored.ts'
import { type Sample, Watch } from './watch.ts'

/** A time of the trial. */
export interface Phase {
  readonly trouble: Trouble
  /** Undefined: until the last row is sent. */
  readonly seconds: number | undefined
}

export interface TrialOptions {
  readonly dataDir: string
  readonly rules: string
  readonly payments: Payments
  readonly isDecided: (row: number) => boolean
  /** Events per second; they come all the time, whatever the store does. */
  readonly rate: number
  readonly phases: readonly Phase[]
  readonly detailsMax: number
}

export interface Trial {
  readonly phases: readonly MeasuredPhase[]
  readonly samples: readonly Sample[]
  /** From the first row until all was judged and delivered. */
  readonly seconds: number
  /** What the API tells, a part of it in full. */
  readonly findings: Findings
  readonly stored: Stored
  readonly refusals: ReadonlyMap<string, number>
  readonly wrongs: readonly string[]
}

export interface MeasuredPhase {
  readonly trouble: Trouble
  /** On the clock of the samples. */
  readonly from: number
  readonly to: number
  readonly rows: number
  /** Longest time that a batch waited until it was taken, sent again as often as needed. */
  readonly longestMs: number
  /** Requests that were refused. */
  readonly refused: number
}

/** Sends all payments at a steady rate to a service on a fresh folder while its alert store comes and goes, and reads what it found. */
export async function runTrial(options: TrialOptions): Promise<Trial> {
  const { dataDir, rules, payments, isDecided, detailsMax } = options
  const program = fileURLToPath(new URL('gated-service.ts', import.meta.url))
  const child = fork(program, [dataDir, rules], { execArgv: ['--max-semi-space-size=16'] })
  try {
    const [address] = await Promise.race([once(child, 'message'), once(child, 'exit').then(ended)])
    const client = new BankClient(payments, isDecided, () => address)
    const watch = new Watch(address, child.pid ?? 0)
    await ready(address)
    const watching = watch.run()
    const phases = await sendPhases(options, client, watch, child)
    await watch.atRest()
    const { seconds } = watch
    watch.stop()
    await watching
    const decisions = await decideAgain(client)
    const findings = await readFindings(client, payments, decisions, detailsMax)
    client.close()
    child.kill('SIGTERM')
    await once(child, 'exit')
    const { refusals, wrongs, offsets } = client
    return {
      phases,
      samples: watch.samples,
      seconds,
      findings,
      stored: await readStored(dataDir, offsets),
      refusals,
      wrongs,
    }
  } finally {
    child.kill('SIGKILL')
  }
}

async function sendPhases(
  { payments, rate, phases }: TrialOptions,
  client: BankClient,
  watch: Watch,
  child: ChildProcess,
): Promise<readonly MeasuredPhase[]> {
  const { rows } = payments
  const measured: MeasuredPhase[] = []
  let row = 0
  for (const { trouble, seconds = Number.POSITIVE_INFINITY } of phases) {
    child.send(trouble)
    const [from, first, retries] = [watch.seconds, row, client.retries]
    let longestMs = 0
    while (watch.seconds < from + seconds && row < rows.length) {
      const due = Math.floor(watch.seconds * rate)
      if (due < row + batchLength) await setTimeout(((row + batchLength - due) / rate) * 1000)
      const startedAt = performance.now()
      row = Math.min(row + batchLength, rows.length)
      await client.send(row)
      longestMs = Math.max(longestMs, performance.now() - startedAt)
    }
    measured.push({ trouble, from, to: watch.seconds, rows: row - first, longestMs, refused: client.retries - retries })
  }
  return measured
}

/** Every decision is asked for again: the first one, with what came later. @returns the answers by row */
async function decideAgain(client: BankClient): Promise<ReadonlyMap<number, string>> {
  const answers = new Map<number, string>()
  for (const [row, first] of client.decisions) {
    const answer = await client.decide(row)
    const { amendments, ...again } = JSON.parse(answer)
    if (JSON.stringify(again) !== JSON.stringify(JSON.parse(first)))
      client.wrongs.push(`the decision on row ${row} was ${first} and is ${answer}`)
    answers.set(row, answer)
  }
  return answers
}

async function ready(address: string): Promise<void> {
  while (!(await fetch(`${address}/readyz`)).ok) await setTimeout(20)
}

function ended([code]: readonly unknown[]): never {
  throw new Error(`the service ended with ${code} before it listened`)
}

const batchLength = 100
