import type { SpanCounts } from './counted-exporter.ts'
import type { MetricSource } from './metric-samples.ts'

/** What became of spans. @param counts undefined: there is no collector */
export const spanMetrics = (counts: SpanCounts | undefined): MetricSource => ({
  writeMetrics: (samples) => {
    for (const result of ['exported', 'failed', 'dropped'] as const)
      samples.number('vigil.telemetry.spans', counts?.[result] ?? 0, { result })
  },
})
