import { type Dashboard, perSecond, quantiles, query } from './dashboard.ts'

export const partitions: Dashboard = {
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
}
