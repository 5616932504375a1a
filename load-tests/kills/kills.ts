// What is left of the service's findings when it is killed all the time.
//
//   node load-tests/kills/kills.ts [--events 500000] [--accounts 20000] [--kills 100] [--partitions 1] [--seed 1]
//     [--log nats://…] [--checkpoints redis://…] [--store postgres://…]
//
// The same payments go twice to `vigil serve` on a fresh data folder, over HTTP in batches of 100 over one connection, each sent again until it
// is acknowledged; one in a thousand asks for a decision. Once the service is left alone; once it is killed (SIGKILL) at random moments, also
// while it starts. In the middle, rules change. Then all alerts, evidence, decisions and events are compared, byte for byte, between the two
// and, as far as alerts that stand go, with `vigil replay`. Exits with 1 on any difference.
//
// Left out: a loss of power. What the operating system was given, it writes.
import { parseArgs } from 'node:util'
import { prove } from './prove.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '500000' },
    accounts: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '100' },
    partitions: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    log: { type: 'string', default: 'sqlite:' },
    checkpoints: { type: 'string', default: 'sqlite:' },
    store: { type: 'string', default: 'pglite:' },
  },
})

const startedAt = performance.now()
const minutes = (): string => ((performance.now() - startedAt) / 60_000).toFixed(1)
const { calm, killed, rows, differences, wrongs } = await prove({
  events: Number(values.events),
  accounts: Number(values.accounts),
  kills: Number(values.kills),
  partitions: Number(values.partitions),
  flags: ['--log', values.log, '--checkpoints', values.checkpoints, '--store', values.store],
  seed: Number(values.seed),
  hasGaps: values.log !== 'sqlite:',
  rowsPerDecision: 1_000,
  detailsMax: 2_000,
  onProgress: (what) => console.log(`${minutes()} min: ${what}`),
})

const recovery = [...killed.recoveryMs].sort((a, b) => a - b)
const n = (count: number): string => Math.round(count).toLocaleString('en')
const { standing, withdrawn, details, events, decisions } = killed.findings
console.log(`
${n(rows)} rows, seed ${values.seed}, Node ${process.version}, ${minutes()} min
calm       ${n(rows / calm.seconds)} events/s until all was delivered, ${n(calm.retries)} requests sent again
killed     ${n(rows / killed.seconds)} events/s, ${killed.kills} kills, ${n(killed.retries)} requests sent again
recovery   median ${n(recovery[Math.floor(recovery.length / 2)] ?? 0)} ms, max ${n(recovery.at(-1) ?? 0)} ms from the kill until it takes events
compared   ${n(standing.length)} alerts, ${n(withdrawn.length)} withdrawn, ${n(details.length)} in full, ${n(events.length)} events, ${n(decisions.length)} decisions
`)
let isSame = wrongs.length === 0
for (const [name, { lost, doubled, different, examples }] of Object.entries(differences)) {
  console.log(`${name.padEnd(18)} lost ${lost}, doubled ${doubled}, different ${different}`)
  for (const example of examples) console.log(`  ${example}`)
  isSame &&= lost + doubled + different === 0
}
for (const wrong of wrongs.slice(0, 20)) console.log(wrong)
console.log(isSame ? 'the same' : 'NOT the same')
process.exitCode = isSame ? 0 : 1
