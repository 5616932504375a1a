// What a query of Prometheus asks for: enough to hold its names against what the service tells. `promtool` checks its form.

export interface PromqlNames {
  readonly metrics: ReadonlySet<string>
  /** By metric: labels that select its series. */
  readonly selected: ReadonlyMap<string, readonly string[]>
  /** Labels that results are grouped by. */
  readonly grouped: readonly string[]
}

export function namesOfQuery(expr: string): PromqlNames {
  const selected = new Map<string, readonly string[]>()
  const grouped: string[] = []
  const bare = expr
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g, (_, labels: string) => {
      grouped.push(...labels.split(',').map((label) => label.trim()))
      return ''
    })
  for (const [, metric, matchers] of bare.matchAll(
    /\b((?:vigil|http|process|nodejs|v8js)_\w+|up)\b(?:\{([^}]*)\})?/g,
  )) {
    const labels = [...(matchers ?? '').matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label)
    selected.set(metric, [...(selected.get(metric) ?? []), ...labels])
  }
  return { metrics: new Set(selected.keys()), selected, grouped }
}
