// What is left of the service's findings when everything that it needs fails all the time.
//
//   npm run chaos -- [--minutes 1] [--seed 1] [--log nats|kafka] [--rate 300]
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
import { planFaults } from './fault-plan.ts'
import { proveInChaos } from './prove.ts'
import { tell } from './tell.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    log: { type: 'string', default: 'nats' },
    rate: { type: 'string', default: '300' },
  },
})
const { log } = values
if (log !== 'nats' && log !== 'kafka') throw new Error(`--log is nats or kafka, not ${log}`)
const [minutes, seed, rate] = [Number(values.minutes), Number(values.seed), Number(values.rate)]
const rules = fileURLToPath(new URL('../../rules', import.meta.url))

const folder = await mkdtemp(join(tmpdir(), 'vigil-chaos-'))
// The processes that were started end with this one, whatever ends it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
const lengthMs = minutes * 60_000
const plan = planFaults(seed, lengthMs, log)
console.log(
  `seed ${seed}, ${minutes} min, ${log}, ${rate} events/s, Node ${process.version}; ${plan.length} faults planned:`,
)
for (const { at, target, kind, forMs } of plan)
  console.log(`  ${(at / 1_000).toFixed(1).padStart(6)} s  ${target} ${kind}${forMs > 0 ? ` for ${forMs} ms` : ''}`)
let isSame = false
try {
  isSame = tell(await proveInChaos({ folder, rules, log, seed, plan, lengthMs, rate, detailsMax: 400 }))
} finally {
  if (isSame) await rm(folder, { recursive: true, force: true })
  else console.log(`what was kept and said lies in ${folder}`)
}
process.exitCode = isSame ? 0 : 1
