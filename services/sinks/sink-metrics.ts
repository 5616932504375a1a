import type { MetricSamples, MetricSource } from '#shared/telemetry/metric-samples'
import type { SinkFeed } from './sink-feed.ts'

/** What is told of sinks; the label is the kind of what is sent, so that there are two at most. Read when it is asked for. */
export class SinkMetrics implements MetricSource {
  readonly #feeds: readonly Pick<SinkFeed, 'kind' | 'counts' | 'lag' | 'isUp'>[]

  constructor(feeds: readonly Pick<SinkFeed, 'kind' | 'counts' | 'lag' | 'isUp'>[]) {
    this.#feeds = feeds
  }

  writeMetrics(samples: MetricSamples): void {
    for (const { kind, counts, lag, isUp } of this.#feeds) {
      const labels = { sink: kind }
      samples.number('vigil.sink.messages.sent', counts.sent, labels)
      samples.number('vigil.sink.failures', counts.failures, labels)
      samples.number('vigil.sink.messages.refused', counts.refused, labels)
      samples.number('vigil.sink.lag.entries', lag, labels)
      samples.number('vigil.sink.up', Number(isUp), labels)
    }
  }
}
