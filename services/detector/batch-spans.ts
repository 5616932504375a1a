import { randomBytes } from 'node:crypto'
import { limits } from '#shared/domain/limits'
import type { LogBlock } from '#shared/protocol/log-record'
import type { SpanLink, Tracing } from '#shared/telemetry/tracing'
import { isSampled, readRecordTrace } from './trace-context.ts'

/** Tells the span of a batch that holds messages which are followed from their start, linked to each of them. Others leave no span. */
export function batchSpans(partition: number, tracing: Tracing): (block: LogBlock, start: number, end: number) => void {
  return (block, start, end) => {
    const links = sampledIn(block)
    if (links.length === 0) return
    const attributes = {
      'vigil.partition': partition,
      'vigil.records': block.length,
      'vigil.position': `${partition}:${block.offsets[block.length - 1]}`,
    }
    const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')]
    tracing.record({ name: 'vigil.batch', traceId, spanId, parentId: undefined, start, end, attributes, links })
  }
}

function sampledIn({ length, traceparents }: LogBlock): readonly SpanLink[] {
  const links: SpanLink[] = []
  let before = ''
  for (let i = 0; i < length && links.length < limits.linksPerBatchMax; i++) {
    const text = traceparents[i]
    // Records of one message lie together.
    if (text === before || !isSampled(text)) continue
    before = text
    const trace = readRecordTrace(text)
    if (trace !== undefined) links.push({ traceId: trace.traceId, spanId: trace.spanId, attributes: {} })
  }
  return links
}
