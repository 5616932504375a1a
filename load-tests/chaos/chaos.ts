// What is left of the service's findings when everything that it needs fails all the time.
//
//   npm run chaos -- [--minutes 1] [--seed 1] [--log nats|kafka] [--rate 1000]
//
// `vigil serve` with its log on NATS or Kafka, its checkpoints on Valkey and its alerts on PostgreSQL, each a process of this machine behind a proxy of
// ours. By a plan that follows from the seed alone, the service and the servers are killed (SIGKILL) and stand still (SIGSTOP), connections are cut,
// cut in the middle of something, delayed, held up in one direction, half closed and refused. A generated bank sends its events all the time, out of order,
// repeated and late ones among them, and asks for some decisions; each is sent again until it is acknowledged. Then the faults stop, and all must
// come to rest. All alerts with their revisions and evidence, events and decisions are compared, byte for byte, with those of a service that was left
// alone, the alerts that stand also with `vigil replay` of what the log holds, and the log with what was sent. Exits with 1 on any
// difference, and leaves what the processes said.
//
// Left out: a loss of power; a network between machines; several brokers, of which some fail; a second process that takes the partitions over.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { planFaults, targets } from './fault-plan.ts'
import { type Chaos, proveInChaos } from './prove.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    log: { type: 'string', default: 'nats' },
    rate: { type: 'string', default: '1000' },
  },
})
const { log } = values
if (log !== 'nats' && log !== 'kafka') throw new Error(`--log is nats or kafka, not ${log}`)
const [minutes, seed, rate] = [Number(values.minutes), Number(values.seed), Number(values.rate)]
const rules = fileURLToPath(new URL('../../rules', import.meta.url))

const n = (count: number): string => Math.round(count).toLocaleString('en')

function tell({ rows, events, trial, differences }: Chaos): boolean {
  const { findings, content, faults, endings, refusedStarts, refusals } = trial
  for (const target of targets) {
    const kinds = [...faults].filter(([name]) => name.startsWith(`${target} `)).sort()
    console.log(
      `${target.padEnd(9)}  ${kinds.map(([name, count]) => `${name.slice(target.length + 1)} ${count}`).join(', ')}`,
    )
  }
  console.log(
    `ended      by itself ${endings.length} times; did not start ${refusedStarts.length} times, while a server was away`,
  )
  for (const [ending, count] of counted(endings)) console.log(`  ${count} × ${ending}`)
  console.log(`sent       ${n(rows)} rows of ${n(events)} events, ${n(trial.retries)} requests again`)
  for (const [refusal, count] of refusals) console.log(`  ${count} × ${refusal}`)
  console.log(
    `log        ${n(content.events)} events, ${n(content.repeats)} of them again; ${trial.placedTwice} were acknowledged at two places`,
  )
  console.log(`at rest    ${n(trial.convergedMs)} ms after the last fault`)
  const { standing, withdrawn, details, events: found, decisions } = findings
  console.log(
    `compared   ${n(standing.length)} alerts, ${n(withdrawn.length)} withdrawn, ${n(details.length)} in full, ${n(found.length)} events, ${n(decisions.length)} decisions\n`,
  )
  let isSame = trial.wrongs.length === 0
  for (const [name, { lost, doubled, different, examples }] of Object.entries(differences)) {
    console.log(`${name.padEnd(18)} lost ${lost}, doubled ${doubled}, different ${different}`)
    for (const example of examples) console.log(`  ${example.slice(0, exampleCharactersMax)}`)
    isSame &&= lost + doubled + different === 0
  }
  for (const wrong of trial.wrongs.slice(0, wrongsShown)) console.log(wrong.slice(0, exampleCharactersMax))
  console.log(isSame ? 'the same' : 'NOT the same')
  return isSame
}

function counted(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

const exampleCharactersMax = 2_000
const wrongsShown = 20
const folder = await mkdtemp(join(tmpdir(), 'vigil-chaos-'))
// The processes that were started end with this one, whatever ends it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
const plan = planFaults(seed, minutes * 60_000)
console.log(
  `seed ${seed}, ${minutes} min, ${log}, ${rate} events/s, Node ${process.version}; ${plan.length} faults planned:`,
)
for (const { at, target, kind, forMs } of plan)
  console.log(`  ${(at / 1_000).toFixed(1).padStart(6)} s  ${target} ${kind}${forMs > 0 ? ` for ${forMs} ms` : ''}`)
let isSame = false
try {
  isSame = tell(await proveInChaos({ folder, rules, log, seed, minutes, rate, detailsMax: 1_000 }))
} finally {
  if (isSame) await rm(folder, { recursive: true, force: true })
  else console.log(`what was kept and said lies in ${folder}`)
}
process.exitCode = isSame ? 0 : 1
