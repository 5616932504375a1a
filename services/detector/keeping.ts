import type { TrimmableLog } from '#shared/log/event-log'
import type { CheckpointPages, CheckpointStore } from '#shared/store/checkpoint-store'
import type { SnapshotPlace } from '#shared/store/snapshot-place'
import type { HostedOwner } from './hosted-owner.ts'
import { PartitionSnapshots } from './partition-snapshots.ts'
import { RetentionWatch } from './retention.ts'
import { SnapshotTimer } from './snapshot-timer.ts'

/** What a service keeps beyond its log and its checkpoints, and how long the log is kept. */
export interface KeepingOptions {
  /** undefined: there are no snapshots. */
  readonly snapshots: SnapshotOptions | undefined
  /** undefined: the log keeps everything. */
  readonly retention: RetentionOptions | undefined
}

export interface SnapshotOptions {
  readonly place: SnapshotPlace
  /** Between two snapshots of a partition. */
  readonly everyMs: number
  /** The service's own store of checkpoints. */
  readonly store: CheckpointStore & CheckpointPages
}

export interface RetentionOptions {
  /** The service's own log. */
  readonly log: TrimmableLog
  readonly ms: number
}

/**
 * Takes snapshots, and lets go what the log need not keep any more.
 *
 * K1 The log keeps what follows the last checkpoint of a partition and, where there are snapshots, its newest one: with either, all is there.
 * K2 Nothing goes from the log while a partition is brought to its end, or what it has found cannot be delivered: alerts are told with their
 *    events, as the log has them.
 */
export class Keeping {
  /** By partition; empty where there are none. */
  readonly snapshots: readonly PartitionSnapshots[]
  readonly #timer: SnapshotTimer | undefined
  readonly #retention: RetentionWatch | undefined

  constructor(
    { snapshots, retention }: KeepingOptions,
    service: {
      readonly owners: readonly Pick<HostedOwner, 'view'>[]
      /** Whether what was found reaches its store. */
      readonly delivers: (partition: number) => boolean
      readonly onNotice: (partition: number, text: string) => void
    },
  ) {
    const { owners, delivers, onNotice } = service
    this.snapshots =
      snapshots === undefined ? [] : owners.map((_, partition) => new PartitionSnapshots({ ...snapshots, partition }))
    if (snapshots !== undefined)
      this.#timer = new SnapshotTimer({ snapshots: this.snapshots, everyMs: snapshots.everyMs, onNotice })
    if (retention === undefined) return
    const neededFrom = (partition: number): number | undefined => {
      const { isReady, committedPosition } = owners[partition].view
      const isKept = isReady && delivers(partition)
      const snapshot = snapshots === undefined ? committedPosition : this.snapshots[partition].newestPosition
      return isKept && snapshot !== undefined ? Math.min(committedPosition, snapshot) : undefined
    }
    const { log, ms } = retention
    this.#retention = new RetentionWatch({ log, retentionMs: ms, partitions: owners.length, neededFrom, onNotice })
  }

  start(): void {
    this.#timer?.start()
    this.#retention?.start()
  }

  async stop(): Promise<void> {
    this.#retention?.stop()
    await this.#timer?.stop()
  }
}
