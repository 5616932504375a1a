import { type Dashboard, query } from './dashboard.ts'

export const business: Dashboard = {
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
}
