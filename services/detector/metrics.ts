import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { OwnerCounts } from '#shared/protocol/owner-options'
import type { HostedOwner, OwnerView } from './hosted-owner.ts'

/** Prometheus text of what the owners count. Read when it is asked for, so that counting costs nothing. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #owners: readonly HostedOwner[]

  /** @param appended by partition: the highest offset that was answered */
  constructor(owners: readonly HostedOwner[], appended: Float64Array) {
    this.#owners = owners
    collectDefaultMetrics({ register: this.#registry })
    this.#counter('vigil_events_applied_total', 'Events that were judged.', 'events')
    this.#counter('vigil_events_duplicate_total', 'Repeats that an account dropped.', 'duplicates')
    this.#counter('vigil_events_conflict_total', 'Events with a known id and other content.', 'conflicts')
    this.#counter('vigil_events_late_total', 'Events beyond the lateness of their account.', 'late')
    this.#counter('vigil_records_undecodable_total', 'Records that hold no event.', 'undecodable')
    this.#counter('vigil_alert_revisions_total', 'Revisions of alerts told since the start.', 'alerts')
    this.#counter('vigil_checkpoints_total', 'Commits of checkpoints.', 'commits')
    this.#gauge('vigil_partition_position', 'Offset of the last applied record.', ({ position }) => position)
    this.#gauge('vigil_partition_lag_records', 'Records in the log that were not applied yet.', ({ position }, i) =>
      Math.max(0, appended[i] - position),
    )
    this.#gauge('vigil_checkpoint_lag_records', 'Applied records behind the last commit.', (owner) =>
      Math.max(0, owner.position - owner.committedPosition),
    )
    this.#gauge('vigil_actors_resident', 'Actors in memory.', ({ actors }) => actors)
    this.#gauge('vigil_state_bytes', 'Bytes of the state of actors in memory.', ({ stateBytes }) => stateBytes)
    this.#gauge(
      'vigil_outbox_entries',
      'Alerts and decisions that wait for delivery.',
      ({ outboxLength }) => outboxLength,
    )
    this.#gauge('vigil_partition_ready', '1 where the partition is at the end of its log.', ({ isReady }) =>
      Number(isReady),
    )
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #counter(name: string, help: string, count: keyof OwnerCounts): void {
    const owners = this.#owners
    new Counter({
      name,
      help,
      labelNames: ['partition'],
      registers: [this.#registry],
      collect() {
        this.reset()
        for (const [partition, owner] of owners.entries())
          this.inc({ partition: String(partition) }, owner.view.counts[count])
      },
    })
  }

  #gauge(name: string, help: string, value: (owner: OwnerView, partition: number) => number): void {
    const owners = this.#owners
    new Gauge({
      name,
      help,
      labelNames: ['partition'],
      registers: [this.#registry],
      collect() {
        for (const [partition, owner] of owners.entries())
          this.set({ partition: String(partition) }, value(owner.view, partition))
      },
    })
  }
}
