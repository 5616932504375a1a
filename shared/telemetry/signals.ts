type Environment = Readonly<Record<string, string | undefined>>

type Signal = 'TRACES' | 'METRICS'

/** Whether the variables of OpenTelemetry ask for anything: an endpoint is enough. Without it nothing of it is loaded. */
export const isTelemetryAsked = (environment: Environment): boolean =>
  isSignalAsked(environment, 'TRACES') || isSignalAsked(environment, 'METRICS')

/** Whether they ask for one signal: by its endpoint, by that of all signals, or by its exporter; and not against it. */
export function isSignalAsked(environment: Environment, signal: Signal): boolean {
  if (environment['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return false
  const exporter = environment[`OTEL_${signal}_EXPORTER`]?.trim()
  if (exporter === 'none') return false
  const asking = [
    exporter,
    environment['OTEL_EXPORTER_OTLP_ENDPOINT'],
    environment[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`],
  ]
  return asking.some((text) => text !== undefined && text !== '')
}
