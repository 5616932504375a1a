import { type Dashboard, perSecond, quantiles, query } from './dashboard.ts'

export const service: Dashboard = {
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
}
