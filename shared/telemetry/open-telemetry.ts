import { ROOT_CONTEXT, SpanKind, TraceFlags, type Tracer, trace } from '@opentelemetry/api'
import { TraceState } from '@opentelemetry/core'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  defaultResource,
  envDetector,
  hostDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources'
import { AggregationType, InstrumentType, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { AlwaysOnSampler, BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace'
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'
import { CountedExporter, type SpanCounts } from './counted-exporter.ts'
import { GivenIds } from './given-ids.ts'
import { ServiceProducer } from './otlp-producer.ts'
import { rootSampler } from './root-sampler.ts'
import { isSignalAsked } from './signals.ts'
import { type FinishedSpan, noTracing, type SpanLink, type Tracing } from './tracing.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** OpenTelemetry, running. */
export interface Telemetry {
  readonly tracing: Tracing
  readonly spanCounts: SpanCounts
  /** Is told where the numbers of the service are. */
  readonly metrics: ServiceProducer
  /** Sends what is left. Resolves in any case, after `deadlineMs` at the latest. */
  shutdown(deadlineMs: number): Promise<void>
}

interface TelemetryOptions {
  /** The OTEL_… of it are what OpenTelemetry says they are. */
  readonly environment: Environment
  readonly serviceVersion: string
  /** Told of a value that cannot be taken. */
  readonly onMistake: (text: string) => void
}

/** Starts the SDK: spans and metrics go to a collector over OTLP (protobuf over HTTP), by the OTEL_… that ask for them. */
export function startOpenTelemetry({ environment, serviceVersion, onMistake }: TelemetryOptions): Telemetry {
  const protocol = environment['OTEL_EXPORTER_OTLP_PROTOCOL'] || 'http/protobuf'
  if (protocol !== 'http/protobuf')
    onMistake(`OTEL_EXPORTER_OTLP_PROTOCOL is ${JSON.stringify(protocol)}: http/protobuf is spoken in its place`)
  const queueLengthMax = positive(environment['OTEL_BSP_MAX_QUEUE_SIZE']) ?? spansQueuedMax
  const exporter = new CountedExporter(new OTLPTraceExporter(), queueLengthMax)
  const ids = new GivenIds()
  const metrics = new ServiceProducer()
  const areSpansAsked = isSignalAsked(environment, 'TRACES')
  const sdk = new NodeSDK({
    resource: defaultResource().merge(
      resourceFromAttributes({ [ATTR_SERVICE_NAME]: 'vigil', [ATTR_SERVICE_VERSION]: serviceVersion }),
    ),
    // Not that of the process: it tells the command line, which may hold a token.
    resourceDetectors: [serviceInstanceIdDetector, hostDetector, envDetector],
    textMapPropagator: null,
    // Whoever tells a span has decided on it.
    sampler: new AlwaysOnSampler(),
    idGenerator: ids,
    spanLimits: { linkCountLimit: positive(environment['OTEL_SPAN_LINK_COUNT_LIMIT']) ?? linksPerSpanMax },
    spanProcessors: areSpansAsked ? [spanQueue(exporter, queueLengthMax, environment)] : [],
    metricReaders: isSignalAsked(environment, 'METRICS') ? [metricReader(environment, metrics)] : [],
    views: [{ instrumentType: InstrumentType.HISTOGRAM, aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    logRecordProcessors: [],
  })
  sdk.start()
  const tracing = areSpansAsked ? openTracing(ids, rootSampler(environment, onMistake)) : noTracing
  return { tracing, spanCounts: exporter, metrics, shutdown: (deadlineMs) => within(deadlineMs, sdk.shutdown()) }
}

function spanQueue(exporter: CountedExporter, queueLengthMax: number, environment: Environment): SpanProcessor {
  const queue = new BatchSpanProcessor({
    exporter,
    maxQueueSize: queueLengthMax,
    maxExportBatchSize: Math.min(queueLengthMax, positive(environment['OTEL_BSP_MAX_EXPORT_BATCH_SIZE']) ?? 512),
    scheduledDelayMillis: positive(environment['OTEL_BSP_SCHEDULE_DELAY']) ?? 5_000,
    exportTimeoutMillis: positive(environment['OTEL_BSP_EXPORT_TIMEOUT']) ?? 30_000,
  })
  return exporter.before(queue)
}

function metricReader(environment: Environment, producer: ServiceProducer): PeriodicExportingMetricReader {
  const exportIntervalMillis = positive(environment['OTEL_METRIC_EXPORT_INTERVAL']) ?? 60_000
  const timeoutMillis = positive(environment['OTEL_METRIC_EXPORT_TIMEOUT']) ?? 30_000
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    metricProducers: [producer],
    exportIntervalMillis,
    // The reader refuses to wait for longer than until the next time.
    exportTimeoutMillis: Math.min(exportIntervalMillis, timeoutMillis),
  })
}

function openTracing(ids: GivenIds, samples: Tracing['samples']): Tracing {
  const tracer = trace.getTracer('vigil')
  return { isOn: true, samples, record: (span) => ids.during(span, () => tell(tracer, span)) }
}

function tell(tracer: Tracer, span: FinishedSpan): void {
  const { traceId, parentId, tracestate, attributes, links = [] } = span
  const state = tracestate === undefined ? {} : { traceState: new TraceState(tracestate) }
  const parent =
    parentId === undefined
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, {
          traceId,
          spanId: parentId,
          traceFlags: TraceFlags.SAMPLED,
          isRemote: span.kind === 'taken',
          ...state,
        })
  const options = {
    kind: span.kind === 'taken' ? SpanKind.SERVER : SpanKind.INTERNAL,
    startTime: span.start,
    attributes,
    links: links.map(linkOf),
  }
  tracer.startSpan(span.name, options, parent).end(Math.max(span.start, span.end))
}

const linkOf = ({ traceId, spanId, attributes }: SpanLink) => ({
  context: { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true },
  attributes,
})

function positive(text: string | undefined): number | undefined {
  const number = Number(text)
  return text !== undefined && Number.isInteger(number) && number > 0 ? number : undefined
}

/** A collector that does not answer has had its time; one that refuses is told by the counts. */
async function within(deadlineMs: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, deadlineMs)
  await Promise.race([work.catch(() => {}), promise])
  clearTimeout(timer)
}

/** The default of the SDK: about 2 MB of spans, and some seconds of a busy service. */
const spansQueuedMax = 2_048
/** An alert may have thousands of events. A message of so many links has half a megabyte; collectors take four. */
const linksPerSpanMax = 8_192
