// What a running service tells of itself, held against the list of metrics, the dashboards, the alert rules, and what nobody may read there.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { CommandFailed } from '../../scripts/servers/command.ts'
import { promtool } from '../../scripts/servers/machine-promtool.ts'
import { projectRoot } from '../../scripts/source-tree.ts'
import { noSourceCounts } from '../../services/ingest/source-counts.ts'
import { SourceMetrics } from '../../services/ingest/source-metrics.ts'
import { SinkMetrics } from '../../services/sinks/sink-metrics.ts'
import {
  type MetricDefinition,
  type MetricName,
  metricDefinitions,
  metricLabels,
  prometheusLabel,
  prometheusName,
} from '../../shared/telemetry/metric-names.ts'
import { MetricSamples } from '../../shared/telemetry/metric-samples.ts'
import { prometheusPage } from '../../shared/telemetry/prometheus-page.ts'
import { dashboardFile, dashboards, grafanaJson } from '../support/dashboards.ts'
import { killLiveServices, LiveService } from '../support/live-service.ts'
import { type MetricFamily, readMetricsPage } from '../support/metrics-page.ts'
import { missingTool } from '../support/missing.ts'
import { namesOfQuery } from '../support/promql.ts'
import { readTelemetryDocument, withTelemetryTables } from '../support/telemetry-tables.ts'
import { Workspace } from '../support/vigil-command.ts'

const events = `events:
  transaction:
    fields: { account: string, amount: money, items: optional<int>, note: optional<string> }
    keys: { account: account }
`
const scenario = `scenario: spending
title: Much money at once
combine: max
thresholds: { alert: 50, review: 40, decline: 90 }
`
const large = 'rule: large\nwhen: amount > 100\nscore: 50\nseverity: high\nreason: R-LARGE\n'
const divided = 'rule: divided\nwhen: double(amount) / double(items) > 1000.0\nscore: 10\nseverity: low\n'

const workspace = new Workspace()
const start = Date.now() - 3_600_000
let service: LiveService
let address: string

/** What may stand in no label: texts that would break a page, and that name somebody. */
const hostileKeys = [
  'a"} 1\nvigil_ready 7\nb{c="',
  'DE89 3704 0044 0532 0130 00',
  '4111111111111111',
  'Jane Canary',
  '\\"\\n',
  '\u{1f600}\u0000é',
]
const accounts = [...Array.from({ length: 1_000 }, (_, i) => `canary-account-${i}`), ...hostileKeys]

const post = (path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${address}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })

async function page(accept?: string): Promise<string> {
  const answer = await fetch(`${address}/metrics`, accept === undefined ? {} : { headers: { accept } })
  expect(answer.status).toBe(200)
  return answer.text()
}

const families = async (): Promise<ReadonlyMap<string, MetricFamily>> => readMetricsPage(await page())

const seriesCount = (all: ReadonlyMap<string, MetricFamily>): number =>
  [...all.values()].reduce((sum, { series }) => sum + series.length, 0)

beforeAll(async () => {
  const files = {
    'events.yaml': events,
    'spending/large.rule.yaml': large,
    'divided.rule.yaml': divided,
    'spending/scenario.yaml': scenario,
  }
  const rules = workspace.rules('rules', files)
  service = await LiveService.ready({ dataDir: workspace.path('data'), rules })
  address = await service.address()
}, 180_000)
afterAll(async () => {
  await killLiveServices()
  await workspace.close()
})

describe('the metrics of a running service', { timeout: 60_000 }, () => {
  it('are those of the list, with its names, kinds and labels, and no others', async () => {
    const decision = { id: 'd1', at: start, account: 'canary-account-0', amount: 500 }
    expect((await post('/v1/decisions', JSON.stringify(decision))).status).toBe(200)
    await families()
    const told = await families()
    const always = listed().filter(({ when }) => when === undefined)
    const configured = listed().filter(({ when }) => when !== undefined)
    expect([...(await configuredFamilies()).keys()].sort()).toEqual(
      configured.map(({ name }) => prometheusName(name)).sort(),
    )
    expect([...told.keys()].sort()).toEqual(always.map(({ name }) => prometheusName(name)).sort())
    for (const { name, kind, labels } of always) {
      const family = told.get(prometheusName(name))
      expect({ name, kind: family?.type }).toEqual({ name, kind })
      const known = labels.map((label) => prometheusLabel(label))
      expect({ name, labels: [...(family?.labels ?? [])].sort() }).toEqual({ name, labels: [...known].sort() })
    }
  })

  it('are as many for a thousand accounts as for one, whatever they are called', async () => {
    const before = seriesCount(await families())
    const rows = accounts.map((account, i) => ({ id: `t${i}`, at: start + i, account, amount: 150, note: account }))
    expect((await post('/v1/transactions', JSON.stringify(rows))).status).toBe(202)
    const late = { id: 'late', at: start - 7_200_000, account: 'canary-account-0', amount: 150 }
    expect((await post('/v1/decisions', JSON.stringify(late))).status).toBe(200)
    const faulty = { id: 'faulty', at: start + 5_000, account: 'canary-account-1', amount: 150, items: 0 }
    expect((await post('/v1/transactions', JSON.stringify(faulty))).status).toBe(202)
    await service.atRest()
    for (const method of ['GET', 'PROPFIND'])
      for (const path of ['/4111111111111111', '/v1/alerts/Jane%20Canary', '/v1/events/canary-account-7'])
        await fetch(`${address}${path}`, { method }).then((answer) => answer.arrayBuffer())
    const text = await page()
    const after = readMetricsPage(text)
    // Requests with other answers than before have series of their own: routes and statuses are a few.
    const requests = after.get('http_server_request_duration_seconds')
    expect(seriesCount(after) - (requests?.series.length ?? 0)).toBeLessThanOrEqual(before)
    expect(seriesCount(after)).toBeLessThan(2_000)
    for (const canary of [...accounts, 'canary', 'Jane', '4111', 'vigil_ready 7']) expect(text).not.toContain(canary)
  })

  it('say what happened', async () => {
    const told = await families()
    const value = (name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
      told
        .get(name)
        ?.series.find((series) => Object.entries(labels).every(([label, text]) => series.labels[label] === text))?.value
    const judged = accounts.length + 2
    expect(value('vigil_events_applied_total')).toBe(judged)
    expect(value('vigil_events_late_total')).toBe(1)
    expect(value('vigil_rule_evaluations_total', { rule: 'large' })).toBe(judged)
    expect(value('vigil_rule_hits_total', { rule: 'large' })).toBe(judged)
    expect(value('vigil_rule_alerts_total', { rule: 'large', status: 'raised' })).toBe(judged)
    expect(value('vigil_rule_faults_total', { rule: 'divided', reason: 'bad-value' })).toBe(1)
    expect(value('vigil_rule_time_seconds_total', { rule: 'large' })).toBeGreaterThan(0)
    expect(value('vigil_decisions_total', { outcome: 'review' })).toBe(2)
    expect(value('vigil_scenario_outcomes_total', { scenario: 'spending', outcome: 'review' })).toBe(1)
    expect(value('vigil_ready')).toBe(1)
    const count = (name: string): number | undefined =>
      told.get(name)?.series.find((series) => series.name === `${name}_count`)?.value
    expect(count('vigil_decision_duration_seconds')).toBe(2)
    expect(count('vigil_event_latency_seconds')).toBe(judged + 1)
    expect(count('vigil_alert_latency_seconds')).toBe(judged)
    expect(count('vigil_checkpoint_duration_seconds')).toBe(value('vigil_checkpoints_total'))
  })

  it('name a trace in OpenMetrics, where Prometheus asks for it', async () => {
    const traceId = 'abcdef0123456789abcdef0123456789'
    const decision = { id: 'd2', at: start + 9_000, account: 'canary-account-2', amount: 1 }
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`
    expect((await post('/v1/decisions', JSON.stringify(decision), { traceparent })).status).toBe(200)
    const text = await page('application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5')
    expect(text.endsWith('# EOF\n')).toBe(true)
    const exemplars = readMetricsPage(text)
      .get('vigil_decision_duration_seconds')
      ?.series.flatMap(({ exemplar }) => exemplar ?? [])
    expect(exemplars?.join('\n')).toMatch(new RegExp(`^\\{trace_id="${traceId}"\\} [\\d.e-]+ \\d+(\\.\\d+)?$`, 'm'))
    expect(await page()).not.toContain(traceId)
  })
})

describe('what is told of rules', () => {
  const rulesTold = async (running: LiveService): Promise<ReadonlyMap<string, number>> => {
    const text = await (await fetch(`${await running.address()}/metrics`)).text()
    const evaluations = readMetricsPage(text).get('vigil_rule_evaluations_total')?.series ?? []
    return new Map(evaluations.map(({ labels, value }) => [labels['rule'] ?? '', value]))
  }
  const send = async (running: LiveService, count: number): Promise<void> => {
    const rows = Array.from({ length: count }, (_, i) => ({ id: `p${i}`, at: start, account: `a${i}`, amount: 1 }))
    const answer = await fetch(`${await running.address()}/v1/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(rows),
    })
    expect(answer.status).toBe(202)
    await running.atRest()
  }

  it('comes from all threads, and ends with a rule that is gone', { timeout: 180_000 }, async () => {
    const dataDir = workspace.path('threads')
    const flags = ['--partitions', '2']
    const before = workspace.rules('before', {
      'events.yaml': events,
      'large.rule.yaml': large,
      'divided.rule.yaml': divided,
    })
    const first = await LiveService.ready({ dataDir, rules: before, flags })
    await send(first, 100)
    expect(await rulesTold(first)).toEqual(
      new Map([
        ['divided', 100],
        ['large', 100],
      ]),
    )
    await first.stop()
    const huge = large.replace('rule: large', 'rule: huge')
    const after = workspace.rules('after', {
      'events.yaml': events,
      'huge.rule.yaml': huge,
      'divided.rule.yaml': divided,
    })
    const second = await LiveService.ready({ dataDir, rules: after, flags })
    await second.atRest()
    expect([...(await rulesTold(second)).keys()].sort()).toEqual(['divided', 'huge'])
    await second.stop()
  })
})

describe('dashboards and alert rules', { timeout: 60_000 }, () => {
  interface AlertRule {
    readonly alert: string
    readonly expr: string
    readonly annotations: Readonly<Record<string, string>>
  }
  const rulesFile = join(projectRoot, 'observe/prometheus/rules.yml')
  const rules: readonly AlertRule[] = parse(readFileSync(rulesFile, 'utf8')).groups.flatMap(
    ({ rules: ofGroup }: { rules: AlertRule[] }) => ofGroup,
  )
  const queries = [
    ...rules.map(({ alert, expr, annotations }) => ({ where: alert, expr, text: annotations['summary'] ?? '' })),
    ...dashboards.flatMap(({ title, panels }) =>
      panels.flatMap((panel) =>
        panel.queries.map(({ expr, legend }) => ({ where: `${title}, ${panel.title}`, expr, text: legend })),
      ),
    ),
  ]

  it('ask for what the service tells, by labels that it has', async () => {
    const told = new Map([...(await families()), ...(await configuredFamilies())])
    const wrong = queries.flatMap(({ where, expr, text }) => {
      const { metrics, selected, grouped } = namesOfQuery(expr)
      const labelsOf = (metric: string): ReadonlySet<string> | undefined =>
        metric === 'up' ? targetLabels : labelsOfMetric(told, metric)
      const unknown = [...metrics].filter((metric) => labelsOf(metric) === undefined)
      const all = new Set([...targetLabels, ...[...metrics].flatMap((metric) => [...(labelsOf(metric) ?? [])])])
      const inText = [...text.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g)].map(([, label]) => label)
      const badLabels = [
        ...[...selected].flatMap(([metric, labels]) =>
          labels.filter((label) => labelsOf(metric)?.has(label) === false),
        ),
        ...[...grouped, ...inText].filter((label) => label !== '' && !all.has(label)),
      ]
      return metrics.size === 0 || unknown.length + badLabels.length > 0 ? [{ where, unknown, badLabels }] : []
    })
    expect(wrong).toEqual([])
  })

  it('are what Grafana is given', () => {
    for (const dashboard of dashboards)
      expect(JSON.parse(readFileSync(dashboardFile(dashboard), 'utf8'))).toEqual(grafanaJson(dashboard))
  })

  it('have a section of the runbook for each rule, where the rule leads, and no other', () => {
    const headings = readFileSync(join(projectRoot, 'docs/runbook.md'), 'utf8').match(/^## .*$/gm) ?? []
    expect(headings.map((heading) => heading.slice(3)).sort()).toEqual(rules.map(({ alert }) => alert).sort())
    for (const { alert, annotations } of rules)
      expect(annotations['runbook_url']).toBe(`docs/runbook.md#${alert.toLowerCase()}`)
  })

  it('are what Prometheus takes, and tell what they shall tell', { timeout: 600_000 }, async (context) => {
    const checker = await promtool().catch((error: unknown) => {
      if (!(error instanceof CommandFailed)) throw error
      missingTool('alert rules, by promtool', error.message)
    })
    if (checker === undefined) return context.skip()
    const run = (...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(checker, args, { cwd: projectRoot, encoding: 'utf8' })
      return status === 0 ? '' : `${stdout}${stderr}`
    }
    expect(run('check', 'rules', 'observe/prometheus/rules.yml')).toBe('')
    expect(run('test', 'rules', 'observe/prometheus/rules.test.yml')).toBe('')
  })

  it('stand in containers at one version each, with files that are there', () => {
    const { services } = parse(readFileSync(join(projectRoot, 'compose.yaml'), 'utf8'))
    const observing = Object.values<{ profiles?: string[]; image: string; network_mode: string; volumes: string[] }>(
      services,
    ).filter(({ profiles }) => profiles?.includes('observe'))
    expect(observing).toHaveLength(4)
    for (const { image, network_mode, volumes } of observing) {
      expect(image).toMatch(/:v?\d+\.\d+\.\d+$/)
      expect(network_mode).toBe('host')
      for (const path of volumes.map((mount) => mount.split(':')[0]).filter((name) => name.startsWith('./observe/')))
        expect(() => readFileSync(join(projectRoot, path))).not.toThrow(/ENOENT/)
    }
    const texts = ['collector.yaml', 'tempo.yaml', 'prometheus/prometheus.yml'].map((file) =>
      readFileSync(join(projectRoot, 'observe', file), 'utf8'),
    )
    expect(texts.join('\n')).not.toContain('0.0.0.0')
  })
})

describe('the document on telemetry', () => {
  it('has the lists of metrics, labels and spans', () => {
    const document = readTelemetryDocument()
    expect(document).toBe(withTelemetryTables(document))
  })

  it('says of every label what bounds it', () => {
    const used = new Set(listed().flatMap(({ labels }) => labels))
    expect(Object.keys(metricLabels).sort()).toEqual([...used].sort())
  })
})

const listed = (): readonly (MetricDefinition & { readonly name: MetricName })[] =>
  Object.entries<MetricDefinition>(metricDefinitions).map(([name, definition]) => ({
    ...definition,
    name: name as MetricName,
  }))

/** What is told only where something is configured. */
async function configuredFamilies(): Promise<ReadonlyMap<string, MetricFamily>> {
  const feed = { kind: 'alerts', counts: { sent: 1, failures: 0, refused: 0 }, lag: 0, isUp: true } as const
  const sources = [new SinkMetrics([feed]), new SourceMetrics(new Map([['cards', noSourceCounts()]]))]
  return readMetricsPage(await prometheusPage(await MetricSamples.of(sources), 'prometheus'))
}

function labelsOfMetric(told: ReadonlyMap<string, MetricFamily>, metric: string): ReadonlySet<string> | undefined {
  const [, base, suffix] = /^(.*?)(_bucket|_sum|_count)$/.exec(metric) ?? []
  const histogram = base === undefined ? undefined : told.get(base)
  if (histogram?.type === 'histogram')
    return new Set([...histogram.labels, ...(suffix === '_bucket' ? ['le'] : []), ...targetLabels])
  const family = told.get(metric)
  return family === undefined || family.type === 'histogram' ? undefined : new Set([...family.labels, ...targetLabels])
}

/** What Prometheus adds. */
const targetLabels: ReadonlySet<string> = new Set(['job', 'instance'])
