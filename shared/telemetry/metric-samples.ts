import type { ExponentialCounts } from './exponential-counts.ts'
import { type HistogramMetric, type MetricName, metricDefinitions, type NumberMetric } from './metric-names.ts'

/** Values of a metric's labels, all that it has but for those that do not apply. */
export type Labels = Readonly<Record<string, string>>

/** Where the numbers of some metrics are kept. */
export interface MetricSource {
  /** Writes them as they are now. Called when somebody asks; what it waits for must be bounded in time. */
  writeMetrics(samples: MetricSamples): void | Promise<void>
}

export interface NumberSample {
  readonly labels: Labels
  readonly value: number
}

export interface HistogramSample {
  readonly labels: Labels
  /** As they are while they are read: they go on counting. */
  readonly counts: ExponentialCounts
}

/** What all metrics are at one moment, before it is written in any form. */
export class MetricSamples {
  readonly numbers = new Map<NumberMetric, NumberSample[]>()
  readonly histograms = new Map<HistogramMetric, HistogramSample[]>()

  static async of(sources: Iterable<MetricSource>): Promise<MetricSamples> {
    const samples = new MetricSamples()
    await Promise.all([...sources].map((source) => source.writeMetrics(samples)))
    return samples
  }

  number(name: NumberMetric, value: number, labels: Labels = {}): void {
    this.#listOf(this.numbers, name).push({ labels, value })
  }

  histogram(name: HistogramMetric, counts: ExponentialCounts, labels: Labels = {}): void {
    this.#listOf(this.histograms, name).push({ labels, counts })
  }

  /** In the order of the list of metrics. */
  get names(): readonly MetricName[] {
    const all = Object.keys(metricDefinitions) as MetricName[]
    return all.filter((name) => this.numbers.has(name as NumberMetric) || this.histograms.has(name as HistogramMetric))
  }

  #listOf<Name, Sample>(lists: Map<Name, Sample[]>, name: Name): Sample[] {
    let list = lists.get(name)
    if (list === undefined) {
      list = []
      lists.set(name, list)
    }
    return list
  }
}
