/** The trace id of a W3C `traceparent`; zeros where there is none. */
export const traceIdOf = (traceparent: string): string => {
  const [, traceId] = traceparent.split('-')
  return traceId ?? noTrace
}

const noTrace = '0'.repeat(32)
