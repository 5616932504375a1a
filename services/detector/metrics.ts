import { MetricSamples, type MetricSource } from '#shared/telemetry/metric-samples'
import { type MetricsFormat, prometheusPage } from '#shared/telemetry/prometheus-page'

/** All metrics of the service. Numbers are kept where they come about, and read when somebody asks, so that counting costs little. */
export class Metrics {
  readonly #sources = new Set<MetricSource>()

  /** @returns the source goes */
  add(source: MetricSource): () => void {
    this.#sources.add(source)
    return () => void this.#sources.delete(source)
  }

  /** As they are now. */
  read(): Promise<MetricSamples> {
    return MetricSamples.of(this.#sources)
  }

  async page(format: MetricsFormat): Promise<string> {
    return prometheusPage(await this.read(), format)
  }
}
