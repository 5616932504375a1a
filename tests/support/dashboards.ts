// The dashboards of Grafana, made of what each panel shows: their JSON is three quarters form.
// `npx node tests/support/dashboards.ts` writes observe/grafana/dashboards; a test fails while the two differ.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../scripts/source-tree.ts'

export interface Query {
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

const query = (expr: string, legend = ''): Query => ({ expr, legend })

const perSecond = (name: string, labels: string): Query =>
  query(`sum by (${labels}) (rate(${name}[$__rate_interval]))`, `{{${labels.replaceAll(', ', '}} {{')}}}`)

const quantiles = (name: string): readonly Query[] =>
  [0.5, 0.99, 0.999].map((share) =>
    query(
      `histogram_quantile(${share}, sum by (le) (rate(${name}_bucket[$__rate_interval])))`,
      `p${String(share * 100)}`,
    ),
  )

export const dashboards: readonly Dashboard[] = [
  {
    uid: 'vigil-service',
    title: 'Vigil: service',
    panels: [
      { title: 'Ready', unit: 'short', kind: 'stat', queries: [query('vigil_ready', '{{instance}}')] },
      {
        title: 'Events judged a second',
        unit: 'cps',
        queries: [query('sum(rate(vigil_events_applied_total[$__rate_interval]))', 'events')],
      },
      {
        title: 'Decision: request to answer',
        description: 'Points lead to traces.',
        unit: 's',
        queries: quantiles('vigil_decision_duration_seconds'),
      },
      {
        title: 'Event: receipt to judgement',
        unit: 's',
        queries: quantiles('vigil_event_latency_seconds'),
      },
      { title: 'Alert: receipt to store', unit: 's', queries: quantiles('vigil_alert_latency_seconds') },
      {
        title: 'Requests a second',
        unit: 'reqps',
        queries: [perSecond('http_server_request_duration_seconds_count', 'http_route, http_response_status_code')],
      },
      {
        title: 'Requests: p99',
        unit: 's',
        queries: [
          query(
            'histogram_quantile(0.99, sum by (le, http_route) (rate(http_server_request_duration_seconds_bucket[$__rate_interval])))',
            '{{http_route}}',
          ),
        ],
      },
      {
        title: 'Processors in use',
        unit: 'short',
        queries: [perSecond('process_cpu_time_seconds_total', 'cpu_mode')],
      },
      {
        title: 'Memory',
        unit: 'bytes',
        queries: [
          query('process_memory_usage_bytes', 'process'),
          query('sum(v8js_memory_heap_used_bytes)', 'heap of the main thread'),
          query('sum(vigil_state_bytes)', 'state of actors'),
        ],
      },
      {
        title: 'Main thread',
        unit: 's',
        queries: [
          query('nodejs_eventloop_delay_p50_seconds', 'delay p50'),
          query('nodejs_eventloop_delay_p99_seconds', 'delay p99'),
          query('nodejs_eventloop_delay_max_seconds', 'delay max'),
        ],
      },
      {
        title: 'Main thread: busy',
        unit: 'percentunit',
        queries: [query('nodejs_eventloop_utilization_ratio', 'busy')],
      },
      {
        title: 'Garbage collection: share of the time',
        unit: 'percentunit',
        queries: [perSecond('v8js_gc_duration_seconds_sum', 'v8js_gc_type')],
      },
      {
        title: 'Spans a second',
        unit: 'cps',
        queries: [perSecond('vigil_telemetry_spans_total', 'result')],
      },
      {
        title: 'Since the start',
        unit: 's',
        kind: 'stat',
        queries: [query('process_uptime_seconds', '{{instance}}')],
      },
    ],
  },
  {
    uid: 'vigil-partitions',
    title: 'Vigil: partitions',
    panels: [
      { title: 'Ready', unit: 'short', kind: 'stat', queries: [query('vigil_partition_ready', '{{partition}}')] },
      { title: 'Lag', unit: 's', queries: [query('vigil_partition_lag_seconds', '{{partition}}')] },
      { title: 'Lag in records', unit: 'short', queries: [query('vigil_partition_lag_records', '{{partition}}')] },
      {
        title: 'Event time behind the clock',
        unit: 's',
        queries: [query('vigil_partition_event_time_delay_seconds', '{{partition}}')],
      },
      {
        title: 'Records applied a second',
        unit: 'cps',
        queries: [query('rate(vigil_partition_position[$__rate_interval])', '{{partition}}')],
      },
      {
        title: 'Checkpoint: age',
        unit: 's',
        queries: [query('vigil_checkpoint_age_seconds', '{{partition}}')],
      },
      {
        title: 'Checkpoint: records behind it',
        unit: 'short',
        queries: [query('vigil_checkpoint_lag_records', '{{partition}}')],
      },
      { title: 'Checkpoint: time to store', unit: 's', queries: quantiles('vigil_checkpoint_duration_seconds') },
      { title: 'Checkpoint: size', unit: 'bytes', queries: quantiles('vigil_checkpoint_size_bytes') },
      {
        title: 'Checkpoints a second',
        unit: 'cps',
        queries: [perSecond('vigil_checkpoints_total', 'partition')],
      },
      { title: 'Outbox', unit: 'short', queries: [query('vigil_outbox_entries', '{{partition}}')] },
      { title: 'Delivery: time to store', unit: 's', queries: quantiles('vigil_delivery_duration_seconds') },
      { title: 'Actors in memory', unit: 'short', queries: [query('vigil_actors_resident', '{{partition}}')] },
      {
        title: 'Actors that leave and come back, a second',
        unit: 'cps',
        queries: [
          query('sum(rate(vigil_actors_passivated_total[$__rate_interval]))', 'leave'),
          query('sum(rate(vigil_actors_loaded_total[$__rate_interval]))', 'come back'),
        ],
      },
      {
        title: 'State, of its bound',
        unit: 'percentunit',
        queries: [query('vigil_state_bytes / vigil_state_limit_bytes', '{{partition}}')],
      },
      {
        title: 'Attempts that failed, a second',
        unit: 'cps',
        queries: [perSecond('vigil_partition_retries_total', 'partition, cause')],
      },
      {
        title: 'Begun anew',
        unit: 'short',
        queries: [
          query('increase(vigil_partition_starts_total[$__rate_interval])', 'owner of {{partition}}'),
          query('increase(vigil_partition_renewals_total[$__rate_interval])', 'reader of {{partition}}'),
        ],
      },
      {
        title: 'Snapshot: records behind it',
        unit: 'short',
        queries: [query('vigil_snapshot_lag_records', '{{partition}}')],
      },
      {
        title: 'Late, repeated, in conflict, a second',
        unit: 'cps',
        queries: [
          query('sum(rate(vigil_events_late_total[$__rate_interval]))', 'late'),
          query('sum(rate(vigil_events_duplicate_total[$__rate_interval]))', 'repeated'),
          query('sum(rate(vigil_events_conflict_total[$__rate_interval]))', 'in conflict'),
        ],
      },
      {
        title: 'Dead letters',
        unit: 'short',
        queries: [
          query(
            'sum by (source, reason) (increase(vigil_dead_letters_total[$__rate_interval]))',
            '{{source}} {{reason}}',
          ),
        ],
      },
      {
        title: 'Events let go of before their window ended',
        unit: 'cps',
        queries: [perSecond('vigil_history_truncated_total', 'partition')],
      },
      {
        title: 'Sources: events a second',
        unit: 'cps',
        queries: [perSecond('vigil_source_events_total', 'source, status')],
      },
      {
        title: 'Sources: messages a second',
        unit: 'cps',
        queries: [perSecond('vigil_source_messages_total', 'source')],
      },
      { title: 'Sinks: entries that wait', unit: 'short', queries: [query('vigil_sink_lag_entries', '{{sink}}')] },
      {
        title: 'Sinks: messages a second',
        unit: 'cps',
        queries: [
          perSecond('vigil_sink_messages_sent_total', 'sink'),
          query('sum by (sink) (rate(vigil_sink_failures_total[$__rate_interval]))', '{{sink}}: tries that failed'),
        ],
      },
    ],
  },
  {
    uid: 'vigil-rules',
    title: 'Vigil: rules',
    panels: [
      {
        title: 'Time of a processor that each rule takes',
        description: 'By estimate: one event in 509 is timed.',
        unit: 'percentunit',
        queries: [query('topk(10, sum by (rule) (rate(vigil_rule_time_seconds_total[$__rate_interval])))', '{{rule}}')],
      },
      {
        title: 'Time for one evaluation',
        unit: 's',
        queries: [
          query(
            'topk(10, sum by (rule) (rate(vigil_rule_time_seconds_total[$__rate_interval])) / sum by (rule) (rate(vigil_rule_evaluations_total[$__rate_interval])))',
            '{{rule}}',
          ),
        ],
      },
      { title: 'Evaluations a second', unit: 'cps', queries: [perSecond('vigil_rule_evaluations_total', 'rule')] },
      { title: 'Hits a second', unit: 'cps', queries: [perSecond('vigil_rule_hits_total', 'rule')] },
      {
        title: 'Hits of a thousand evaluations',
        unit: 'short',
        queries: [
          query(
            '1000 * sum by (rule) (rate(vigil_rule_hits_total[$__rate_interval])) / sum by (rule) (rate(vigil_rule_evaluations_total[$__rate_interval]))',
            '{{rule}}',
          ),
        ],
      },
      {
        title: 'Faults',
        unit: 'short',
        queries: [
          query('sum by (rule, reason) (increase(vigil_rule_faults_total[$__rate_interval]))', '{{rule}} {{reason}}'),
        ],
      },
      {
        title: 'Refused by a bound',
        unit: 'short',
        queries: [query('sum by (rule) (increase(vigil_rule_refused_total[$__rate_interval]))', '{{rule}}')],
      },
      {
        title: 'Alerts of the last day',
        unit: 'short',
        kind: 'table',
        queries: [query('sum by (rule, status) (increase(vigil_rule_alerts_total[1d]))', '{{rule}} {{status}}')],
      },
    ],
  },
  {
    uid: 'vigil-business',
    title: 'Vigil: business',
    panels: [
      {
        title: 'Decisions a minute, by outcome',
        unit: 'short',
        queries: [query('60 * sum by (outcome) (rate(vigil_decisions_total[$__rate_interval]))', '{{outcome}}')],
      },
      {
        title: 'Share of decisions that are not allow',
        unit: 'percentunit',
        queries: [
          query(
            'sum(rate(vigil_decisions_total{outcome!="allow"}[$__rate_interval])) / sum(rate(vigil_decisions_total[$__rate_interval]))',
            'not allow',
          ),
        ],
      },
      {
        title: 'Declined and held, today',
        unit: 'short',
        kind: 'stat',
        queries: [
          query('sum by (outcome) (increase(vigil_decisions_total{outcome=~"hold|decline"}[1d]))', '{{outcome}}'),
        ],
      },
      {
        title: 'Outcomes by scenario, an hour',
        unit: 'short',
        queries: [
          query(
            'sum by (scenario, outcome) (increase(vigil_scenario_outcomes_total{outcome!="allow"}[1h]))',
            '{{scenario}} {{outcome}}',
          ),
        ],
      },
      {
        title: 'Alerts raised a minute, by rule',
        unit: 'short',
        queries: [
          query('60 * sum by (rule) (rate(vigil_rule_alerts_total{status="raised"}[$__rate_interval]))', '{{rule}}'),
        ],
      },
      {
        title: 'Revisions a minute',
        unit: 'short',
        queries: [
          query('60 * sum by (status) (rate(vigil_rule_alerts_total[$__rate_interval]))', '{{status}}'),
          query('60 * sum(rate(vigil_decisions_amended_total[$__rate_interval]))', 'decisions amended'),
        ],
      },
      {
        title: 'Alerts of a thousand events',
        unit: 'short',
        queries: [
          query(
            '1000 * sum(rate(vigil_alert_revisions_total[$__rate_interval])) / sum(rate(vigil_events_applied_total[$__rate_interval]))',
            'revisions',
          ),
        ],
      },
      {
        title: 'Decisions not made in time, a minute',
        unit: 'short',
        queries: [query('60 * sum(rate(vigil_decision_timeouts_total[$__rate_interval]))', 'timeouts')],
      },
    ],
  },
]

/** What Grafana reads. */
export function grafanaJson({ uid, title, panels }: Dashboard): object {
  const datasource = { type: 'prometheus', uid: 'prometheus' }
  return {
    uid,
    title,
    tags: ['vigil'],
    schemaVersion: 41,
    timezone: 'utc',
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    panels: panels.map(({ title: name, description = '', unit, kind = 'timeseries', queries }, i) => ({
      id: i + 1,
      type: kind,
      title: name,
      description,
      datasource,
      gridPos: { x: (i % columns) * width, y: Math.floor(i / columns) * height, w: width, h: height },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      options: kind === 'timeseries' ? { legend: { displayMode: 'list', placement: 'bottom' } } : {},
      targets: queries.map(({ expr, legend }, q) => ({
        refId: String.fromCharCode(65 + q),
        datasource,
        expr,
        legendFormat: legend,
        exemplar: expr.includes('_bucket'),
        instant: kind !== 'timeseries',
      })),
    })),
  }
}

export const dashboardFile = ({ uid }: Dashboard): string =>
  join(projectRoot, 'observe/grafana/dashboards', `${uid.replace('vigil-', '')}.json`)

const [columns, width, height] = [3, 8, 8]

if (import.meta.main)
  for (const dashboard of dashboards)
    writeFileSync(dashboardFile(dashboard), `${JSON.stringify(grafanaJson(dashboard), null, 2)}\n`)
