import { type Dashboard, perSecond, query } from './dashboard.ts'

export const rules: Dashboard = {
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
}
