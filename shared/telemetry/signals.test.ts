import { describe, expect, it } from 'vitest'
import { isSignalAsked, isTelemetryAsked } from './signals.ts'

const endpoint = 'http://127.0.0.1:4318'

describe('what asks for telemetry', () => {
  it.each([
    [{}, false, false],
    [{ OTEL_SERVICE_NAME: 'vigil', OTEL_TRACES_SAMPLER: 'always_on' }, false, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, true, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false, false],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint }, true, false],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint }, false, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_EXPORTER: 'none' }, false, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: 'TRUE' }, false, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: 'false' }, true, true],
  ])('is by these variables: %o', (environment, traces, metrics) => {
    expect(isSignalAsked(environment, 'TRACES')).toBe(traces)
    expect(isSignalAsked(environment, 'METRICS')).toBe(metrics)
    expect(isTelemetryAsked(environment)).toBe(traces || metrics)
  })
})
