import type { AlertStore } from '#shared/store/alert-store'
import { durationCounts } from '#shared/telemetry/exponential-counts'
import type { MetricSamples, MetricSource } from '#shared/telemetry/metric-samples'
import type { Decided, Submitted } from '../api/vigil.ts'
import { isSampled, traceIdOf } from './trace-context.ts'

/** What is counted of the service as a whole. */
export class ServiceMetrics implements MetricSource {
  readonly #isReady: () => boolean
  readonly #decisions = durationCounts()
  readonly #alerts = durationCounts()
  #timeouts = 0

  constructor(isReady: () => boolean) {
    this.#isReady = isReady
  }

  /** A request for a decision is answered. @param traceparent of the request */
  decided(answer: Submitted | Decided, seconds: number, traceparent: string): void {
    if (answer.kind === 'timeout') this.#timeouts++
    if (answer.kind === 'decided') this.#decisions.add(seconds, 1, sampledTrace(traceparent))
  }

  /** The store of alerts, measured where they come to it. */
  deliversTo(store: Pick<AlertStore, 'deliver'>): Pick<AlertStore, 'deliver'> {
    return {
      deliver: async (delivery) => {
        await store.deliver(delivery)
        const now = Date.now()
        for (const { status, events, traceparent } of delivery.alerts) {
          // What comes out of order amends and withdraws what was told before: that is no delay.
          if (status !== 'raised' || events.length === 0) continue
          const receivedAt = events.reduce((latest, event) => Math.max(latest, event.receivedAt), 0)
          this.#alerts.add(Math.max(0, now - receivedAt) / 1_000, 1, sampledTrace(traceparent))
        }
      },
    }
  }

  writeMetrics(samples: MetricSamples): void {
    samples.number('vigil.ready', Number(this.#isReady()))
    samples.histogram('vigil.decision.duration', this.#decisions)
    samples.number('vigil.decision.timeouts', this.#timeouts)
    samples.histogram('vigil.alert.latency', this.#alerts)
  }
}

const sampledTrace = (traceparent: string): string | undefined =>
  isSampled(traceparent) ? traceIdOf(traceparent) : undefined
