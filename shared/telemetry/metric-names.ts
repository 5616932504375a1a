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

const metricOf =
  <Kind extends MetricKind>(kind: Kind) =>
  (
    unit: string,
    labels: readonly MetricLabel[],
    meaning: string,
    more: Pick<MetricDefinition, 'when' | 'isConvention'> = {},
  ) => ({
    kind,
    unit,
    labels,
    meaning,
    ...more,
  })

const counter = metricOf('counter')
const gauge = metricOf('gauge')
const histogram = metricOf('histogram')

export const metricDefinitions = {
  'vigil.events.applied': counter('{event}', ['partition'], 'Events that were judged.'),
  'vigil.events.duplicate': counter('{event}', ['partition'], 'Repeats that an account dropped.'),
  'vigil.events.conflict': counter(
    '{event}',
    ['partition'],
    'Events with a known id and other content: the first stays.',
  ),
  'vigil.events.late': counter(
    '{event}',
    ['partition'],
    'Events beyond the lateness of their account, which no rule has seen.',
  ),
  'vigil.dead_letters': counter(
    '{record}',
    ['source', 'reason'],
    'Rows and records that hold no event that can be judged, and conflicts.',
  ),
  'vigil.event.latency': histogram(
    's',
    ['partition'],
    'From the receipt of an event to its judgement, while the partition is at the end of its log.',
  ),
  'vigil.decision.duration': histogram(
    's',
    [],
    'From a request for a decision to its answer; those that timed out are not in it.',
  ),
  'vigil.decision.timeouts': counter('{decision}', [], 'Requests for a decision that were answered 504.'),
  'vigil.decisions': counter(
    '{decision}',
    ['outcome'],
    'First decisions on events; those on late ones count as what `VIGIL_LATE_OUTCOME` says.',
  ),
  'vigil.decisions.amended': counter('{decision}', [], 'Decisions that changed after they were told.'),
  'vigil.scenario.outcomes': counter(
    '{decision}',
    ['scenario', 'outcome'],
    'What each scenario by itself says of the events that it scored and that were decided on.',
  ),
  'vigil.alert.revisions': counter('{revision}', ['partition'], 'Revisions of alerts that were told.'),
  'vigil.alert.latency': histogram(
    's',
    [],
    'From the receipt of the last event of an alert until the store has the alert.',
  ),
  'vigil.rule.alerts': counter('{revision}', ['rule', 'status'], 'Revisions of alerts of a rule.'),
  'vigil.rule.evaluations': counter(
    '{evaluation}',
    ['rule'],
    'Events at which the condition or the open runs of a rule were worked out; again where one is judged again.',
  ),
  'vigil.rule.hits': counter(
    '{hit}',
    ['rule'],
    'Hits of a rule, whether an alert follows or not; again where an event is judged again.',
  ),
  'vigil.rule.faults': counter(
    '{fault}',
    ['rule', 'reason'],
    'Events for which a rule failed: it raises nothing for them, and the others go on.',
  ),
  'vigil.rule.refused': counter(
    '{refusal}',
    ['rule'],
    'Runs, events of runs and held matches of a pattern that a bound refused; kept over restarts.',
  ),
  'vigil.rule.time': counter(
    's',
    ['rule'],
    'Time that a rule takes, by estimate: one event in 509 is timed, and stands for all.',
  ),
  'vigil.partition.position': gauge('{record}', ['partition'], 'Offset of the last applied record.'),
  'vigil.partition.ready': gauge(
    '{partition}',
    ['partition'],
    '1 where the partition is at the end of its log, else 0.',
  ),
  'vigil.partition.lag.records': gauge('{record}', ['partition'], 'Records in the log that were not applied yet.'),
  'vigil.partition.lag': gauge(
    's',
    ['partition'],
    'How long the oldest record waits that was read and not applied yet; 0: none does.',
  ),
  'vigil.partition.event_time.delay': gauge(
    's',
    ['partition'],
    'How far event time is behind the clock. It grows while nothing comes.',
  ),
  'vigil.partition.retries': counter(
    '{attempt}',
    ['partition', 'cause'],
    'Attempts that failed for reasons outside, and are made again without end.',
  ),
  'vigil.partition.starts': counter(
    '{start}',
    ['partition'],
    'Owners of the partition that began: one with the service, and one each time that it began anew.',
  ),
  'vigil.partition.renewals': counter(
    '{renewal}',
    ['partition'],
    'Times that the reader of the log was made anew, as nothing came of what it was asked.',
  ),
  'vigil.actors.resident': gauge('{actor}', ['partition'], 'Actors in memory.'),
  'vigil.actors.passivated': counter(
    '{actor}',
    ['partition'],
    'Times that an actor has left memory; its state is in the checkpoint.',
  ),
  'vigil.actors.loaded': counter('{actor}', ['partition'], 'Times that an actor was brought back into memory.'),
  'vigil.state': gauge('By', ['partition'], 'State of actors in memory.'),
  'vigil.state.limit': gauge('By', ['partition'], 'Its bound: above it actors leave memory.'),
  'vigil.history.truncated': counter(
    '{event}',
    ['partition'],
    'Events for which an account let go of older ones inside a window, as its history was full; kept over restarts.',
  ),
  'vigil.checkpoints': counter('{commit}', ['partition'], 'Commits of checkpoints.'),
  'vigil.checkpoint.lag.records': gauge('{record}', ['partition'], 'Applied records behind the last commit.'),
  'vigil.checkpoint.age': gauge(
    's',
    ['partition'],
    'How long ago the last commit was, while there are applied records behind it; 0: there are none.',
  ),
  'vigil.checkpoint.duration': histogram(
    's',
    ['partition'],
    'Time that the store takes for a commit, without what was staged before.',
  ),
  'vigil.checkpoint.size': histogram(
    'By',
    ['partition'],
    'States and outbox entries of a commit, with what was staged for it.',
  ),
  'vigil.snapshot.lag.records': gauge(
    '{record}',
    ['partition'],
    'Applied records behind the newest snapshot, all of them where there is none yet; not told where snapshots are off.',
  ),
  'vigil.outbox.entries': gauge('{entry}', ['partition'], 'Alerts and decisions that wait for delivery.'),
  'vigil.delivery.duration': histogram(
    's',
    ['partition'],
    'Time that the alert store takes for what is handed to it at once.',
  ),
  'vigil.source.messages': counter('{message}', ['source'], 'Messages of a source that were dealt with.', {
    when: 'where a source is configured',
  }),
  'vigil.source.events': counter(
    '{event}',
    ['source', 'status'],
    'Events of a source that the log has: `accepted`, or `duplicate`.',
    { when: 'where a source is configured' },
  ),
  'vigil.source.dead_letters.dropped': counter(
    '{record}',
    ['source'],
    'Old dead letters that went for the want of room.',
    { when: 'where a source is configured' },
  ),
  'vigil.source.up': gauge('{source}', ['source'], '1 where the source is connected, else 0.', {
    when: 'where a source is configured',
  }),
  'vigil.sink.messages.sent': counter('{message}', ['sink'], 'Messages of a sink that the broker has acknowledged.', {
    when: 'where a sink is configured',
  }),
  'vigil.sink.failures': counter('{attempt}', ['sink'], 'Tries to send that failed and were repeated.', {
    when: 'where a sink is configured',
  }),
  'vigil.sink.messages.refused': counter('{message}', ['sink'], 'Messages left out: too large for the broker.', {
    when: 'where a sink is configured',
  }),
  'vigil.sink.lag.entries': gauge('{entry}', ['sink'], 'At most so many stored entries wait to be sent.', {
    when: 'where a sink is configured',
  }),
  'vigil.sink.up': gauge('{sink}', ['sink'], '1 where the last try to send succeeded, else 0.', {
    when: 'where a sink is configured',
  }),
  'vigil.ready': gauge('{service}', [], '1 where `/readyz` answers 200, else 0.'),
  'vigil.telemetry.spans': counter(
    '{span}',
    ['result'],
    'Spans: taken by the collector, not taken by it, or dropped as its queue was full; 0 without a collector.',
  ),
  'http.server.request.duration': histogram(
    's',
    ['http.request.method', 'http.route', 'http.response.status_code'],
    'From the headers of a request to the end of its answer.',
    { isConvention: true },
  ),
  'process.cpu.time': counter('s', ['cpu.mode'], 'Processor time of all threads.', { isConvention: true }),
  'process.memory.usage': gauge('By', [], 'Memory of the process.', { isConvention: true }),
  'process.uptime': gauge('s', [], 'Since the process was started.', { isConvention: true }),
  'nodejs.eventloop.delay.p50': gauge(
    's',
    [],
    'How late the main thread comes to its timers: the median of the last whole window of ten seconds.',
    { isConvention: true },
  ),
  'nodejs.eventloop.delay.p99': gauge('s', [], 'The 99th percentile of the same.', { isConvention: true }),
  'nodejs.eventloop.delay.max': gauge('s', [], 'The highest of the same.', { isConvention: true }),
  'nodejs.eventloop.utilization': gauge(
    '1',
    [],
    'Share of the time in which the main thread was busy, in the last whole window of ten seconds.',
    { isConvention: true },
  ),
  'v8js.gc.duration': histogram('s', ['v8js.gc.type'], 'Pauses of the main thread for garbage collection.', {
    isConvention: true,
  }),
  'v8js.memory.heap.used': gauge('By', ['v8js.heap.space.name'], 'Heap of the main thread that is in use.', {
    isConvention: true,
  }),
} satisfies Readonly<Record<string, MetricDefinition>>

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
