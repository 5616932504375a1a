// The tables of docs/telemetry.md, made of the lists of metrics and spans so that name and meaning stand in one place.
// `npx node tests/support/telemetry-tables.ts` writes them; a test fails while the two differ.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../scripts/source-tree.ts'
import {
  type MetricDefinition,
  type MetricName,
  metricDefinitions,
  metricLabels,
  prometheusLabel,
  prometheusName,
} from '../../shared/telemetry/metric-names.ts'
import { spanAttributes, spanNames } from '../../shared/telemetry/span-names.ts'

const file = join(projectRoot, 'docs/telemetry.md')

export const readTelemetryDocument = (): string => readFileSync(file, 'utf8')

/** The document as it should be. */
export function withTelemetryTables(document: string): string {
  const tables = { metrics: metricsTable(), labels: labelsTable(), spans: spansTable(), attributes: attributesTable() }
  let made = document
  for (const [name, table] of Object.entries(tables)) {
    const [start, end] = [`<!-- ${name}: begin -->\n`, `<!-- ${name}: end -->\n`]
    const [before, rest] = made.split(start)
    made = `${before}${start}\n${table}\n${end}${rest.split(end)[1]}`
  }
  return made
}

function metricsTable(): string {
  const rows = Object.entries<MetricDefinition>(metricDefinitions).map(([name, definition]) => {
    const { kind, unit, labels, meaning, when, isConvention } = definition
    const written = labels.map((label) => `\`${prometheusLabel(label)}\``).join(', ')
    const inPrometheus = `\`${prometheusName(name as MetricName)}\``
    return [
      `\`${name}\`${isConvention === true ? ' *' : ''}`,
      inPrometheus,
      kind,
      `\`${unit}\``,
      written,
      when === undefined ? meaning : `${meaning} Only ${when}.`,
    ]
  })
  return tableOf(['OpenTelemetry', 'Prometheus', 'kind', 'unit', 'labels', ''], rows)
}

function labelsTable(): string {
  const rows = Object.entries(metricLabels).map(([label, values]) => {
    const inPrometheus = prometheusLabel(label)
    return [label === inPrometheus ? `\`${label}\`` : `\`${label}\`, \`${inPrometheus}\``, values]
  })
  return tableOf(['label', 'values'], rows)
}

const spansTable = (): string =>
  tableOf(
    ['span', ''],
    Object.entries(spanNames).map(([name, { meaning }]) => [`\`${name}\``, meaning]),
  )

function attributesTable(): string {
  const rows = Object.entries(spanAttributes).map(([name, { unit, meaning }]) => [
    `\`${name}\``,
    unit === '' ? '' : `\`${unit}\``,
    meaning,
  ])
  return tableOf(['attribute', 'unit', ''], rows)
}

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')

if (import.meta.main) writeFileSync(file, withTelemetryTables(readTelemetryDocument()))
