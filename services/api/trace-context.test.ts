import { describe, expect, it } from 'vitest'
import { openTrace } from './trace-context.ts'

const id = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = '00f067aa0ba902b7'

describe('openTrace', () => {
  it.each([`00-${id}-${span}-01`, `cc-${id}-${span}-01-what-the-future-brings`, `cc-${id}-${span}-03`])(
    'goes on with the trace of %s, in a span of its own',
    (traceparent) => {
      const trace = openTrace({ traceparent })
      expect(trace.traceId).toBe(id)
      expect(trace.traceparent).toMatch(new RegExp(`^00-${id}-[\\da-f]{16}-01$`))
      expect(trace.traceparent).not.toContain(span)
      expect(trace.parentId).toBe(span)
    },
  )

  it('keeps the decision of the caller not to sample', () => {
    expect(openTrace({ traceparent: `00-${id}-${span}-00` }).traceparent).toMatch(/-00$/)
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
    const trace = openTrace({ traceparent })
    expect(trace.traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/)
    expect(trace.traceId).not.toBe(id)
    expect(trace.traceparent.slice(3, 35)).toBe(trace.traceId)
  })

  it('asks whether a trace that begins here is followed, and no one about the trace of a caller', () => {
    const never = (): boolean => false
    expect(openTrace({}, never).traceparent).toMatch(/-00$/)
    expect(openTrace({ traceparent: `00-${id}-${span}-01` }, never).traceparent).toMatch(/-01$/)
  })

  it('takes the state of the caller along, with its trace only, and as far as it is one', () => {
    const traceparent = `00-${id}-${span}-01`
    expect(openTrace({ traceparent, tracestate: 'bank=1,other=2' }).tracestate).toBe('bank=1,other=2')
    for (const tracestate of ['', 'a=\u00fc', 'a='.padEnd(513, 'x'), ['a=1'], undefined])
      expect(openTrace({ traceparent, tracestate }).tracestate).toBeUndefined()
    expect(openTrace({ tracestate: 'bank=1' }).tracestate).toBeUndefined()
  })

  it('gives every request ids of its own', () => {
    const ids = Array.from({ length: 2_000 }, () => openTrace({}).traceId)
    expect(new Set(ids).size).toBe(ids.length)
  })
})
