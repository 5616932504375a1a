import { ExportResultCode } from '@opentelemetry/core'
import type { ReadableSpan, Span, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'

/** What became of spans since the start. */
export interface SpanCounts {
  /** The collector has them. */
  readonly exported: number
  /** The collector did not take them, or did not answer in time. */
  readonly failed: number
  /** There was no room: the collector is slower than spans come. */
  readonly dropped: number
}

/**
 * Stands before and behind a processor with a bounded queue, and counts what gets through.
 *
 * Q1 Spans in the queue are those that were let in and have not gone to the exporter: past the bound a span is dropped here, where it is
 *    counted, and never waits.
 */
export class CountedExporter implements SpanExporter {
  exported = 0
  failed = 0
  dropped = 0
  readonly #exporter: SpanExporter
  readonly #queueLengthMax: number
  #queued = 0

  constructor(exporter: SpanExporter, queueLengthMax: number) {
    this.#exporter = exporter
    this.#queueLengthMax = queueLengthMax
  }

  /** The way in. @param queue hands what it holds to this exporter */
  before(queue: SpanProcessor): SpanProcessor {
    return {
      onStart: (span: Span, context) => queue.onStart(span, context),
      onEnd: (span) => {
        if (this.#queued >= this.#queueLengthMax) {
          this.dropped++
          return
        }
        this.#queued++
        queue.onEnd(span)
      },
      forceFlush: () => queue.forceFlush(),
      shutdown: () => queue.shutdown(),
    }
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.#queued -= spans.length
    this.#exporter.export(spans, (result) => {
      if (result.code === ExportResultCode.SUCCESS) this.exported += spans.length
      else this.failed += spans.length
      done(result)
    })
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.()
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }
}
