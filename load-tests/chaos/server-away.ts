// What becomes of events and alerts while one server is away for minutes, and events come all the time.
//
//   node load-tests/chaos/server-away.ts --server log|redis|postgres [--away 120] [--pause] [--log nats|kafka] [--rate 300] [--seed 1]
//
// As `npm run chaos`, but with a single fault: after ten seconds one server is killed, or with --pause stands still, for `--away` seconds. What is
// compared is the same. Exits with 1 on any difference. The alert store behind a gate within the process: see load-tests/store-away.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { PlannedFault, Target } from './fault-plan.ts'
import { proveInChaos } from './prove.ts'
import { tell } from './tell.ts'

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'redis' },
    away: { type: 'string', default: '120' },
    pause: { type: 'boolean', default: false },
    log: { type: 'string', default: 'nats' },
    rate: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
  },
})
const { log, server } = values
if (log !== 'nats' && log !== 'kafka') throw new Error(`--log is nats or kafka, not ${log}`)
if (!['log', 'redis', 'postgres'].includes(server)) throw new Error(`--server is log, redis or postgres, not ${server}`)
const [awayMs, seed, rate] = [Number(values.away) * 1_000, Number(values.seed), Number(values.rate)]
const fault: PlannedFault = {
  at: 10_000,
  target: server as Target,
  kind: values.pause ? 'pause' : 'kill',
  forMs: awayMs,
  delayMs: 0,
  afterBytes: 0,
  isTowardsServer: true,
}
const rules = fileURLToPath(new URL('../../rules', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'vigil-server-away-'))
// The processes that were started end with this one, whatever ends it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
const lengthMs = awayMs + 20_000
console.log(`${server} away for ${values.away} s, ${log}, ${rate} events/s, seed ${seed}, Node ${process.version}`)
let isSame = false
try {
  isSame = tell(await proveInChaos({ folder, rules, log, seed, plan: [fault], lengthMs, rate, detailsMax: 400 }))
} finally {
  if (isSame) await rm(folder, { recursive: true, force: true })
  else console.log(`what was kept and said lies in ${folder}`)
}
process.exitCode = isSame ? 0 : 1
