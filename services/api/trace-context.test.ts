import { describe, expect, it } from 'vitest'
import { openTrace } from './trace-context.ts'

const id = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = '00f067aa0ba902b7'

describe('openTrace', () => {
  it.each([`00-${id}-${span}-01`, `cc-${id}-${span}-01-what-the-future-brings`, `cc-${id}-${span}-03`])(
    'goes on with the trace of %s, in a span of its own',
    (traceparent) => {
      const trace = openTrace(traceparent)
      expect(trace.traceId).toBe(id)
      expect(trace.traceparent).toMatch(new RegExp(`^00-${id}-[\\da-f]{16}-01$`))
      expect(trace.traceparent).not.toContain(span)
    },
  )

  it('keeps the decision of the caller not to sample', () => {
    expect(openTrace(`00-${id}-${span}-00`).traceparent).toMatch(/-00$/)
  })

  it.each([
    undefined,
    '',
    `00-${id.toUpperCase()}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${id}-${'0'.repeat(16)}-01`,
    `ff-${id}-${span}-01`,
    `00-${id}-${span}-01-more`,
    `cc-${id}-${span}-01more`,
    `00-${id}-${span}`,
    `00-${id}-${span}-01, 00-${id}-${span}-01`,
  ])('begins a trace in place of %s', (traceparent) => {
    const trace = openTrace(traceparent)
    expect(trace.traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/)
    expect(trace.traceId).not.toBe(id)
    expect(trace.traceparent.slice(3, 35)).toBe(trace.traceId)
  })

  it('gives every request ids of its own', () => {
    const ids = Array.from({ length: 2_000 }, () => openTrace(undefined).traceId)
    expect(new Set(ids).size).toBe(ids.length)
  })
})
