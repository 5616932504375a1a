interface Query {
  /** PromQL. */
  readonly expr: string
  /** Name of each line, with labels as `{{label}}`. */
  readonly legend: string
}

interface Panel {
  readonly title: string
  readonly description?: string
  /** Of Grafana: `s`, `bytes`, `short`, `percentunit`, `cps`. */
  readonly unit: string
  readonly kind?: 'timeseries' | 'stat' | 'table'
  readonly queries: readonly Query[]
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly panels: readonly Panel[]
}

export const query = (expr: string, legend = ''): Query => ({ expr, legend })

export const perSecond = (name: string, labels: string): Query =>
  query(`sum by (${labels}) (rate(${name}[$__rate_interval]))`, `{{${labels.replaceAll(', ', '}} {{')}}}`)

export const quantiles = (name: string): readonly Query[] =>
  [0.5, 0.99, 0.999].map((share) =>
    query(
      `histogram_quantile(${share}, sum by (le) (rate(${name}_bucket[$__rate_interval])))`,
      `p${String(share * 100)}`,
    ),
  )
