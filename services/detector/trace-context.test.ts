import { describe, expect, it } from 'vitest'
import { isSampled, readRecordTrace, recordTrace, traceIdOf, traceparentOf } from './trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const parentId = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${spanId}-01`

describe('the trace of a record', () => {
  it.each([
    { traceparent },
    { traceparent, baggage: 'region=eu, desk=7' },
    { traceparent, parentId },
    { traceparent, parentId, tracestate: 'bank=a b,other=00f0' },
    { traceparent, parentId, tracestate: 'bank=a b,other=00f0', baggage: 'region=eu, desk=7' },
  ])('comes out of the log as it went in: %o', (context) => {
    const text = recordTrace(context)
    const none = { parentId: undefined, tracestate: undefined, baggage: undefined }
    const { traceparent: _, ...rest } = { ...none, ...context }
    expect(readRecordTrace(text)).toEqual({ traceId, spanId, isSampled: true, ...rest })
    expect(traceparentOf(text)).toBe(traceparent)
    expect(traceIdOf(text)).toBe(traceId)
    expect(isSampled(text)).toBe(true)
  })

  it('is not followed from its start where the sender does not follow it', () => {
    const text = recordTrace({ traceparent: `00-${traceId}-${spanId}-00`, parentId })
    expect(isSampled(text)).toBe(false)
    expect(readRecordTrace(text)?.isSampled).toBe(false)
  })

  it('is none where the record came without one', () => {
    expect(readRecordTrace('')).toBeUndefined()
    expect(isSampled('')).toBe(false)
    expect(traceparentOf('')).toBe('')
    expect(traceIdOf('')).toBe('0'.repeat(32))
  })
})
