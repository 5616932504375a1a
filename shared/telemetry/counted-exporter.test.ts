import { ExportResultCode } from '@opentelemetry/core'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CountedExporter } from './counted-exporter.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A collector that answers when the test says so. */
class HeldExporter implements SpanExporter {
  readonly asked: { readonly spans: readonly ReadableSpan[]; readonly done: Parameters<SpanExporter['export']>[1] }[] =
    []

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.asked.push({ spans, done })
  }

  async shutdown(): Promise<void> {}
}

/** A queue of four spans, sent two at a time. */
function queue() {
  const held = new HeldExporter()
  const exporter = new CountedExporter(held, 4)
  const batches = new BatchSpanProcessor({ exporter, maxQueueSize: 4, maxExportBatchSize: 2, scheduledDelayMillis: 50 })
  const tracer = new TracerProvider({ spanProcessors: [exporter.before(batches)] }).getTracer('test')
  const tell = (count: number): void => {
    for (let i = 0; i < count; i++) tracer.startSpan('vigil.batch').end()
  }
  const counts = () => ({ exported: exporter.exported, failed: exporter.failed, dropped: exporter.dropped })
  return { held, tell, counts }
}

describe('spans on their way to a collector', () => {
  it('are counted when the collector has them', async () => {
    const { held, tell, counts } = queue()
    tell(2)
    held.asked[0].done({ code: ExportResultCode.SUCCESS })
    await vi.advanceTimersByTimeAsync(0)
    expect(counts()).toEqual({ exported: 2, failed: 0, dropped: 0 })
  })

  it('are dropped and counted when the collector is slower than they come, as many as there is no room for', async () => {
    const { held, tell, counts } = queue()
    // Two are with the collector, four wait.
    tell(10)
    expect(held.asked.map(({ spans }) => spans.length)).toEqual([2])
    expect(counts()).toEqual({ exported: 0, failed: 0, dropped: 4 })
    for (let i = 0; i < 3; i++) {
      held.asked[i].done({ code: ExportResultCode.SUCCESS })
      await vi.advanceTimersByTimeAsync(50)
    }
    expect(counts()).toEqual({ exported: 6, failed: 0, dropped: 4 })
    tell(2)
    await vi.advanceTimersByTimeAsync(50)
    expect(held.asked).toHaveLength(4)
  })

  it('are counted as failed when the collector refuses them or does not answer', async () => {
    const { held, tell, counts } = queue()
    tell(2)
    held.asked[0].done({ code: ExportResultCode.FAILED })
    await vi.advanceTimersByTimeAsync(0)
    expect(counts()).toEqual({ exported: 0, failed: 2, dropped: 0 })
  })
})
