import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Which traces that begin here are followed from their start: OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG. For a trace of a caller its
 * own flag decides, as with every `parentbased_…`.
 * @param onMistake is told of a value that cannot be taken, with what is done instead
 */
export function rootSampler(environment: Environment, onMistake: (text: string) => void): (traceId: string) => boolean {
  const name = environment['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on'
  const sampler = rootOf(name.replace(/^parentbased_/, ''), environment['OTEL_TRACES_SAMPLER_ARG'], onMistake)
  if (sampler === undefined) {
    onMistake(`OTEL_TRACES_SAMPLER is ${JSON.stringify(name)}, which is not known: every trace is followed`)
    return () => true
  }
  return (traceId) =>
    sampler.shouldSample(ROOT_CONTEXT, traceId, 'vigil.ingest', SpanKind.SERVER, {}, []).decision ===
    SamplingDecision.RECORD_AND_SAMPLED
}

function rootOf(name: string, ratio: string | undefined, onMistake: (text: string) => void): Sampler | undefined {
  if (name === 'always_on') return new AlwaysOnSampler()
  if (name === 'always_off') return new AlwaysOffSampler()
  if (name !== 'traceidratio') return undefined
  const share = Number(ratio || '1')
  if (share >= 0 && share <= 1) return new TraceIdRatioBasedSampler(share)
  onMistake(`OTEL_TRACES_SAMPLER_ARG is ${JSON.stringify(ratio)}, not a number from 0 to 1: every trace is followed`)
  return new AlwaysOnSampler()
}
