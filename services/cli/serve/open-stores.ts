import { Redacted } from 'effect'
import type { EventLog, TrimmableLog } from '#shared/log/event-log'
import { openKafkaLog } from '#shared/log/event-log-kafka'
import { openNatsLog } from '#shared/log/event-log-nats'
import { openSqliteLog } from '#shared/log/event-log-sqlite'
import type { AlertStore } from '#shared/store/alert-store'
import { openPgliteAlertStore } from '#shared/store/alert-store-pglite'
import { openPostgresAlertStore } from '#shared/store/alert-store-postgres'
import type { CheckpointPages, CheckpointStore } from '#shared/store/checkpoint-store'
import { RedisCheckpointStore } from '#shared/store/checkpoint-store-redis'
import { SqliteCheckpointStore } from '#shared/store/checkpoint-store-sqlite'
import type { KeepingOptions } from '../../detector/keeping.ts'
import { ReopeningAlertStore } from '../../detector/reopening-alert-store.ts'
import type { ServeConfiguration } from './configuration.ts'
import { openSnapshots } from './snapshot-address.ts'
import { alertPlace, checkpointPlace, logPlace } from './store-address.ts'

/** What `VIGIL_LOG` names. */
export function openLog({
  log,
  kafkaClient,
  dataDir,
  partitions,
  latenessMs,
}: ServeConfiguration): Promise<EventLog & TrimmableLog> {
  const url = Redacted.value(log)
  const options = { folder: dataDir, partitions, latenessMs }
  if (url === logPlace.embedded) return openSqliteLog(options)
  return url.startsWith('kafka:')
    ? openKafkaLog({ ...options, url, client: kafkaClient })
    : openNatsLog({ ...options, url })
}

/** What `VIGIL_CHECKPOINTS` names. */
export async function openCheckpoints(configuration: ServeConfiguration): Promise<CheckpointStore & CheckpointPages> {
  const { dataDir, redisReplicas } = configuration
  const url = Redacted.value(configuration.checkpoints)
  if (url === checkpointPlace.embedded) return new SqliteCheckpointStore(dataDir)
  return new RedisCheckpointStore({ url, tenant: 'default', replicas: redisReplicas })
}

/** What `VIGIL_SNAPSHOTS` and `VIGIL_LOG_RETENTION` name. Throws FoundErrors where credentials are missing. */
export function keepingOf(
  { snapshots, retentionMs, latenessMs, dataDir }: ServeConfiguration,
  log: TrimmableLog,
  store: CheckpointStore & CheckpointPages,
): KeepingOptions {
  const place = openSnapshots(snapshots, dataDir, process.env)
  return {
    snapshots: place && { place, store, everyMs: snapshotsEveryMs },
    // Repeats are told by the log within the lateness.
    retention: retentionMs === undefined ? undefined : { log, ms: Math.max(retentionMs, latenessMs + 3_600_000) },
  }
}

const snapshotsEveryMs = 900_000

/** What `VIGIL_STORE` names. */
export async function openAlerts({ store, dataDir }: ServeConfiguration): Promise<AlertStore> {
  const url = Redacted.value(store)
  if (url !== alertPlace.embedded) return openPostgresAlertStore(url)
  const open = (): Promise<AlertStore> => openPgliteAlertStore(dataDir)
  return new ReopeningAlertStore(await open(), open)
}
