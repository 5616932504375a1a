// The service in a process of its own, as `vigil serve` starts it, with its alert store behind a gate that the parent process turns.
//
//   node load-tests/store-away/gated-service.ts DATA_DIR RULES_DIR
//
// Tells its parent the address once it listens, and then takes a `Trouble` at a time. SIGTERM ends it in order.
import { once } from 'node:events'
import { openSqliteLog } from '#shared/log/event-log-sqlite'
import { openPgliteAlertStore } from '#shared/store/alert-store-pglite'
import { SqliteCheckpointStore } from '#shared/store/checkpoint-store-sqlite'
import { DataFolder } from '#shared/store/data-folder'
import { createServer } from '../../services/api/server.ts'
import { loadRuleFolder, readRuleFolder } from '../../services/cli/rule-folder.ts'
import { ReopeningAlertStore } from '../../services/detector/reopening-alert-store.ts'
import { Service } from '../../services/detector/service.ts'
import { StoreGate, type Trouble } from './store-gate.ts'

const [dataDir, rulesDir] = process.argv.slice(2)
const latenessMs = 600_000

/** What must not happen here ends the process, and with it the trial. */
function fail(error: unknown): void {
  console.error(error)
  process.exit(1)
}

const folder = await DataFolder.open(dataDir)
const log = await openSqliteLog({ folder: dataDir, partitions: 1, latenessMs })
const checkpoints = new SqliteCheckpointStore(dataDir)
const gate = new StoreGate(await openPgliteAlertStore(dataDir))
const alerts = new ReopeningAlertStore(await gate.open(), () => gate.open())
const service = new Service({
  ruleSet: await loadRuleFolder(rulesDir),
  ruleFiles: await readRuleFolder(rulesDir),
  partitions: 1,
  latenessMs,
  memoryBytesMax: 2 ** 30,
  lateOutcome: 'review',
  newHashKey: 7,
  name: 'gated',
  log,
  checkpoints,
  alerts,
  onFailure: (_, failure) => fail(failure),
  onLogLost: fail,
  onMistake: fail,
})
service.start()
const app = await createServer({ vigil: service, access: { adminToken: undefined }, onFailure: fail })
process.on('message', (trouble: Trouble) => {
  gate.trouble = trouble
})
// A parent that is gone cannot end it.
process.once('disconnect', () => process.exit(1))
process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }))

await once(process, 'SIGTERM')
service.refuse()
await app.close()
await service.stop(20_000)
for (const resource of [alerts, gate, checkpoints, log]) await resource.close()
await folder.close()
process.disconnect()
