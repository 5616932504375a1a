import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { describe, expect, it } from 'vitest'
import { durationCounts } from './exponential-counts.ts'
import { MetricSamples } from './metric-samples.ts'
import { ServiceProducer } from './otlp-producer.ts'

/** What a collector is sent of these samples. */
async function exported(samples: MetricSamples): Promise<readonly MetricData[]> {
  const producer = new ServiceProducer()
  producer.from(async () => samples)
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, metricProducers: [producer] })],
  })
  await provider.forceFlush()
  const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
  await provider.shutdown()
  return metrics
}

describe('the numbers of the service over OTLP', () => {
  it('have the names, units and meanings of the list', async () => {
    const samples = new MetricSamples()
    samples.number('vigil.events.applied', 7, { partition: '0' })
    samples.number('vigil.partition.lag', 0.5, { partition: '0' })
    const [applied, lag] = await exported(samples)
    expect(applied).toMatchObject({
      descriptor: { name: 'vigil.events.applied', unit: '{event}', description: 'Events that were judged.' },
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPoints: [{ attributes: { partition: '0' }, value: 7 }],
    })
    expect(lag).toMatchObject({ dataPointType: DataPointType.GAUGE, dataPoints: [{ value: 0.5 }] })
  })

  it('give histograms as exponential ones, each value in the bucket that its bounds say', async () => {
    const counts = durationCounts()
    const values = [0, 0.001, 0.0015, 0.25, 0.25, 3]
    for (const value of values) counts.add(value)
    const samples = new MetricSamples()
    samples.histogram('vigil.decision.duration', counts)
    const [metric] = await exported(samples)
    if (metric?.dataPointType !== DataPointType.EXPONENTIAL_HISTOGRAM) throw new Error('no exponential histogram')
    const { value } = metric.dataPoints[0]
    expect(value).toMatchObject({ count: 6, zeroCount: 1, scale: 2, min: 0, max: 3 })
    expect(value.sum).toBeCloseTo(values.reduce((sum, one) => sum + one))
    const bounds = value.positive.bucketCounts.flatMap((count, i) =>
      count === 0 ? [] : [[2 ** ((value.positive.offset + i) / 4), 2 ** ((value.positive.offset + i + 1) / 4), count]],
    )
    const expected = [0.001, 0.0015, 0.25, 3]
    expect(bounds).toHaveLength(expected.length)
    for (const [i, [above, upTo]] of bounds.entries()) {
      expect(expected[i]).toBeGreaterThan(above)
      expect(expected[i]).toBeLessThanOrEqual(upTo)
    }
    expect(bounds.map(([, , count]) => count)).toEqual([1, 1, 2, 1])
  })

  it('are none before the service is there', async () => {
    const { resourceMetrics } = await new ServiceProducer().collect()
    expect(resourceMetrics.scopeMetrics).toEqual([])
  })
})
