// Every metric of the service, with what it means: the one list. `docs/telemetry.md` is made of it, the page for Prometheus and what goes to a
// collector are written by it, and a test holds a running service against it.
//
// To add one: a line here; where its numbers are kept, a `MetricSource` (`metric-samples.ts`) that writes them when somebody asks; that source
// handed to `Service.addMetrics`. Then `npx node tests/support/telemetry-tables.ts` writes the document anew. A label is a line of
// `metricLabels` with all values that it can have: never an id, an account, a name, a text of a client.

/** `counter` only rises; it begins at 0 with the process. */
export type MetricKind = 'counter' | 'gauge' | 'histogram'

export interface MetricDefinition {
  readonly kind: MetricKind
  /** UCUM, as OpenTelemetry has it: `s`, `By`, `1`, or what is counted in braces. */
  readonly unit: string
  readonly labels: readonly MetricLabel[]
  readonly meaning: string
  /** Told only where this is so; otherwise always, and so at 0. */
  readonly when?: string
  /** A name and a meaning of the semantic conventions of OpenTelemetry. */
  readonly isConvention?: true
}

/** Every label, and what bounds its values. */
export const metricLabels = {
  partition: 'number of the partition: from 0, as many as `VIGIL_PARTITIONS`',
  rule: 'name of a rule of the rule set in force',
  scenario: 'name of a scenario of the rule set in force',
  status: 'of revisions: `raised`, `amended`, `withdrawn`; of events: `accepted`, `duplicate`',
  outcome: '`allow`, `challenge`, `review`, `hold`, `decline`',
  source: 'name of a source of `VIGIL_SOURCES`, at most 64; `log`: what was in the log already',
  reason:
    'of dead letters: `too-large`, `bad-encoding`, `bad-json`, `not-an-object`, `too-deep`, `unknown-type`, `missing-field`, `bad-value`, `duplicate-conflict`, `in-the-future`; of faults: `out-of-fuel`, `bad-value`',
  cause:
    'what is tried again: `log-write`, `log-read`, `checkpoint-claim`, `checkpoint-read`, `checkpoint-write`, `alert-store`',
  sink: 'what is sent: `alerts`, `decisions`',
  result: '`exported`, `failed`, `dropped`',
  'http.request.method': 'a method of HTTP, or `_OTHER`',
  'http.route': 'a path of the API, with `:id` where an id stands; none where the path is not one of them',
  'http.response.status_code': 'status of the answer',
  'cpu.mode': '`user`, `system`',
  'v8js.gc.type': '`minor`, `major`, `incremental`, `weakcb`',
  'v8js.heap.space.name': 'a part of the heap, of about ten that V8 has',
} as const satisfies Readonly<Record<string, string>>

export type MetricLabel = keyof typeof metricLabels

export const metricDefinitions = {
  'vigil.events.applied': {
    kind: 'counter',
    unit: '{event}',
    labels: ['partition'],
    meaning: 'Events that were judged.',
  },
  'vigil.events.duplicate': {
    kind: 'counter',
    unit: '{event}',
    labels: ['partition'],
    meaning: 'Repeats that an account dropped.',
  },
  'vigil.events.conflict': {
    kind: 'counter',
    unit: '{event}',
    labels: ['partition'],
    meaning: 'Events with a known id and other content: the first stays.',
  },
  'vigil.events.late': {
    kind: 'counter',
    unit: '{event}',
    labels: ['partition'],
    meaning: 'Events beyond the lateness of their account, which no rule has seen.',
  },
  'vigil.dead_letters': {
    kind: 'counter',
    unit: '{record}',
    labels: ['source', 'reason'],
    meaning: 'Rows and records that hold no event that can be judged, and conflicts.',
  },
  'vigil.event.latency': {
    kind: 'histogram',
    unit: 's',
    labels: ['partition'],
    meaning: 'From the receipt of an event to its judgement, while the partition is at the end of its log.',
  },
  'vigil.decision.duration': {
    kind: 'histogram',
    unit: 's',
    labels: [],
    meaning: 'From a request for a decision to its answer; those that timed out are not in it.',
  },
  'vigil.decision.timeouts': {
    kind: 'counter',
    unit: '{decision}',
    labels: [],
    meaning: 'Requests for a decision that were answered 504.',
  },
  'vigil.decisions': {
    kind: 'counter',
    unit: '{decision}',
    labels: ['outcome'],
    meaning: 'First decisions on events; those on late ones count as what `VIGIL_LATE_OUTCOME` says.',
  },
  'vigil.decisions.amended': {
    kind: 'counter',
    unit: '{decision}',
    labels: [],
    meaning: 'Decisions that changed after they were told.',
  },
  'vigil.scenario.outcomes': {
    kind: 'counter',
    unit: '{decision}',
    labels: ['scenario', 'outcome'],
    meaning: 'What each scenario by itself says of the events that it scored and that were decided on.',
  },
  'vigil.alert.revisions': {
    kind: 'counter',
    unit: '{revision}',
    labels: ['partition'],
    meaning: 'Revisions of alerts that were told.',
  },
  'vigil.alert.latency': {
    kind: 'histogram',
    unit: 's',
    labels: [],
    meaning: 'From the receipt of the last event of an alert until the store has the alert.',
  },
  'vigil.rule.alerts': {
    kind: 'counter',
    unit: '{revision}',
    labels: ['rule', 'status'],
    meaning: 'Revisions of alerts of a rule.',
  },
  'vigil.rule.evaluations': {
    kind: 'counter',
    unit: '{evaluation}',
    labels: ['rule'],
    meaning:
      'Events at which the condition or the open runs of a rule were worked out; again where one is judged again.',
  },
  'vigil.rule.hits': {
    kind: 'counter',
    unit: '{hit}',
    labels: ['rule'],
    meaning: 'Hits of a rule, whether an alert follows or not; again where an event is judged again.',
  },
  'vigil.rule.faults': {
    kind: 'counter',
    unit: '{fault}',
    labels: ['rule', 'reason'],
    meaning: 'Events for which a rule failed: it raises nothing for them, and the others go on.',
  },
  'vigil.rule.refused': {
    kind: 'counter',
    unit: '{refusal}',
    labels: ['rule'],
    meaning: 'Runs, events of runs and held matches of a pattern that a bound refused; kept over restarts.',
  },
  'vigil.rule.time': {
    kind: 'counter',
    unit: 's',
    labels: ['rule'],
    meaning: 'Time that a rule takes, by estimate: one event in 509 is timed, and stands for all.',
  },
  'vigil.partition.position': {
    kind: 'gauge',
    unit: '{record}',
    labels: ['partition'],
    meaning: 'Offset of the last applied record.',
  },
  'vigil.partition.ready': {
    kind: 'gauge',
    unit: '{partition}',
    labels: ['partition'],
    meaning: '1 where the partition is at the end of its log, else 0.',
  },
  'vigil.partition.lag.records': {
    kind: 'gauge',
    unit: '{record}',
    labels: ['partition'],
    meaning: 'Records in the log that were not applied yet.',
  },
  'vigil.partition.lag': {
    kind: 'gauge',
    unit: 's',
    labels: ['partition'],
    meaning: 'How long the oldest record waits that was read and not applied yet; 0: none does.',
  },
  'vigil.partition.event_time.delay': {
    kind: 'gauge',
    unit: 's',
    labels: ['partition'],
    meaning: 'How far event time is behind the clock. It grows while nothing comes.',
  },
  'vigil.partition.retries': {
    kind: 'counter',
    unit: '{attempt}',
    labels: ['partition', 'cause'],
    meaning: 'Attempts that failed for reasons outside, and are made again without end.',
  },
  'vigil.actors.resident': {
    kind: 'gauge',
    unit: '{actor}',
    labels: ['partition'],
    meaning: 'Actors in memory.',
  },
  'vigil.actors.passivated': {
    kind: 'counter',
    unit: '{actor}',
    labels: ['partition'],
    meaning: 'Times that an actor has left memory; its state is in the checkpoint.',
  },
  'vigil.actors.loaded': {
    kind: 'counter',
    unit: '{actor}',
    labels: ['partition'],
    meaning: 'Times that an actor was brought back into memory.',
  },
  'vigil.state': {
    kind: 'gauge',
    unit: 'By',
    labels: ['partition'],
    meaning: 'State of actors in memory.',
  },
  'vigil.state.limit': {
    kind: 'gauge',
    unit: 'By',
    labels: ['partition'],
    meaning: 'Its bound: above it actors leave memory.',
  },
  'vigil.history.truncated': {
    kind: 'counter',
    unit: '{event}',
    labels: ['partition'],
    meaning:
      'Events for which an account let go of older ones inside a window, as its history was full; kept over restarts.',
  },
  'vigil.checkpoints': {
    kind: 'counter',
    unit: '{commit}',
    labels: ['partition'],
    meaning: 'Commits of checkpoints.',
  },
  'vigil.checkpoint.lag.records': {
    kind: 'gauge',
    unit: '{record}',
    labels: ['partition'],
    meaning: 'Applied records behind the last commit.',
  },
  'vigil.checkpoint.age': {
    kind: 'gauge',
    unit: 's',
    labels: ['partition'],
    meaning: 'How long ago the last commit was, while there are applied records behind it; 0: there are none.',
  },
  'vigil.checkpoint.duration': {
    kind: 'histogram',
    unit: 's',
    labels: ['partition'],
    meaning: 'Time that the store takes for a commit, without what was staged before.',
  },
  'vigil.checkpoint.size': {
    kind: 'histogram',
    unit: 'By',
    labels: ['partition'],
    meaning: 'States and outbox entries of a commit, with what was staged for it.',
  },
  'vigil.outbox.entries': {
    kind: 'gauge',
    unit: '{entry}',
    labels: ['partition'],
    meaning: 'Alerts and decisions that wait for delivery.',
  },
  'vigil.delivery.duration': {
    kind: 'histogram',
    unit: 's',
    labels: ['partition'],
    meaning: 'Time that the alert store takes for what is handed to it at once.',
  },
  'vigil.source.messages': {
    kind: 'counter',
    unit: '{message}',
    labels: ['source'],
    when: 'where a source is configured',
    meaning: 'Messages of a source that were dealt with.',
  },
  'vigil.source.events': {
    kind: 'counter',
    unit: '{event}',
    labels: ['source', 'status'],
    when: 'where a source is configured',
    meaning: 'Events of a source that the log has: `accepted`, or `duplicate`.',
  },
  'vigil.source.dead_letters.dropped': {
    kind: 'counter',
    unit: '{record}',
    labels: ['source'],
    when: 'where a source is configured',
    meaning: 'Old dead letters that went for the want of room.',
  },
  'vigil.source.up': {
    kind: 'gauge',
    unit: '{source}',
    labels: ['source'],
    when: 'where a source is configured',
    meaning: '1 where the source is connected, else 0.',
  },
  'vigil.sink.messages.sent': {
    kind: 'counter',
    unit: '{message}',
    labels: ['sink'],
    when: 'where a sink is configured',
    meaning: 'Messages of a sink that the broker has acknowledged.',
  },
  'vigil.sink.failures': {
    kind: 'counter',
    unit: '{attempt}',
    labels: ['sink'],
    when: 'where a sink is configured',
    meaning: 'Tries to send that failed and were repeated.',
  },
  'vigil.sink.messages.refused': {
    kind: 'counter',
    unit: '{message}',
    labels: ['sink'],
    when: 'where a sink is configured',
    meaning: 'Messages left out: too large for the broker.',
  },
  'vigil.sink.lag.entries': {
    kind: 'gauge',
    unit: '{entry}',
    labels: ['sink'],
    when: 'where a sink is configured',
    meaning: 'At most so many stored entries wait to be sent.',
  },
  'vigil.sink.up': {
    kind: 'gauge',
    unit: '{sink}',
    labels: ['sink'],
    when: 'where a sink is configured',
    meaning: '1 where the last try to send succeeded, else 0.',
  },
  'vigil.ready': {
    kind: 'gauge',
    unit: '{service}',
    labels: [],
    meaning: '1 where `/readyz` answers 200, else 0.',
  },
  'vigil.telemetry.spans': {
    kind: 'counter',
    unit: '{span}',
    labels: ['result'],
    meaning: 'Spans: taken by the collector, not taken by it, or dropped as its queue was full; 0 without a collector.',
  },
  'http.server.request.duration': {
    kind: 'histogram',
    unit: 's',
    labels: ['http.request.method', 'http.route', 'http.response.status_code'],
    meaning: 'From the headers of a request to the end of its answer.',
    isConvention: true,
  },
  'process.cpu.time': {
    kind: 'counter',
    unit: 's',
    labels: ['cpu.mode'],
    meaning: 'Processor time of all threads.',
    isConvention: true,
  },
  'process.memory.usage': {
    kind: 'gauge',
    unit: 'By',
    labels: [],
    meaning: 'Memory of the process.',
    isConvention: true,
  },
  'process.uptime': {
    kind: 'gauge',
    unit: 's',
    labels: [],
    meaning: 'Since the process was started.',
    isConvention: true,
  },
  'nodejs.eventloop.delay.p50': {
    kind: 'gauge',
    unit: 's',
    labels: [],
    meaning: 'How late the main thread comes to its timers: the median of the last whole window of ten seconds.',
    isConvention: true,
  },
  'nodejs.eventloop.delay.p99': {
    kind: 'gauge',
    unit: 's',
    labels: [],
    meaning: 'The 99th percentile of the same.',
    isConvention: true,
  },
  'nodejs.eventloop.delay.max': {
    kind: 'gauge',
    unit: 's',
    labels: [],
    meaning: 'The highest of the same.',
    isConvention: true,
  },
  'nodejs.eventloop.utilization': {
    kind: 'gauge',
    unit: '1',
    labels: [],
    meaning: 'Share of the time in which the main thread was busy, in the last whole window of ten seconds.',
    isConvention: true,
  },
  'v8js.gc.duration': {
    kind: 'histogram',
    unit: 's',
    labels: ['v8js.gc.type'],
    meaning: 'Pauses of the main thread for garbage collection.',
    isConvention: true,
  },
  'v8js.memory.heap.used': {
    kind: 'gauge',
    unit: 'By',
    labels: ['v8js.heap.space.name'],
    meaning: 'Heap of the main thread that is in use.',
    isConvention: true,
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>

export type MetricName = keyof typeof metricDefinitions

type NamesOf<Kind extends MetricKind> = {
  [Name in MetricName]: (typeof metricDefinitions)[Name]['kind'] extends Kind ? Name : never
}[MetricName]

/** Metrics of one number for each set of labels. */
export type NumberMetric = NamesOf<'counter' | 'gauge'>
export type HistogramMetric = NamesOf<'histogram'>

/**
 * What Prometheus calls a metric: as the collector of OpenTelemetry would name it, so that dashboards fit both ways out. Dots become `_`, the
 * unit follows, a counter ends in `_total`.
 */
export function prometheusName(name: MetricName): string {
  const { kind, unit } = metricDefinitions[name]
  const base = name.replaceAll('.', '_')
  const suffix = unit === '1' && kind === 'gauge' ? '_ratio' : (unitSuffixes[unit] ?? '')
  return `${base}${suffix}${kind === 'counter' ? '_total' : ''}`
}

/** What Prometheus calls a label. */
export const prometheusLabel = (label: string): string => label.replaceAll('.', '_')

/** A unit in braces says what is counted, and is no part of the name. */
const unitSuffixes: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' }
