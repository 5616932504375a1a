import type { MetricSamples, MetricSource } from '#shared/telemetry/metric-samples'

/** How far the snapshots of partitions are behind them. Without snapshots it tells nothing. */
export class SnapshotMetrics implements MetricSource {
  readonly #snapshots: readonly { readonly newestPosition: number | undefined }[]
  readonly #positions: (partition: number) => number

  /**
   * @param snapshots by partition; undefined as a position: there is none yet
   * @param positions of the last applied record
   */
  constructor(
    snapshots: readonly { readonly newestPosition: number | undefined }[],
    positions: (partition: number) => number,
  ) {
    this.#snapshots = snapshots
    this.#positions = positions
  }

  writeMetrics(samples: MetricSamples): void {
    for (const [partition, { newestPosition = 0 }] of this.#snapshots.entries()) {
      const lag = Math.max(0, this.#positions(partition) - newestPosition)
      samples.number('vigil.snapshot.lag.records', lag, { partition: String(partition) })
    }
  }
}
