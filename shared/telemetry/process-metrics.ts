import {
  constants,
  type EventLoopUtilization,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks'
import { getHeapSpaceStatistics } from 'node:v8'
import { durationCounts } from './exponential-counts.ts'
import type { MetricSamples, MetricSource } from './metric-samples.ts'

/** What the process and its main thread take, by the conventions of OpenTelemetry. Watches from when it is made until `close`. */
export class ProcessMetrics implements MetricSource {
  readonly #delay = monitorEventLoopDelay({ resolution: 20 })
  readonly #pauses = new Map(gcTypes.map(([, type]) => [type, durationCounts()]))
  readonly #observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) this.#pauses.get(gcTypeOf(entry))?.add(entry.duration / 1_000)
  })
  readonly #window: NodeJS.Timeout
  #since: EventLoopUtilization = performance.eventLoopUtilization()
  /** Of the last whole window. Whoever asks does not end it, so that all who ask are told the same. */
  #last = { p50: 0, p99: 0, max: 0, utilization: 0 }

  constructor() {
    this.#delay.enable()
    this.#observer.observe({ entryTypes: ['gc'] })
    this.#window = setInterval(() => this.#endWindow(), windowMs).unref()
  }

  close(): void {
    this.#delay.disable()
    this.#observer.disconnect()
    clearInterval(this.#window)
  }

  writeMetrics(samples: MetricSamples): void {
    const { user, system } = process.cpuUsage()
    samples.number('process.cpu.time', user / 1e6, { 'cpu.mode': 'user' })
    samples.number('process.cpu.time', system / 1e6, { 'cpu.mode': 'system' })
    samples.number('process.memory.usage', process.memoryUsage.rss())
    samples.number('process.uptime', process.uptime())
    const { p50, p99, max, utilization } = this.#last
    samples.number('nodejs.eventloop.delay.p50', p50)
    samples.number('nodejs.eventloop.delay.p99', p99)
    samples.number('nodejs.eventloop.delay.max', max)
    samples.number('nodejs.eventloop.utilization', utilization)
    for (const [type, pauses] of this.#pauses) samples.histogram('v8js.gc.duration', pauses, { 'v8js.gc.type': type })
    for (const { space_name, space_used_size } of getHeapSpaceStatistics())
      samples.number('v8js.memory.heap.used', space_used_size, { 'v8js.heap.space.name': space_name })
  }

  #endWindow(): void {
    const delay = this.#delay
    const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9)
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#since)
    this.#since = now
    const [p50, p99] = [seconds(delay.percentile(50)), seconds(delay.percentile(99))]
    this.#last = { p50, p99, max: delay.count === 0 ? 0 : seconds(delay.max), utilization }
    delay.reset()
  }
}

const gcTypes = [
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
] as const

function gcTypeOf(entry: PerformanceEntry): (typeof gcTypes)[number][1] {
  // The types of Node leave out what entries of garbage collections have.
  const { detail } = entry as PerformanceEntry & { readonly detail?: { readonly kind?: number } }
  return gcTypes.find(([number]) => number === detail?.kind)?.[1] ?? 'major'
}

const windowMs = 10_000
