import type { MetricSamples, MetricSource } from '#shared/telemetry/metric-samples'
import type { SourceCounts } from './source-counts.ts'

/** What is told of sources, by their names, which the file of sources bounds. Read when it is asked for. */
export class SourceMetrics implements MetricSource {
  readonly #counts: ReadonlyMap<string, SourceCounts>

  constructor(counts: ReadonlyMap<string, SourceCounts>) {
    this.#counts = counts
  }

  writeMetrics(samples: MetricSamples): void {
    for (const [source, { messages, accepted, duplicates, deadLetters, droppedLetters, isConnected }] of this.#counts) {
      samples.number('vigil.source.messages', messages, { source })
      samples.number('vigil.source.events', accepted, { source, status: 'accepted' })
      samples.number('vigil.source.events', duplicates, { source, status: 'duplicate' })
      for (const [reason, count] of deadLetters) samples.number('vigil.dead_letters', count, { source, reason })
      samples.number('vigil.source.dead_letters.dropped', droppedLetters, { source })
      samples.number('vigil.source.up', Number(isConnected), { source })
    }
  }
}
