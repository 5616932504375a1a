import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LiveService } from '../../tests/support/live-service.ts'
import { BankClient } from '../kills/bank-client.ts'
import { decideAgain } from '../kills/decide-again.ts'
import { compareFindings, compareFound, type Differences } from '../kills/differences.ts'
import { type Findings, readFindings } from '../kills/findings.ts'
import type { Payments } from '../kills/payments.ts'
import { byId, replayed, withoutTrace } from '../kills/replayed.ts'
import { decidedRows, lateness, makeBankStream } from './bank-stream.ts'
import type { LogKind, PlannedFault } from './fault-plan.ts'
import { sendAtRate } from './send-at-rate.ts'
import { runTroubled, type TroubledTrial } from './trial.ts'

export interface ChaosOptions {
  /** Is left with all that was kept and said. */
  readonly folder: string
  readonly rules: string
  readonly log: LogKind
  /** Of the stream. */
  readonly seed: number
  readonly plan: readonly PlannedFault[]
  /** Of the time in which faults begin, and in which the stream is sent. */
  readonly lengthMs: number
  /** Events a second. */
  readonly rate: number
  readonly detailsMax: number
}

export interface Chaos {
  readonly rows: number
  readonly events: number
  readonly trial: TroubledTrial
  /** What the troubled run has, beside the calm one; and beside a replay of its log. */
  readonly differences: Readonly<Record<string, Differences>>
}

/** Runs the service over one stream twice, calm and in trouble, and compares all that it found; also with a replay of what its log holds. */
export async function proveInChaos(options: ChaosOptions): Promise<Chaos> {
  const { folder, rules, seed, lengthMs, rate } = options
  const events = Math.round((lengthMs / 1_000) * rate)
  const payments = await makeBankStream(folder, events, seed)
  const isDecided = decidedRows(payments, seed)
  const troubled = { ...options, folder: join(folder, 'troubled'), payments, isDecided }
  // At the same time: what is compared does not depend on the time that either takes.
  const [trial, calm] = await Promise.all([runTroubled(troubled), runCalm(options, payments, isDecided)])
  const flags = ['--rules', rules, '--lateness', lateness]
  const truth = await replayed(join(folder, 'alerts.jsonl'), trial.content.file, flags)
  return {
    rows: payments.rows.length,
    events,
    trial,
    differences: {
      ...compareFindings(calm, trial.findings),
      'replay of the log': compareFound(
        'replay',
        truth.map(({ id, text }) => ({ id, text })).sort(byId),
        trial.findings.standing.map(withoutTrace).sort(byId),
      ),
    },
  }
}

/** On a data folder alone, and left alone. */
async function runCalm(
  { folder, rules, detailsMax }: ChaosOptions,
  payments: Payments,
  isDecided: (row: number) => boolean,
): Promise<Findings> {
  const dataDir = join(folder, 'calm')
  await mkdir(dataDir)
  const service = await LiveService.ready({ dataDir, rules, flags: ['--lateness', lateness] })
  const address = await service.address()
  const client = new BankClient(payments, isDecided, () => address)
  try {
    await sendAtRate(client, payments.rows.length, Number.POSITIVE_INFINITY)
    await service.atRest()
    const { answers } = await decideAgain(client)
    return await readFindings(client, payments, answers, detailsMax)
  } finally {
    client.close()
    await service.kill()
  }
}
