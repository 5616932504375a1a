import { type Metric, type OpenMetricsContentType, type PrometheusContentType, Registry } from 'prom-client'
import type { ExponentialCounts } from './exponential-counts.ts'
import { type MetricName, metricDefinitions, prometheusLabel, prometheusName } from './metric-names.ts'
import type { HistogramSample, Labels, MetricSamples, NumberSample } from './metric-samples.ts'

/** `openmetrics` has exemplars: the trace of one value in each bucket. */
export type MetricsFormat = 'prometheus' | 'openmetrics'

export const metricsContentTypes: Readonly<Record<MetricsFormat, PrometheusContentType | OpenMetricsContentType>> = {
  prometheus: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
}

/** What the header `accept` of a scrape asks for. */
export const metricsFormatOf = (accept: string | undefined): MetricsFormat =>
  accept?.includes('application/openmetrics-text') === true ? 'openmetrics' : 'prometheus'

/** The page that Prometheus reads. */
export function prometheusPage(samples: MetricSamples, format: MetricsFormat): Promise<string> {
  const registry = new Registry<PrometheusContentType | OpenMetricsContentType>()
  registry.setContentType(metricsContentTypes[format])
  // The writer wants its own classes of metrics, of which it asks for the name and the values alone.
  for (const name of samples.names) registry.registerMetric(written(name, samples, format) as unknown as Metric)
  return registry.metrics()
}

interface WrittenValue {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly exemplar?: { readonly labelSet: Labels; readonly value: number; readonly timestamp: number }
}

function written(metric: MetricName, samples: MetricSamples, format: MetricsFormat) {
  const { kind, meaning: help } = metricDefinitions[metric]
  // OpenMetrics names the family of a counter without its ending, which the writer puts behind each value.
  const full = prometheusName(metric)
  const name = format === 'openmetrics' && kind === 'counter' ? full.replace(/_total$/, '') : full
  const values = valuesOf(metric, name, samples)
  return { name, type: kind, get: async () => ({ name, help, type: kind, values }) }
}

function valuesOf(metric: MetricName, name: string, { numbers, histograms }: MetricSamples): readonly WrittenValue[] {
  if (metricDefinitions[metric].kind === 'histogram')
    return ((histograms as ReadonlyMap<string, readonly HistogramSample[]>).get(metric) ?? []).flatMap(
      ({ labels, counts }) => histogramValues(name, named(labels), counts),
    )
  const list = (numbers as ReadonlyMap<string, readonly NumberSample[]>).get(metric) ?? []
  return list.map(({ labels, value }) => ({ labels: named(labels), value }))
}

function histogramValues(name: string, labels: Labels, counts: ExponentialCounts): readonly WrittenValue[] {
  const buckets = counts.cumulative().map(({ upTo, count, exemplar }) => ({
    metricName: `${name}_bucket`,
    labels: { le: upTo === Number.POSITIVE_INFINITY ? '+Inf' : upTo, ...labels },
    value: count,
    ...(exemplar === undefined
      ? {}
      : {
          exemplar: {
            labelSet: { trace_id: exemplar.traceId },
            value: exemplar.value,
            timestamp: exemplar.at / 1_000,
          },
        }),
  }))
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: counts.sum },
    { metricName: `${name}_count`, labels, value: counts.count },
  ]
}

const named = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).map(([label, value]) => [prometheusLabel(label), value]))
