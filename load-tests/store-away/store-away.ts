// What becomes of alerts while their store is away for a minute, and events come all the time.
//
//   node load-tests/store-away/store-away.ts [--rate 5000] [--away 60] [--accounts 200000] [--rules live|replay] [--decisions 1000] [--seed 1]
//
// The service in a process of its own, with everything that `vigil serve` has, and a gate before its alert store. Payments come over HTTP in
// batches of 100 at a steady rate, out of order, repeated and late ones among them; one in so many asks for a decision (0: none). The gate
// refuses everything for `--away` seconds, and later for as long lets everything be done and keeps the answers. Afterwards all revisions in
// their order, all alerts with their evidence, and what the API tells of them, of events and of decisions are compared with those of a
// service that was left alone. Exits with 1 on any difference. The rules of `live` raise few alerts; those of `replay` so many that the
// outbox reaches its bound.
// Left out: a store that is slow, or gone for good; the end of the process in between, for which see load-tests/kills.
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { limits } from '#shared/domain/limits'
import { compareFound, type Differences } from '../kills/differences.ts'
import { makePayments, type Payments } from '../kills/payments.ts'
import { type MeasuredPhase, type Phase, runTrial, type Trial } from './trial.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '5000' },
    away: { type: 'string', default: '60' },
    accounts: { type: 'string', default: '200000' },
    rules: { type: 'string', default: 'live' },
    decisions: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
})
const rate = Number(values.rate)
const awaySeconds = Number(values.away)
const rowsPerDecision = Number(values.decisions)

const calmSeconds = 20
const betweenSeconds = 40
const events = rate * (2 * awaySeconds + 2 * calmSeconds + betweenSeconds)
const troubled: readonly Phase[] = [
  { trouble: 'none', seconds: calmSeconds },
  { trouble: 'away', seconds: awaySeconds },
  { trouble: 'none', seconds: betweenSeconds },
  { trouble: 'unheard', seconds: awaySeconds },
  { trouble: 'none', seconds: undefined },
]
const detailsMax = 2_000

const n = (count: number): string => Math.round(count).toLocaleString('en')
const mebibytes = (bytes: number): string => `${n(bytes / 2 ** 20)} MiB`

/** The rules as one scenario, so that there are decisions. @returns the folder */
async function makeRules(folder: string): Promise<string> {
  const rules = join(folder, 'rules')
  await mkdir(rules)
  await cp(fileURLToPath(new URL(`../${values.rules}/rules`, import.meta.url)), join(rules, 'payments'), {
    recursive: true,
  })
  await rename(join(rules, 'payments', 'events.yaml'), join(rules, 'events.yaml'))
  const scenario = 'scenario: payments\ntitle: Payments\ncombine: max\nthresholds: { review: 20, decline: 50 }\n'
  await writeFile(join(rules, 'payments', 'scenario.yaml'), scenario)
  return rules
}

/** The first rows of some events. */
function decidedRows({ numbers }: Payments): ReadonlySet<number> {
  const seen = new Set<number>()
  const decided = new Set<number>()
  for (const [row, number] of numbers.entries()) {
    if (rowsPerDecision > 0 && row % rowsPerDecision === 0 && !seen.has(number)) decided.add(row)
    seen.add(number)
  }
  return decided
}

function tellPhases({ phases, samples }: Trial): void {
  const usual = Math.max(...samples.filter(({ at }) => at < phases[0].to).map(({ outboxEntries }) => outboxEntries))
  for (const phase of phases) {
    const within = samples.filter(({ at }) => at >= phase.from && at < phase.to)
    const highest = (of: (sample: Trial['samples'][number]) => number): number => Math.max(...within.map(of))
    const seconds = phase.to - phase.from
    console.log(
      `${phase.trouble.padEnd(8)} ${seconds.toFixed(0).padStart(3)} s: ${n(phase.rows / seconds)} events/s taken, ${phase.refused} requests refused, ` +
        `a batch waited ${n(phase.longestMs)} ms at most; up to ${n(highest((s) => s.outboxEntries))} entries in the outbox, ` +
        `${n(highest((s) => s.lagRecords))} records not judged, memory ${mebibytes(highest((s) => s.rssBytes))}, heap ${mebibytes(highest((s) => s.heapBytes))}`,
    )
    if (phase.trouble !== 'none') tellCaughtUp(phase, samples, usual)
  }
}

function tellCaughtUp({ to }: MeasuredPhase, samples: Trial['samples'], usual: number): void {
  const then = samples.filter(({ at }) => at >= to)
  const caughtUp = then.find(({ outboxEntries, lagRecords }) => outboxEntries <= usual && lagRecords < rate)
  const seconds = caughtUp === undefined ? 'not before the end' : `${(caughtUp.at - to).toFixed(1)} s later`
  console.log(`         caught up, with no more than ${n(usual)} entries as before: ${seconds}`)
}

const folder = await mkdtemp(join(tmpdir(), 'vigil-store-away-'))
try {
  const payments = await makePayments(folder, { events, accounts: Number(values.accounts), seed: Number(values.seed) })
  const rules = await makeRules(folder)
  const decided = decidedRows(payments)
  const isDecided = (row: number): boolean => decided.has(row)
  const options = { rules, payments, isDecided, rate, detailsMax }
  console.log(
    `${n(payments.rows.length)} rows, seed ${values.seed}, Node ${process.version}, outbox of ${n(limits.outboxEntriesMax)}`,
  )
  const away = await runTrial({ ...options, dataDir: join(folder, 'away'), phases: troubled })
  tellPhases(away)
  console.log(
    `all delivered after ${away.seconds.toFixed(0)} s; refused: ${JSON.stringify(Object.fromEntries(away.refusals))}`,
  )
  const calm = await runTrial({
    ...options,
    rate: Number.MAX_SAFE_INTEGER,
    dataDir: join(folder, 'calm'),
    phases: [{ trouble: 'none', seconds: undefined }],
  })
  console.log(`a calm run: ${n(payments.rows.length / calm.seconds)} events/s until all was delivered`)
  const differences: Readonly<Record<string, Differences>> = {
    revisions: compareFound('revisions', calm.stored.revisions, away.stored.revisions),
    alerts: compareFound('alerts', calm.stored.alerts, away.stored.alerts),
    ...Object.fromEntries(
      (['standing', 'withdrawn', 'details', 'events', 'decisions'] as const).map((name) => [
        name,
        compareFound(name, calm.findings[name], away.findings[name]),
      ]),
    ),
  }
  const { standing, withdrawn, details, events: found, decisions } = away.findings
  console.log(
    `compared: ${n(away.stored.revisions.length)} revisions, ${n(away.stored.alerts.length)} alerts with all they hold; over the API ${n(standing.length)} alerts, ` +
      `${n(withdrawn.length)} withdrawn, ${n(details.length)} in full, ` +
      `${n(found.length)} events, ${n(decisions.length)} decisions`,
  )
  const wrongs = [...calm.wrongs, ...away.wrongs]
  for (const wrong of wrongs.slice(0, 20)) console.log(wrong)
  let isSame = wrongs.length === 0
  for (const [name, { lost, doubled, different, examples }] of Object.entries(differences)) {
    console.log(`${name.padEnd(10)} lost ${lost}, doubled ${doubled}, different ${different}`)
    for (const example of examples) console.log(`  ${example}`)
    isSame &&= lost + doubled + different === 0
  }
  console.log(isSame ? 'the same' : 'NOT the same')
  process.exitCode = isSame ? 0 : 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
