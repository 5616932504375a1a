import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BankClient } from '../kills/bank-client.ts'
import { decideAgain } from '../kills/decide-again.ts'
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
  /** Longest time that a batch which was taken in this phase waited for it, sent again as often as needed. */
  readonly longestMs: number
  /** Requests that were refused, by the phase in which what they held was taken. */
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
    const [batches, starts] = await Promise.all([sendAll(options, client, watch), turnGate(options, watch, child)])
    const phases = measured(options.phases, starts, batches, watch.seconds)
    await watch.atRest()
    const { seconds } = watch
    watch.stop()
    await watching
    const again = await decideAgain(client)
    const findings = await readFindings(client, payments, again.answers, detailsMax)
    client.close()
    child.kill('SIGTERM')
    await once(child, 'exit')
    const { refusals, offsets } = client
    const wrongs = [
      ...client.wrongs,
      ...again.wrongs,
      ...watch.misses.map((miss) => `no answer to /metrics at ${miss}`),
    ]
    return {
      phases,
      samples: watch.samples,
      seconds,
      findings,
      stored: await readStored(dataDir, offsets),
      refusals,
      wrongs,
    }
  } catch (error) {
    const state = child.exitCode ?? child.signalCode
    throw new Error(state === null ? 'the service runs, and yet' : `the service ended with ${state}`, { cause: error })
  } finally {
    child.kill('SIGKILL')
  }
}

interface Batch {
  /** When it was taken, on the clock of the samples. */
  readonly at: number
  readonly rows: number
  readonly waitedMs: number
  readonly refused: number
}

/** At a steady rate; behind it, as fast as they are taken. */
async function sendAll({ payments, rate }: TrialOptions, client: BankClient, watch: Watch): Promise<readonly Batch[]> {
  const { rows } = payments
  const batches: Batch[] = []
  for (let row = 0; row < rows.length; ) {
    const next = Math.min(row + batchLength, rows.length)
    const early = next / rate - watch.seconds
    if (early > 0) await setTimeout(early * 1000)
    const [startedAt, retries] = [performance.now(), client.retries]
    await client.send(next)
    const waitedMs = performance.now() - startedAt
    batches.push({ at: watch.seconds, rows: next - row, waitedMs, refused: client.retries - retries })
    row = next
  }
  return batches
}

/** Turns the gate by the clock, whether anything is taken or not. @returns when each phase began */
async function turnGate({ phases }: TrialOptions, watch: Watch, child: ChildProcess): Promise<readonly number[]> {
  const starts: number[] = []
  for (const { trouble, seconds } of phases) {
    child.send(trouble)
    starts.push(watch.seconds)
    if (seconds !== undefined) await setTimeout(seconds * 1000)
  }
  return starts
}

const measured = (phases: readonly Phase[], starts: readonly number[], batches: readonly Batch[], end: number) =>
  phases.map(({ trouble }, i): MeasuredPhase => {
    const [from, to] = [starts[i], starts[i + 1] ?? end]
    const within = batches.filter(({ at }) => at >= from && at < to)
    return {
      trouble,
      from,
      to,
      rows: within.reduce((sum, { rows }) => sum + rows, 0),
      longestMs: within.reduce((longest, { waitedMs }) => Math.max(longest, waitedMs), 0),
      refused: within.reduce((sum, { refused }) => sum + refused, 0),
    }
  })

async function ready(address: string): Promise<void> {
  while (!(await fetch(`${address}/readyz`)).ok) await setTimeout(20)
}

function ended([code]: readonly unknown[]): never {
  throw new Error(`the service ended with ${code} before it listened`)
}

const batchLength = 100
