// A page of metrics as Prometheus reads it.

export interface MetricFamily {
  readonly type: string
  /** Names of labels over all series, without `le`. */
  readonly labels: ReadonlySet<string>
  readonly series: readonly MetricSeries[]
}

export interface MetricSeries {
  /** With `_bucket`, `_sum`, `_count`. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly exemplar: string | undefined
}

/** By name of the family. Throws where a line is neither a comment nor a series of the family before it. */
export function readMetricsPage(page: string): ReadonlyMap<string, MetricFamily> {
  const families = new Map<string, { type: string; labels: Set<string>; series: MetricSeries[] }>()
  let current = ''
  for (const line of page.split('\n')) {
    if (line === '' || line === '# EOF' || line.startsWith('# HELP ')) continue
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? []
    if (name !== undefined && type !== undefined) {
      if (families.has(name)) throw new Error(`${name} comes twice`)
      current = name
      families.set(name, { type, labels: new Set(), series: [] })
      continue
    }
    const series = seriesOf(line)
    const family = families.get(current)
    const suffix = series?.name.slice(current.length)
    if (series === undefined || family === undefined || !series.name.startsWith(current) || !suffixes.has(suffix ?? ''))
      throw new Error(`not a line of ${current}: ${line}`)
    family.series.push(series)
    for (const label of Object.keys(series.labels)) if (label !== 'le') family.labels.add(label)
  }
  return families
}

function seriesOf(line: string): MetricSeries | undefined {
  const [, name, written, value, exemplar] =
    /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? ([-+\w.]+)(?: # (.*))?$/.exec(line) ??
    []
  if (name === undefined || value === undefined) return undefined
  const labels = [...(written ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [
    label,
    text,
  ])
  return { name, labels: Object.fromEntries(labels), value: Number(value.replace('+Inf', 'Infinity')), exemplar }
}

const suffixes: ReadonlySet<string> = new Set(['', '_total', '_bucket', '_sum', '_count'])
