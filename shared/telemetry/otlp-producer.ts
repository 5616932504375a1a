import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api'
import { millisToHrTime } from '@opentelemetry/core'
import { emptyResource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  type ExponentialHistogram,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics'
import { type ExponentialCounts, exponentialScale } from './exponential-counts.ts'
import { type MetricDefinition, type MetricName, metricDefinitions } from './metric-names.ts'
import type { HistogramSample, MetricSamples, NumberSample } from './metric-samples.ts'

/**
 * Gives the SDK of OpenTelemetry the numbers of the service when it asks: they are kept where they come about, so that counting costs an event
 * nothing more. The SDK starts before the service, which comes to it later.
 */
export class ServiceProducer implements MetricProducer {
  readonly #startTime = millisToHrTime(Date.now())
  #read: (() => Promise<MetricSamples>) | undefined

  /** @param read called for each export */
  from(read: () => Promise<MetricSamples>): void {
    this.#read = read
  }

  async collect(): Promise<CollectionResult> {
    const samples = await this.#read?.()
    const endTime = millisToHrTime(Date.now())
    const metrics =
      samples?.names.map((name) => metricData(name, samples, { startTime: this.#startTime, endTime })) ?? []
    // The resource is the SDK's; what stands here is not looked at.
    const resource = emptyResource()
    const scopeMetrics = metrics.length === 0 ? [] : [{ scope: { name: 'vigil' }, metrics }]
    return { resourceMetrics: { resource, scopeMetrics }, errors: [] }
  }
}

interface Interval {
  readonly startTime: HrTime
  readonly endTime: HrTime
}

function metricData(name: MetricName, { numbers, histograms }: MetricSamples, interval: Interval): MetricData {
  const { kind, unit, meaning }: MetricDefinition = metricDefinitions[name]
  const descriptor = { name, description: meaning, unit, valueType: ValueType.DOUBLE }
  const aggregationTemporality = AggregationTemporality.CUMULATIVE
  const point = <Value>(attributes: Attributes, value: Value) => ({ ...interval, attributes, value })
  if (kind === 'histogram') {
    const list = (histograms as ReadonlyMap<string, readonly HistogramSample[]>).get(name) ?? []
    const dataPoints = list.map(({ labels, counts }) => point({ ...labels }, exponential(counts)))
    return { descriptor, aggregationTemporality, dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM, dataPoints }
  }
  const list = (numbers as ReadonlyMap<string, readonly NumberSample[]>).get(name) ?? []
  const dataPoints = list.map(({ labels, value }) => point({ ...labels }, value))
  if (kind === 'gauge') return { descriptor, aggregationTemporality, dataPointType: DataPointType.GAUGE, dataPoints }
  return { descriptor, aggregationTemporality, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
}

function exponential({ counts, count, sum, min, max, offset }: ExponentialCounts): ExponentialHistogram {
  const bounds = count === 0 ? {} : { min, max }
  const positive = { offset, bucketCounts: Array.from(counts.subarray(1)) }
  return {
    count,
    sum,
    scale: exponentialScale,
    zeroCount: counts[0],
    positive,
    negative: { offset: 0, bucketCounts: [] },
    ...bounds,
  }
}
